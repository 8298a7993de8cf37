/** What an entry holds. */
export type Entry = {
  /** JSON text, at most 256 KiB in UTF-8 (`maxEntryBytes`). */
  readonly body: string;
  /** In which list it is found; null: in none. */
  readonly list: string | null;
  /** Epoch milliseconds from which it counts as not there; null: it stays. */
  readonly expiresAt: number | null;
};

export type EntryChange<Result> = {
  /** What is to be there; `null`: nothing; `undefined`: as it is, and nothing is written. */
  readonly next: Entry | null | undefined;
  readonly result: Result;
};

/**
 * Small things that several gateways share and that outlive a crash: what is to be done for a draft pull request, how the GitHub tokens
 * stand. Keys are 1 to 200 of `A-Z a-z 0-9 . _ : / -`, and so are names of lists.
 */
export interface EntryStore {
  readEntry(key: string): Promise<Entry | undefined>;
  /**
   * Read, change, write, as one step: `change` gets what is there and says what is to be there; nobody else's change comes between. It is called
   * again when another process was quicker, so it has no effects of its own; what it throws changes nothing and is thrown. On disk before it
   * resolves.
   */
  changeEntry<Result>(key: string, change: (current: Entry | undefined) => EntryChange<Result>): Promise<Result>;
  /** Keys in a list, longest unchanged first. What was changed a moment ago may be missing, or still be there. */
  entriesIn(list: string, limit: number): Promise<readonly string[]>;
  /** Deletes those that have expired. Returns how many. */
  sweepEntries(options?: { readonly signal?: AbortSignal }): Promise<number>;
}
