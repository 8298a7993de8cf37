/** The time, and being called later; a test brings its own. */
export type Clock = {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly setTimeout: (run: () => void, delayMs: number) => unknown;
  readonly clearTimeout: (timer: unknown) => void;
};

/** The machine's. Its timers keep no process alive. */
export const systemClock: Clock = {
  now: Date.now,
  setTimeout: (run, delayMs) => setTimeout(run, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
};

/** Resolves after the time, or as soon as one of the signals aborts; never rejects. */
export function pauseFor(clock: Clock, delayMs: number, signals: readonly AbortSignal[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const either = AbortSignal.any([...signals]);
  if (either.aborted) return Promise.resolve();
  const timer = clock.setTimeout(resolve, delayMs);
  either.addEventListener('abort', () => resolve(), { once: true });
  return promise.finally(() => clock.clearTimeout(timer));
}

/** What the call comes to, or the signal's reason as soon as it aborts: what does not heed its signal holds nobody. */
export function orAborted<Result>(call: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([call, promise]).finally(() => signal.removeEventListener('abort', onAbort));
}
