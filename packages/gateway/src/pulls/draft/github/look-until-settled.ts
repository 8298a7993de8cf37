import { pauseFor, type Clock } from '../clock.ts';
import { settledMs } from '../dead-owners.ts';

/**
 * Looks for a write whose answer was lost: at once, and when it is not there, once more when GitHub has given up what it was at. For what GitHub itself
 * would make twice; a branch and a pull request are there once, whoever asks again too early.
 */
export function lookUntilSettled<Found>(
  clock: Clock,
  look: () => Promise<Found | undefined>,
): (options: { readonly signal: AbortSignal }) => Promise<Found | undefined> {
  return async ({ signal }) => {
    const found = await look();
    if (found !== undefined) return found;
    await pauseFor(clock, settledMs, [signal]);
    signal.throwIfAborted();
    return look();
  };
}
