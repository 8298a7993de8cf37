import type { StoreOptions } from './store.ts';

/** How long a conversation is kept, by the store's clock. */
export class Lifetime {
  readonly #ttlMs: number | null;
  readonly now: () => number;

  constructor({ ttlMs, now = Date.now }: StoreOptions) {
    this.#ttlMs = ttlMs;
    this.now = now;
  }

  /** What is not open and had its last activity not after this has expired. -Infinity when nothing expires. */
  get cutoff(): number {
    return this.#ttlMs === null ? Number.NEGATIVE_INFINITY : this.now() - this.#ttlMs;
  }

  /** What is open, with a turn or a command that is not done, does not expire. */
  hasExpired(isOpen: boolean, lastActivityAt: number): boolean {
    return !isOpen && lastActivityAt <= this.cutoff;
  }

  /** When what is not open expires; undefined when it does not. */
  endOf(lastActivityAt: number): number | undefined {
    return this.#ttlMs === null ? undefined : lastActivityAt + this.#ttlMs;
  }
}
