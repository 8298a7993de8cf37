/**
 * A sliding window: what was spent in the last `lengthMs`, kept in slices of time. Pure.
 *
 * A slice is forgotten when its last instant is `lengthMs` ago, so no window of any position holds more than was let in, and a limit is used
 * but for `sliceMs / lengthMs` of it.
 */
export type Window = {
  readonly spent: number;
  /** Oldest first: the slice's number since the epoch, and what was spent in it. */
  readonly slices: readonly Slice[];
};

export type Slice = readonly [number: number, spent: number];

export type WindowSize = { readonly lengthMs: number; readonly sliceMs: number };

export const emptyWindow: Window = { spent: 0, slices: [] };

/** The window without what lies so far back that it no longer counts. */
export function forget(window: Window, size: WindowSize, atMs: number): Window {
  const kept = window.slices.findIndex(([number]) => endOf(number, size) > atMs);
  if (kept === 0 || window.slices.length === 0) return window;
  if (kept === -1) return emptyWindow;
  const slices = window.slices.slice(kept);
  return { spent: slices.reduce((sum, [, spent]) => sum + spent, 0), slices };
}

/** The window after something was spent. A clock that went back adds to the newest slice: it counts longer, never shorter. */
export function spend(window: Window, size: WindowSize, amount: number, atMs: number): Window {
  if (amount === 0) return window;
  const last = window.slices.at(-1);
  const number = Math.max(Math.floor(atMs / size.sliceMs), last?.[0] ?? 0);
  const slices: readonly Slice[] =
    last && last[0] === number
      ? window.slices.with(window.slices.length - 1, [number, last[1] + amount])
      : [...window.slices, [number, amount]];
  return { spent: window.spent + amount, slices };
}

/**
 * The first instant, not before `atMs`, at which `amount` more is within `limit`. `flying` is what is being spent: it counts, and for the whole
 * length from its end, which is not known yet, so an instant that depends on it is the earliest possible one.
 */
export function roomAt(
  window: Window,
  size: WindowSize,
  wanted: { readonly limit: number; readonly flying: number; readonly amount: number },
  atMs: number,
): number {
  let excess = window.spent + wanted.flying + wanted.amount - wanted.limit;
  let freeMs = atMs;
  for (const [number, spent] of window.slices) {
    if (excess <= 0) break;
    excess -= spent;
    freeMs = Math.max(atMs, endOf(number, size));
  }
  return excess <= 0 ? freeMs : Math.max(freeMs, atMs + size.lengthMs);
}

/**
 * The window by a clock that says `atMs`: slices that lie ahead of it, written by a clock that was wrong, count as of now, so that they do not stay
 * for as long as that clock was ahead.
 */
export function pullBack(window: Window, size: WindowSize, atMs: number): Window {
  const newest = Math.floor(atMs / size.sliceMs);
  const ahead = window.slices.filter(([number]) => number > newest);
  if (ahead.length === 0) return window;
  const slices = window.slices.filter(([number]) => number <= newest);
  const amount = ahead.reduce((sum, [, spent]) => sum + spent, 0);
  return spend({ spent: window.spent - amount, slices }, size, amount, atMs);
}

function endOf(number: number, { lengthMs, sliceMs }: WindowSize): number {
  return (number + 1) * sliceMs + lengthMs;
}
