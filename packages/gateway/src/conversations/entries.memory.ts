import type { Entry, EntryChange, EntryStore } from './entry-store.ts';
import { checkEntry, checkKey, isCurrent } from './entry.ts';

/** Entries in this process: lost when it ends. */
export class MemoryEntries implements EntryStore {
  readonly #now: () => number;
  /** In the order of their changes. */
  readonly #entries = new Map<string, Entry>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async readEntry(key: string): Promise<Entry | undefined> {
    checkKey(key);
    return this.#find(key);
  }

  async changeEntry<Result>(key: string, change: (current: Entry | undefined) => EntryChange<Result>): Promise<Result> {
    checkKey(key);
    // Nothing is waited for between reading and writing: that makes it one step.
    const { next, result } = change(this.#find(key));
    if (next === undefined) return result;
    if (next !== null) checkEntry(key, next);
    this.#entries.delete(key);
    if (next !== null) this.#entries.set(key, next);
    return result;
  }

  async entriesIn(list: string, limit: number): Promise<readonly string[]> {
    checkKey(list);
    const at = this.#now();
    const found = [...this.#entries].filter(([, entry]) => entry.list === list && isCurrent(entry, at));
    return found.slice(0, limit).map(([key]) => key);
  }

  async sweepEntries({ signal }: { readonly signal?: AbortSignal } = {}): Promise<number> {
    if (signal?.aborted === true) return 0;
    const at = this.#now();
    const expired = [...this.#entries].filter(([, entry]) => !isCurrent(entry, at));
    for (const [key] of expired) this.#entries.delete(key);
    return expired.length;
  }

  #find(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    return isCurrent(entry, this.#now()) ? entry : undefined;
  }
}
