import { HoldfastError } from '@holdfast/protocol';
import { systemClock, type Clock } from './clock.ts';

export type ClaimParts = {
  /** When the claim ends as it stands, epoch milliseconds. */
  readonly until: number;
  readonly claimMs: number;
  /** Renews it; false when it is somebody else's by now. */
  readonly renew: (untilMs: number) => Promise<boolean>;
  readonly clock?: Clock;
};

/** Part of a claim before whose end nothing of ours may be under way: somebody else begins then. */
const marginShare = 6;

/**
 * Keeps a claim while it is in use: renews it after each third of its time. `signal` aborts when the claim is lost, and a sixth of its time
 * before it ends without having been renewed: by its end nothing of ours is being sent.
 */
export class Claim implements Disposable {
  readonly signal: AbortSignal;
  readonly #lost = new AbortController();
  readonly #parts: ClaimParts;
  readonly #clock: Clock;
  #renewal: unknown;
  #end: unknown;

  constructor(parts: ClaimParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
    this.signal = this.#lost.signal;
    this.#runsUntil(parts.until);
  }

  [Symbol.dispose](): void {
    this.#clock.clearTimeout(this.#renewal);
    this.#clock.clearTimeout(this.#end);
    this.#lose();
  }

  #runsUntil(until: number): void {
    const { claimMs } = this.#parts;
    this.#clock.clearTimeout(this.#end);
    const leftMs = until - this.#clock.now() - claimMs / marginShare;
    this.#end = this.#clock.setTimeout(() => this.#lose(), Math.max(0, leftMs));
    this.#renewal = this.#clock.setTimeout(() => void this.#renew(until), claimMs / 3);
  }

  async #renew(until: number): Promise<void> {
    const next = this.#clock.now() + this.#parts.claimMs;
    // A store that does not answer now may do so before the claim ends.
    const renewed = await this.#parts.renew(next).catch(() => undefined);
    if (this.signal.aborted) return;
    if (renewed === false) this.#lose();
    else this.#runsUntil(renewed === true ? next : until);
  }

  #lose(): void {
    if (!this.signal.aborted) this.#lost.abort(new HoldfastError('conflict', 'Another gateway carries this draft on.'));
  }
}
