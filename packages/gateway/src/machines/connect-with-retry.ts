import { setTimeout as wait } from 'node:timers/promises';
import { isTransient, launchError } from './launch-error.ts';
import type { Launcher, LinkProcess } from './launcher.ts';

export type ConnectOptions = {
  readonly signal: AbortSignal;
  /** How often it is tried at most; Infinity: until it succeeds, a fault is final, or `signal` aborts. */
  readonly tries?: number;
  /** The wait after the first, second, third … failed try; the last one stands for all that follow. */
  readonly delaysMs?: readonly number[];
  /** Waits, and rejects when `signal` aborts; a test passes its own. */
  readonly pause?: (delayMs: number, options: { readonly signal: AbortSignal }) => Promise<void>;
  /** Told of each transient fault that another try follows, with the wait before it. */
  readonly onRetry?: (fault: { readonly error: Error; readonly attempt: number; readonly delayMs: number }) => void;
};

/** Contract section 3: three tries, with waits of 1 s, 2 s, 3 s; the wait behind the last try would help nobody. */
const connectTries = 3;
const connectDelaysMs: readonly number[] = [1000, 2000, 3000];

/**
 * Starts a link, and tries again after transient faults only; a final fault (a refused key, no Node there) is thrown at
 * once as it is. After the last try the error says how many there were, and has the last fault as its cause.
 */
export async function connectWithRetry(launcher: Launcher, options: ConnectOptions): Promise<LinkProcess> {
  const { signal, tries = connectTries, pause = pauseFor } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await launcher.start({ signal });
    } catch (error) {
      if (!isTransient(error) || signal.aborted) throw error;
      if (attempt >= tries) throw givenUp(error.message, attempt, error);
      const delayMs = delayAfter(attempt, options.delaysMs);
      options.onRetry?.({ error, attempt, delayMs });
      await pause(delayMs, { signal });
    }
  }
}

/** The wait in milliseconds after the `attempt`-th failed try (from 1). */
function delayAfter(attempt: number, delaysMs: readonly number[] = connectDelaysMs): number {
  return delaysMs[Math.min(attempt, delaysMs.length) - 1] ?? 0;
}

function givenUp(message: string, attempts: number, cause: Error): Error {
  const times = attempts === 1 ? 'once' : `${attempts} times`;
  return launchError('ssh_unreachable', `${message} (tried ${times})`, { transient: true, cause });
}

async function pauseFor(delayMs: number, options: { readonly signal: AbortSignal }): Promise<void> {
  // It rejects only on abort, with an error of its own in place of the signal's reason.
  await wait(delayMs, undefined, options).catch(() => options.signal.throwIfAborted());
}
