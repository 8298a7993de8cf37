import type { EntryStore } from '../../conversations/entry-store.ts';
import type { AdmissionClock } from './admission-clock.ts';
import { entryOf, readSharedAccount, type SharedAccountState } from './admission-entry.ts';

export type SharedEntryParts = {
  readonly store: EntryStore;
  readonly key: string;
  readonly clock: AdmissionClock;
  /** How long the store may take, before this process goes on by itself. */
  readonly storeTimeoutMs: number;
};

/** What a change makes of an account; without `next` it stays as it is. */
export type SharedChange<Result> = { readonly next?: SharedAccountState; readonly result: Result };

/** The entry in the store by which processes share an account. */
export class SharedEntry {
  readonly #parts: SharedEntryParts;

  constructor(parts: SharedEntryParts) {
    this.#parts = parts;
  }

  /**
   * Changes the account in one step; `to` has no effects of its own, for it may be called again. Rejects as the store does, and when it takes too long:
   * the change may be made all the same then.
   */
  async change<Result>(to: (before: SharedAccountState, atMs: number) => SharedChange<Result>): Promise<Result> {
    const { store, key, clock } = this.#parts;
    return await this.#inTime(
      store.changeEntry(key, (current) => {
        const atMs = clock.now();
        const { next, result } = to(readSharedAccount(current), atMs);
        return { next: next && entryOf(next, atMs), result };
      }),
    );
  }

  async #inTime<Result>(change: Promise<Result>): Promise<Result> {
    const { clock, storeTimeoutMs } = this.#parts;
    let callOff: (() => void) | undefined;
    const late = new Promise<never>((_, reject) => {
      const fault = new Error(`The store did not answer in ${storeTimeoutMs} ms.`);
      callOff = clock.after(storeTimeoutMs, () => reject(fault), { isIdle: true });
    });
    try {
      return await Promise.race([change, late]);
    } finally {
      callOff?.();
    }
  }
}
