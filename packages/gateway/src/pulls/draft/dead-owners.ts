import type { Outbox } from './outbox.ts';

/**
 * GitHub gives up what it has not done within 10 seconds
 * (https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#timeouts), so after this nothing that a process had sent before
 * its death, or before it called it off, takes effect any more.
 */
export const settledMs: number = 12_000;

/** More than are open at once; whoever is forgotten is waited for once more. */
const mostKnown = 1000;

/** Whose claims need not be waited for: those of processes that are known to be gone, and those of our own that nobody is at any more. */
export class DeadOwners {
  readonly #isDead: (owner: string) => boolean;
  /** By draft: whose claim, and since when it is known that nobody is at it, epoch milliseconds. */
  readonly #known = new Map<string, { readonly generation: number; readonly since: number }>();

  /** `self` is at one attempt for a draft at a time: a claim of that name which the next one finds was left by an earlier one. */
  constructor(self: string, isDead: (owner: string) => boolean) {
    this.#isDead = (owner) => owner === self || isDead(owner);
  }

  /** The owner of a claim that may be taken from it now. */
  takeableFrom({ draftId, generation, claim, steps }: Outbox, atMs: number): string | undefined {
    if (claim === null || claim.until <= atMs || !this.#isDead(claim.owner)) return undefined;
    const known = this.#known.get(draftId);
    const since = known?.generation === generation ? known.since : atMs;
    const mayArrive = steps.some(({ phase }) => phase === 'sending');
    const isTakeable = !mayArrive || atMs - since >= settledMs;
    this.#known.delete(draftId);
    if (isTakeable) return claim.owner;
    this.#known.set(draftId, { generation, since });
    for (const oldest of this.#known.keys()) if (this.#known.size > mostKnown) this.#known.delete(oldest);
    return undefined;
  }
}
