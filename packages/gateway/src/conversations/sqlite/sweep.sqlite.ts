import { setTimeout as pause } from 'node:timers/promises';
import { conversationStatuses } from '@holdfast/protocol';
import type { SQLiteEngine } from './engine.sqlite.ts';
import type { Lifetime } from '../lifetime.ts';
import { rememberDeletedMs } from '../record.ts';
import type { Cleanup } from '../store.ts';

/** A slice works so long at most, in milliseconds; its commit comes on top, */
const maxWorkMs = 8;
/** and when both together took longer than this it is made shorter. */
const maxSliceMs = 16;
/**
 * After a slice nothing is done for so many times as long: SQLite's other writers look for a free file after 1, 2, 5, 10 ms and
 * find one.
 */
const pauseFactor = 1.5;
/** A slice shorter than this needs no pause. */
const unnoticedMs = 2;
/** Rows or pages that are taken at a time within a slice. */
const handful = 20;

type Aged = { readonly number: number; readonly last_activity_at: number; readonly id: string; readonly open: number };
/** Does a part of the work until the time is up; false when there is none left. */
type Step = (hasTime: () => boolean) => boolean;

/**
 * Takes away what nobody sees any more, in slices that hold the file for some milliseconds each: expired conversations, what
 * deleted ones have left, expired entries, and the room that all of it took.
 */
export class SQLiteSweeper {
  readonly #engine: SQLiteEngine;
  readonly #lifetime: Lifetime;
  #workMs = maxWorkMs;
  #isPurging = false;

  constructor(engine: SQLiteEngine, lifetime: Lifetime) {
    this.#engine = engine;
    this.#lifetime = lifetime;
  }

  /** Empties the trash in the background. When the engine is away it stays until the next deletion or cleanup. */
  purgeSoon(): void {
    if (this.#isPurging) return;
    this.#isPurging = true;
    this.#inSlices((hasTime) => this.#purge(hasTime))
      .catch(() => undefined)
      .finally(() => (this.#isPurging = false));
  }

  async cleanup({ before, userId, signal }: Cleanup): Promise<number> {
    let count = 0;
    const bury = (number: number): void => {
      this.#engine.run(`DELETE FROM conversations WHERE number = ?`, number);
      this.#engine.run(`INSERT OR IGNORE INTO trash (number) VALUES (?)`, number);
      count++;
    };
    for (const status of conversationStatuses) {
      await this.#inSlices(this.#agedStep(status, before, userId, bury), signal);
    }
    await this.#inSlices((hasTime) => this.#purge(hasTime), signal);
    await this.#inSlices((hasTime) => this.#forget(hasTime), signal);
    await this.#inSlices((hasTime) => this.#shrink(hasTime), signal);
    if (signal?.aborted !== true) await this.#engine.truncate();
    return count;
  }

  async sweepEntries({ signal }: { readonly signal?: AbortSignal } = {}): Promise<number> {
    let count = 0;
    const step: Step = (hasTime) => {
      do {
        const swept = this.#engine.run(
          `DELETE FROM entries WHERE key IN
             (SELECT key FROM entries WHERE expires_at <= ? ORDER BY expires_at LIMIT ${handful})`,
          this.#lifetime.now(),
        );
        count += swept;
        if (swept < handful) return false;
      } while (hasTime());
      return true;
    };
    await this.#inSlices(step, signal);
    return count;
  }

  async #inSlices(step: Step, signal?: AbortSignal): Promise<void> {
    for (;;) {
      if (signal?.aborted === true) return;
      const { result, tookMs } = await this.#engine.slice(() => {
        const endsAt = performance.now() + this.#workMs;
        return step(() => performance.now() < endsAt);
      });
      this.#workMs = tookMs > maxSliceMs ? Math.max(0.5, this.#workMs / 2) : Math.min(maxWorkMs, this.#workMs * 1.2);
      if (!result) return;
      if (tookMs > unnoticedMs) await pause(tookMs * pauseFactor);
    }
  }

  /** Goes through the conversations of a status that are old enough, oldest first; open ones are passed over. */
  #agedStep(status: string, before: number, userId: string | undefined, bury: (number: number) => void): Step {
    let from = { last_activity_at: Number.NEGATIVE_INFINITY, id: '' };
    const [index, whose] =
      userId === undefined ? ['conversations_by_status', '?5 IS NULL'] : ['conversations_by_user', 'user_id = ?5'];
    return (hasTime) => {
      do {
        const aged = this.#engine.all<Aged>(
          `SELECT number, last_activity_at, id, open FROM conversations INDEXED BY ${index}
           WHERE status = ?1 AND last_activity_at <= ?2 AND (last_activity_at, id) > (?3, ?4) AND ${whose}
           ORDER BY last_activity_at, id LIMIT ${handful}`,
          status,
          before,
          from.last_activity_at,
          from.id,
          userId ?? null,
        );
        for (const row of aged) {
          if (row.open === 0) bury(row.number);
          from = row;
        }
        if (aged.length < handful) return false;
      } while (hasTime());
      return true;
    };
  }

  #purge(hasTime: () => boolean): boolean {
    do {
      const trash = this.#engine.one<{ number: number }>(`SELECT number FROM trash LIMIT 1`);
      if (trash === undefined) return false;
      if (!this.#purgeSome(trash.number)) this.#engine.run(`DELETE FROM trash WHERE number = ?`, trash.number);
    } while (hasTime());
    return true;
  }

  /** One batch of messages (they may be large), a handful of commands, or a document; false when nothing is left. */
  #purgeSome(number: number): boolean {
    return [
      `DELETE FROM batches WHERE key =
         (SELECT min(key) FROM batches WHERE key BETWEEN ?1 << 32 AND (?1 << 32) + 4294967295)`,
      `DELETE FROM commands WHERE position IN
         (SELECT position FROM commands INDEXED BY sqlite_autoindex_commands_1 WHERE number = ?1 LIMIT ${handful})`,
      `DELETE FROM sessions WHERE number = ?1`,
      `DELETE FROM tasks WHERE number = ?1`,
    ].some((sql) => this.#engine.run(sql, number) > 0);
  }

  #forget(hasTime: () => boolean): boolean {
    do {
      const forgotten = this.#engine.run(
        `DELETE FROM tombstones WHERE id IN
           (SELECT id FROM tombstones WHERE deleted_at <= ? ORDER BY deleted_at LIMIT ${handful})`,
        this.#lifetime.now() - rememberDeletedMs,
      );
      if (forgotten < handful) return false;
    } while (hasTime());
    return true;
  }

  /** Moves pages from the end of the file into free ones, so that it can be cut. */
  #shrink(hasTime: () => boolean): boolean {
    do {
      const free = this.#engine.one<{ freelist_count: number }>('PRAGMA freelist_count')?.freelist_count ?? 0;
      if (free === 0) return false;
      this.#engine.all(`PRAGMA incremental_vacuum(${handful})`);
      const left = this.#engine.one<{ freelist_count: number }>('PRAGMA freelist_count')?.freelist_count ?? 0;
      // A file that cannot shrink stays as it is.
      if (left >= free) return false;
    } while (hasTime());
    return true;
  }
}
