import type { Admitted, Ask } from './admission.ts';
import type { WaitReason } from './github-meter.ts';

/** Somebody who wants to send a request. */
export type Waiter = {
  /** Its place: the order in which they came. */
  readonly number: number;
  readonly ask: Ask;
  readonly sinceMs: number;
  readonly notAfterMs: number;
  /** What it waited for last; undefined: it never had to. */
  why: WaitReason | undefined;
  /** Ends the wait; called once. */
  readonly settle: (admitted: Admitted) => void;
  /** Ends the wait as well, with an error. */
  readonly fail: (error: Error) => void;
  readonly isSettled: () => boolean;
};

/** Those who ask for the same: what holds back one holds back all behind it. */
export type Rank = { readonly ask: Ask; readonly waiters: Map<number, Waiter>; earliestDeadlineMs: number };

/**
 * Who waits, in the order in which they came, apart by what they ask for, so that who waits for one thing does not hold back who asks for another.
 */
export class WaitingLine {
  readonly #ranks = new Map<string, Rank>();

  get isEmpty(): boolean {
    return this.#ranks.size === 0;
  }

  join(waiter: Waiter): Rank {
    const key = keyOf(waiter.ask);
    const rank = this.#ranks.get(key) ?? { ask: waiter.ask, waiters: new Map(), earliestDeadlineMs: Infinity };
    rank.waiters.set(waiter.number, waiter);
    rank.earliestDeadlineMs = Math.min(rank.earliestDeadlineMs, waiter.notAfterMs);
    this.#ranks.set(key, rank);
    return rank;
  }

  /** Back to their places: they were called, and could not go after all. */
  rejoin(waiters: readonly Waiter[]): void {
    const ranks = new Set<Rank>();
    for (const waiter of waiters) ranks.add(this.join(waiter));
    for (const { waiters: all } of ranks) {
      const ordered = [...all.values()].toSorted((one, other) => one.number - other.number);
      all.clear();
      for (const waiter of ordered) all.set(waiter.number, waiter);
    }
  }

  takeAll(): readonly Waiter[] {
    const all = [...this.#ranks.values()].flatMap(({ waiters }) => [...waiters.values()]);
    this.#ranks.clear();
    return all;
  }

  leave(waiter: Waiter): void {
    const rank = this.#ranks.get(keyOf(waiter.ask));
    if (rank?.waiters.delete(waiter.number)) this.#closeUp(rank, waiter.notAfterMs);
  }

  /** The one that came first, of the ranks that are not held back. */
  first(heldBack: ReadonlySet<Rank>): { readonly rank: Rank; readonly waiter: Waiter } | undefined {
    let best: { readonly rank: Rank; readonly waiter: Waiter } | undefined;
    for (const rank of this.#ranks.values()) {
      if (heldBack.has(rank)) continue;
      const waiter = rank.waiters.values().next().value;
      if (waiter && (!best || waiter.number < best.waiter.number)) best = { rank, waiter };
    }
    return best;
  }

  /** Takes those of a rank out of the line that would not wait until `atMs`. */
  takeImpatient(rank: Rank, atMs: number): readonly Waiter[] {
    if (rank.earliestDeadlineMs >= atMs) return [];
    const impatient = [...rank.waiters.values()].filter((waiter) => waiter.notAfterMs < atMs);
    for (const { number } of impatient) rank.waiters.delete(number);
    this.#closeUp(rank, rank.earliestDeadlineMs);
    return impatient;
  }

  /** After the one with this deadline has left. */
  #closeUp(rank: Rank, notAfterMs: number): void {
    if (rank.waiters.size === 0) this.#ranks.delete(keyOf(rank.ask));
    if (notAfterMs > rank.earliestDeadlineMs) return;
    rank.earliestDeadlineMs = Infinity;
    for (const waiter of rank.waiters.values()) {
      rank.earliestDeadlineMs = Math.min(rank.earliestDeadlineMs, waiter.notAfterMs);
    }
  }
}

function keyOf({ resource, kind, owner }: Ask): string {
  return `${resource} ${kind} ${owner?.toLowerCase() ?? ''}`;
}
