import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import waits from 'node:timers/promises';
import { promisify } from 'node:util';
import { readFastClock, timeOn } from './fast-clock.ts';
import { FastTimer, type TimerClock } from './fast-timer.ts';

/*
 * Loaded with `--import`: the program lives by a fast clock and need not know. Replaced are Date, performance.now and timeOrigin, setTimeout,
 * setInterval and what clears them, timers/promises, and AbortSignal.timeout. Not replaced: process.hrtime, which stays the machine's; the
 * timers inside Node's own http server; waiting inside SQLite.
 */

type Act = (...args: readonly unknown[]) => void;
type WaitOptions = { readonly signal?: AbortSignal; readonly ref?: boolean };

const fast = readFastClock(process.env);
const clock: TimerClock = { speed: fast.speed, now: () => timeOn(fast) };
const performanceNow = performance.now.bind(performance);

replaceDate();
replaceTimers();
replaceProperty(performance, 'timeOrigin', clock.now() - performanceNow() * fast.speed);
replaceProperty(performance, 'now', () => performanceNow() * fast.speed);
replaceProperty(AbortSignal, 'timeout', (delayMs: number): AbortSignal => {
  const controller = new AbortController();
  const reason = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
  new FastTimer(clock, () => controller.abort(reason), delayMs, false).unref();
  return controller.signal;
});
// So that `import { setTimeout } from 'node:timers/promises'` means the new one too.
syncBuiltinESMExports();

function replaceDate(): void {
  const RealDate = Date;
  const now = (): number => Math.floor(clock.now());
  RealDate.now = now;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
    apply: () => new RealDate(now()).toString(),
  });
}

function replaceTimers(): void {
  const clearReal = clearTimeout;
  const start =
    (repeats: boolean) =>
    (act: Act, delayMs?: number, ...args: readonly unknown[]): FastTimer =>
      new FastTimer(clock, () => act(...args), delayMs, repeats);
  const clear = (timer: unknown): void => {
    if (timer instanceof FastTimer) timer.close();
    else clearReal(timer as NodeJS.Timeout);
  };
  const replaced = { setTimeout: start(false), setInterval: start(true), clearTimeout: clear, clearInterval: clear };
  replaceProperty(replaced.setTimeout, promisify.custom, wait);
  for (const [name, value] of Object.entries(replaced)) {
    replaceProperty(globalThis, name, value);
    replaceProperty(timers, name, value);
  }
  replaceProperty(waits, 'setTimeout', wait);
  replaceProperty(waits, 'setInterval', ticks);
  replaceProperty(waits.scheduler, 'wait', (delayMs: number, options?: WaitOptions) =>
    wait(delayMs, undefined, options),
  );
}

function wait<Value>(delayMs?: number, value?: Value, options: WaitOptions = {}): Promise<Value | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Value | undefined>();
  const { signal } = options;
  const abort = (): void => {
    timer.close();
    // As Node's own: its code is ABORT_ERR, and why is the cause.
    const fault = new Error('The operation was aborted', { cause: signal?.reason });
    reject(Object.assign(fault, { name: 'AbortError', code: 'ABORT_ERR' }));
  };
  const timer = new FastTimer(
    clock,
    () => {
      signal?.removeEventListener('abort', abort);
      resolve(value);
    },
    delayMs,
    false,
  );
  if (options.ref === false) timer.unref();
  if (signal?.aborted) abort();
  else signal?.addEventListener('abort', abort, { once: true });
  return promise;
}

async function* ticks<Value>(
  delayMs?: number,
  value?: Value,
  options?: WaitOptions,
): AsyncGenerator<Value | undefined> {
  for (;;) yield await wait(delayMs, value, options);
}

function replaceProperty(target: object, name: PropertyKey, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}
