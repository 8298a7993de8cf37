import type { Outbox } from './outbox.ts';

/**
 * GitHub gives up what it has not done within 10 seconds
 * (https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#timeouts), so after this nothing that a process had sent before
 * its death, or before it called it off, takes effect any more.
 */
export const settledMs: number = 12_000;

/** Whose claims need not be waited for: those of processes that are known to be gone. */
export class DeadOwners {
  readonly #isDead: (owner: string) => boolean;
  /** Since when it is known, epoch milliseconds. */
  readonly #since = new Map<string, number>();

  constructor(isDead: (owner: string) => boolean) {
    this.#isDead = isDead;
  }

  /** The owner of a claim that may be taken from it now. */
  takeableFrom({ claim, steps }: Outbox, atMs: number): string | undefined {
    if (claim === null || claim.until <= atMs || !this.#isDead(claim.owner)) return undefined;
    const since = this.#since.get(claim.owner) ?? atMs;
    this.#since.set(claim.owner, since);
    const mayArrive = steps.some(({ phase }) => phase === 'sending');
    return mayArrive && atMs - since < settledMs ? undefined : claim.owner;
  }
}
