import { setTimeout as wait } from 'node:timers/promises';

/** Waits before another attempt: 1, 2, 5, 10, then 30 s each, with a fifth of jitter; at once when `signal` is aborted. */
export async function pauseBefore(attempt: number, signal: AbortSignal): Promise<void> {
  const delayMs = [1_000, 2_000, 5_000, 10_000][attempt] ?? 30_000;
  await wait(delayMs * (0.8 + Math.random() * 0.2), undefined, { signal, ref: true }).catch(() => undefined);
}
