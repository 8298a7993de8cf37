import type { Verdict } from './classify.ts';

/**
 * When a call that failed is made again. Pure: the clock and chance are parameters.
 *
 * What GitHub asks for is a time before which nothing is sent; our own back-off (exponential, full jitter, never above its cap)
 * comes where it asks for none, and is added to its wait as a spread, so that many callers do not come back in one instant.
 * A wait that would leave no time to try again is not begun.
 */
export type BackOffPolicy = {
  /** Further attempts after the first. */
  readonly maxRetries: number;
  readonly baseDelayMs: number;
  /** The cap of our own back-off. What the server asks for may be longer. */
  readonly maxDelayMs: number;
  readonly exponentialBase: number;
  readonly jitter: boolean;
  /** From the start of the first attempt to the end of the last one. */
  readonly totalTimeoutMs: number;
};

/** Where a call stands when an attempt has failed. */
export type Progress = {
  /** The attempt that has just failed; the first is 1. */
  readonly attempt: number;
  readonly startedAtMs: number;
  readonly nowMs: number;
  /** How many answers in a row were a secondary limit, this one included. */
  readonly secondaryLimits: number;
};

export type Decision =
  | { readonly kind: 'done' }
  /** Make the call again after the delay; after an unknown outcome, see first whether it has taken effect already. */
  | { readonly kind: 'retry'; readonly delayMs: number }
  /** Another attempt would get the same answer. */
  | { readonly kind: 'final' }
  | { readonly kind: 'exhausted' }
  /** There may be an answer at `availableAtMs`, which is later than the call may take. */
  | { readonly kind: 'over_budget'; readonly availableAtMs: number };

/** Least wait after a secondary limit that names no time, and the first of a growing row. */
const secondaryWaitMs = 60_000;
const longestSecondaryWaitMs = 3_600_000;

/** What follows from a verdict. `random` gives a number from 0 to below 1. */
export function decide(policy: BackOffPolicy, verdict: Verdict, progress: Progress, random: () => number): Decision {
  if (verdict.kind === 'success') return { kind: 'done' };
  if (verdict.kind === 'final') return { kind: 'final' };
  if (progress.attempt > policy.maxRetries) return { kind: 'exhausted' };
  const leftMs = progress.startedAtMs + policy.totalTimeoutMs - progress.nowMs;
  const askedMs = Math.max(0, earliestMs(verdict, progress) - progress.nowMs);
  const ownMs = exponentialDelayMs(policy, progress.attempt, random);
  const neededMs = askedMs === 0 ? ownMs : askedMs;
  if (neededMs >= leftMs) return { kind: 'over_budget', availableAtMs: progress.nowMs + neededMs };
  // The spread is a courtesy: it does not use up what is left for the attempt itself.
  const spreadMs = askedMs > 0 && policy.jitter ? Math.min(ownMs, Math.floor((leftMs - askedMs) / 2)) : 0;
  return { kind: 'retry', delayMs: neededMs + spreadMs };
}

/** `base × exponentialBase^(attempt − 1)` in whole milliseconds, at most the cap; with jitter anything from 0 to that. */
export function exponentialDelayMs(policy: BackOffPolicy, attempt: number, random: () => number): number {
  const fullMs = Math.min(policy.maxDelayMs, policy.baseDelayMs * policy.exponentialBase ** (attempt - 1));
  return Math.floor(policy.jitter ? fullMs * random() : fullMs);
}

/** The wait after the `count`-th secondary limit in a row that names no time: 60 s, doubled each time, at most an hour. */
export function secondaryDelayMs(count: number): number {
  return Math.min(longestSecondaryWaitMs, secondaryWaitMs * 2 ** (Math.max(1, count) - 1));
}

function earliestMs(verdict: Exclude<Verdict, { kind: 'success' | 'final' }>, progress: Progress): number {
  if (verdict.notBeforeMs !== undefined) return verdict.notBeforeMs;
  return verdict.kind === 'limited' ? progress.nowMs + secondaryDelayMs(progress.secondaryLimits) : progress.nowMs;
}
