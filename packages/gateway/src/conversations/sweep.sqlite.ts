import { conversationStatuses } from '@holdfast/protocol';
import type { SQLiteEngine } from './engine.sqlite.ts';
import type { Lifetime } from './lifetime.sqlite.ts';
import { rememberDeletedMs } from './records.sqlite.ts';
import type { Cleanup } from './store.ts';

/** A slice stops after this long; its commit comes on top. */
const workMs = 8;

type Doomed = { readonly number: number; readonly last_activity_at: number; readonly id: string };

/**
 * Takes away what nobody sees any more, in slices that hold the file for some milliseconds each: expired conversations, what
 * deleted ones have left, and the room that all of it took.
 */
export class SQLiteSweeper {
  readonly #engine: SQLiteEngine;
  readonly #lifetime: Lifetime;
  #isPurging = false;

  constructor(engine: SQLiteEngine, lifetime: Lifetime) {
    this.#engine = engine;
    this.#lifetime = lifetime;
  }

  /** Empties the trash in the background. When the engine is away it stays until the next deletion or cleanup. */
  purgeSoon(): void {
    if (this.#isPurging) return;
    this.#isPurging = true;
    this.#purge()
      .catch(() => undefined)
      .finally(() => (this.#isPurging = false));
  }

  async cleanup({ before, userId, signal }: Cleanup): Promise<number> {
    let count = 0;
    for (const status of conversationStatuses) {
      for (;;) {
        if (signal?.aborted === true) return count;
        const { result } = await this.#engine.slice(() => this.#bury(status, before, userId));
        count += result;
        if (result === 0) break;
      }
    }
    await this.#purge(signal);
    await this.#engine.slice(() =>
      this.#engine.run(`DELETE FROM tombstones WHERE deleted_at <= ?`, this.#lifetime.now() - rememberDeletedMs),
    );
    return count;
  }

  #bury(status: string, before: number, userId: string | undefined): number {
    const doomed = this.#engine.all<Doomed>(
      `SELECT number, last_activity_at, id FROM conversations WHERE status = ?1 AND last_activity_at <= ?2 AND open = 0
       AND (?3 IS NULL OR user_id = ?3) LIMIT 50`,
      status,
      before,
      userId ?? null,
    );
    for (const { number } of doomed) {
      this.#engine.run(`DELETE FROM conversations WHERE number = ?`, number);
      this.#engine.run(`INSERT OR IGNORE INTO trash (number) VALUES (?)`, number);
    }
    return doomed.length;
  }

  async #purge(signal?: AbortSignal): Promise<void> {
    for (;;) {
      if (signal?.aborted === true) return;
      const { result } = await this.#engine.slice(() => this.#purgeSome());
      if (!result) return;
    }
  }

  #purgeSome(): boolean {
    const trash = this.#engine.one<{ number: number }>(`SELECT number FROM trash LIMIT 1`);
    if (trash === undefined) return false;
    const startedAt = performance.now();
    while (performance.now() - startedAt < workMs) {
      const removed = this.#engine.run(
        `DELETE FROM batches WHERE key = (SELECT min(key) FROM batches WHERE key BETWEEN ?1 << 32 AND (?1 << 32) + 4294967295)`,
        trash.number,
      );
      if (removed > 0) continue;
      this.#engine.run(`DELETE FROM commands WHERE number = ?`, trash.number);
      this.#engine.run(`DELETE FROM sessions WHERE number = ?`, trash.number);
      this.#engine.run(`DELETE FROM tasks WHERE number = ?`, trash.number);
      this.#engine.run(`DELETE FROM trash WHERE number = ?`, trash.number);
      break;
    }
    return true;
  }
}
