import type { ConversationId } from '@holdfast/protocol';
import type { SQLiteEngine } from './engine.sqlite.ts';
import type { Lifetime } from '../lifetime.ts';
import { readConversation, type ConversationRow } from './rows.sqlite.ts';
import type { Head, LeaseRequest, LeaseResult, LeaseStore } from '../store.ts';

type WorkRow = { readonly owner: string | null; readonly until: number; readonly ended_at: number | null };

/** Leases in SQLite: who drives which conversation, and who does the regular work. */
export class SQLiteLeases implements LeaseStore {
  /** A look is one read of a few rows: 20 µs. */
  readonly pollEveryMs = 250;
  readonly #engine: SQLiteEngine;
  readonly #lifetime: Lifetime;

  constructor(engine: SQLiteEngine, lifetime: Lifetime) {
    this.#engine = engine;
    this.#lifetime = lifetime;
  }

  acquire(id: ConversationId, request: LeaseRequest): Promise<LeaseResult> {
    return this.#engine.write<LeaseResult>(true, () => {
      const row = this.#engine.one<ConversationRow>(
        `SELECT records.*, (SELECT state FROM sessions WHERE sessions.number = records.number) AS session
         FROM records WHERE id = ?`,
        id,
      );
      if (row === undefined || this.#lifetime.hasExpired(row.open !== 0, row.last_activity_at))
        return { kind: 'missing' };
      const owner = row.lease_owner;
      const isFree = owner === null || row.lease_until <= request.now || owner === request.takeFrom;
      if (owner !== request.owner && !isFree) return { kind: 'held', owner, until: row.lease_until };
      const conversation = readConversation(row);
      const next = owner === request.owner ? row.lease_generation : row.lease_generation + 1;
      const generation = Math.max(next, request.minGeneration ?? 0);
      this.#engine.run(
        `UPDATE conversations SET lease_owner = ?, lease_until = ?, lease_generation = ? WHERE number = ?`,
        request.owner,
        request.until,
        generation,
        row.number,
      );
      return { kind: 'acquired', generation, conversation };
    });
  }

  renew(owner: string, until: number): Promise<void> {
    return this.#engine.write(false, () => {
      this.#engine.run(`UPDATE conversations SET lease_until = ? WHERE lease_owner = ?`, until, owner);
    });
  }

  release(id: ConversationId, owner: string, generation: number): Promise<void> {
    return this.#engine.write(false, () => {
      this.#engine.run(
        `UPDATE conversations SET lease_owner = NULL WHERE id = ? AND lease_owner = ? AND lease_generation = ?`,
        id,
        owner,
        generation,
      );
    });
  }

  async unfinished(limit: number): Promise<readonly { id: ConversationId; owner: string | null; until: number }[]> {
    return this.#engine.read(() =>
      this.#engine
        .all<Pick<ConversationRow, 'id' | 'lease_owner' | 'lease_until'>>(
          `SELECT id, lease_owner, lease_until FROM conversations WHERE open = 1 ORDER BY last_activity_at, id LIMIT ?`,
          limit,
        )
        .map((row) => ({ id: row.id as ConversationId, owner: row.lease_owner, until: row.lease_until })),
    );
  }

  async heads(ids: readonly ConversationId[]): Promise<ReadonlyMap<ConversationId, Head>> {
    return this.#engine.read(() => {
      const rows = this.#engine.all<{ id: string; last_seq: number; has_new: number }>(
        `SELECT id, last_seq, EXISTS (
           SELECT 1 FROM commands WHERE number = records.number AND state <> 'done' AND state = 'new'
         ) AS has_new
         FROM records WHERE id IN (SELECT value FROM json_each(?)) AND (open = 1 OR last_activity_at > ?)`,
        JSON.stringify(ids),
        this.#lifetime.cutoff,
      );
      return new Map(
        rows.map((row) => [row.id as ConversationId, { lastSeq: row.last_seq, hasNewCommands: row.has_new === 1 }]),
      );
    });
  }

  beginWork(name: string, turn: { owner: string; now: number; until: number; everyMs: number }): Promise<boolean> {
    return this.#engine.write(true, () => {
      const work = this.#engine.one<WorkRow>(`SELECT owner, until, ended_at FROM works WHERE name = ?`, name);
      const endedAt = work?.ended_at ?? Number.NEGATIVE_INFINITY;
      const isDue = endedAt + turn.everyMs <= turn.now;
      const isFree = work === undefined || work.owner === null || work.until <= turn.now;
      if (!isDue || !isFree) return false;
      this.#engine.run(
        `INSERT INTO works (name, owner, until) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until`,
        name,
        turn.owner,
        turn.until,
      );
      return true;
    });
  }

  endWork(name: string, owner: string, now: number): Promise<void> {
    return this.#engine.write(true, () => {
      this.#engine.run(
        `UPDATE works SET owner = NULL, until = 0, ended_at = ? WHERE name = ? AND owner = ?`,
        now,
        name,
        owner,
      );
    });
  }
}
