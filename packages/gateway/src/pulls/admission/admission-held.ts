import type { WaitReason } from './github-meter.ts';

/** What holds a request back from one token, and until when, if that is known. `broken`: there is none before somebody does what it says. */
export type Held = { readonly why: WaitReason; readonly atMs: number | undefined; readonly broken?: string };

export type HeldToken = Held & { readonly isOfApp: boolean };

/** Since when a request waits, and until when the most impatient of those that want the same would. Epoch milliseconds. */
export type Patience = { readonly sinceMs: number; readonly untilMs: number };

/**
 * How long a request is held for an app while a token of a person is free: who writes to a repository should not depend on the moment, and an app
 * that is not to be had for longer than this should not hold up anything.
 */
export const shortMs = 5_000;

/** Whether a hold that ends then, or is given up then, is short enough for all that wait. */
export function isShort(endMs: number, atMs: number, { untilMs }: Patience): boolean {
  return endMs > atMs && endMs <= Math.min(atMs + shortMs, untilMs);
}

/** When to look again, if one of the holds of an app is short: it ends soon, or what is under way has not been waited for for long yet. */
export function shortEnd(held: readonly HeldToken[], atMs: number, patience: Patience): number | undefined {
  const ends = held
    .filter(({ why, isOfApp }) => isOfApp && why !== 'token')
    .map((one) => one.atMs ?? patience.sinceMs + shortMs)
    .filter((endMs) => isShort(endMs, atMs, patience));
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** The one that ends first; one of which nobody knows when may end at any time. */
export function earliest(held: readonly Held[]): Held {
  return held.reduce((first, one) => ((one.atMs ?? 0) < (first.atMs ?? 0) ? one : first));
}
