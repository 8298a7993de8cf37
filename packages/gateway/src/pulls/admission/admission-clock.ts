/** The time and its timers; another one than the machine's makes an hour short. */
export type AdmissionClock = {
  /** Epoch milliseconds. */
  now(): number;
  /** Runs once, after `ms`; the function that is returned calls it off. `isIdle`: a process that has nothing else to do may end before. */
  after(ms: number, run: () => void, options?: { readonly isIdle?: boolean }): () => void;
};

/** More than Node's timers take. */
const longestMs = 2 ** 31 - 1;

export const machineClock: AdmissionClock = {
  now: () => Date.now(),
  after(ms, run, { isIdle = false } = {}) {
    const timer = setTimeout(run, Math.min(longestMs, Math.max(0, Math.ceil(ms))));
    if (isIdle) timer.unref();
    return () => clearTimeout(timer);
  },
};
