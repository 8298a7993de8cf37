import { afterEach, beforeEach, vi } from 'vitest';

/** A clock for the client alone: `fetch` and the server keep to the machine's, or connections would hang. */
export function startClientClock(): { readonly timers: () => number; readonly stop: () => void } {
  const machine = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  const fake = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  const ofMachine = new WeakSet<object>();
  const start = (...given: Parameters<typeof setTimeout>): NodeJS.Timeout => {
    if (!new Error().stack?.includes('node:internal/deps/undici')) return fake.setTimeout(...given);
    const timer = machine.setTimeout(...given);
    ofMachine.add(timer);
    return timer;
  };
  const clear = (timer: NodeJS.Timeout | undefined): void => {
    const { clearTimeout } = timer !== undefined && ofMachine.has(timer) ? machine : fake;
    clearTimeout(timer);
  };
  Object.assign(globalThis, { setTimeout: start, clearTimeout: clear });
  return {
    timers: () => vi.getTimerCount(),
    stop: () => {
      Object.assign(globalThis, fake);
      vi.useRealTimers();
    },
  };
}

/** Each test of the file has such a clock, and fails when it leaves a timer: it would keep a program alive. */
export function useClientClock(): void {
  let clock: ReturnType<typeof startClientClock>;
  beforeEach(() => {
    clock = startClientClock();
  });
  afterEach(() => {
    const left = clock.timers();
    clock.stop();
    if (left > 0) throw new Error(`${left} timers are left, which would keep a program alive`);
  });
}
