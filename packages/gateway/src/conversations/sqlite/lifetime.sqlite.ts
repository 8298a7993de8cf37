import type { StoreOptions } from '../store.ts';

/** How long a conversation is kept, by the store's clock. */
export class Lifetime {
  readonly #ttlMs: number | null;
  readonly now: () => number;

  constructor({ ttlMs, now = Date.now }: StoreOptions) {
    this.#ttlMs = ttlMs;
    this.now = now;
  }

  /** What is not open and had its last activity not after this has expired. */
  get cutoff(): number {
    return this.#ttlMs === null ? Number.NEGATIVE_INFINITY : this.now() - this.#ttlMs;
  }

  hasExpired(row: { readonly open: number; readonly last_activity_at: number }): boolean {
    return row.open === 0 && row.last_activity_at <= this.cutoff;
  }
}
