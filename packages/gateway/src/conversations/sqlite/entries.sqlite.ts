import { checkEntry, checkKey, isCurrent } from '../entry.ts';
import type { Entry, EntryChange, EntryStore } from '../entry-store.ts';
import type { SQLiteEngine } from './engine.sqlite.ts';
import type { Lifetime } from '../lifetime.ts';

type EntryRow = { readonly body: string; readonly list: string | null; readonly expires_at: number | null };
type Outcome<Result> = { readonly result: Result } | { readonly thrown: unknown };

/** Entries in SQLite. */
export class SQLiteEntries implements Omit<EntryStore, 'sweepEntries'> {
  readonly #engine: SQLiteEngine;
  readonly #lifetime: Lifetime;

  constructor(engine: SQLiteEngine, lifetime: Lifetime) {
    this.#engine = engine;
    this.#lifetime = lifetime;
  }

  async readEntry(key: string): Promise<Entry | undefined> {
    checkKey(key);
    return this.#engine.read(() => this.#find(key));
  }

  async changeEntry<Result>(key: string, change: (current: Entry | undefined) => EntryChange<Result>): Promise<Result> {
    checkKey(key);
    const outcome = await this.#engine.writePatiently((): Outcome<Result> => {
      const current = this.#find(key);
      let changed: EntryChange<Result>;
      try {
        changed = change(current);
        if (changed.next) checkEntry(key, changed.next);
      } catch (thrown) {
        // Nothing is written yet: what shares the transaction goes on.
        return { thrown };
      }
      this.#write(key, changed.next);
      return { result: changed.result };
    });
    if ('thrown' in outcome) throw outcome.thrown;
    return outcome.result;
  }

  async entriesIn(list: string, limit: number): Promise<readonly string[]> {
    checkKey(list);
    return this.#engine.read(() =>
      this.#engine
        .all<{ key: string }>(
          `SELECT key FROM entries WHERE list = ? AND (expires_at IS NULL OR expires_at > ?)
           ORDER BY change_number LIMIT ?`,
          list,
          this.#lifetime.now(),
          limit,
        )
        .map(({ key }) => key),
    );
  }

  #find(key: string): Entry | undefined {
    const row = this.#engine.one<EntryRow>(`SELECT body, list, expires_at FROM entries WHERE key = ?`, key);
    const entry = row && { body: row.body, list: row.list, expiresAt: row.expires_at };
    return isCurrent(entry, this.#lifetime.now()) ? entry : undefined;
  }

  #write(key: string, next: Entry | null | undefined): void {
    if (next === undefined) return;
    if (next === null) {
      this.#engine.run(`DELETE FROM entries WHERE key = ?`, key);
      return;
    }
    this.#engine.append(
      Buffer.byteLength(next.body),
      `INSERT INTO entries (key, list, change_number, expires_at, body)
       VALUES (?1, ?2, (SELECT coalesce(max(change_number), 0) + 1 FROM entries WHERE list = ?2), ?3, ?4)
       ON CONFLICT (key) DO UPDATE SET list = excluded.list, change_number = excluded.change_number,
         expires_at = excluded.expires_at, body = excluded.body`,
      key,
      next.list,
      next.expiresAt,
      next.body,
    );
  }
}
