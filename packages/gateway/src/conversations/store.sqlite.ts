import type { ConversationId, ProjectId, UserId } from '@holdfast/protocol';
import type { Command, Conversation } from './conversation.ts';
import type { Entry, EntryChange } from './entry-store.ts';
import { SQLiteEngine } from './sqlite/engine.sqlite.ts';
import { SQLiteEntries } from './sqlite/entries.sqlite.ts';
import { SQLiteLeases } from './sqlite/leases.sqlite.ts';
import { Lifetime } from './lifetime.ts';
import type { ListPage, ListQuery } from './list.ts';
import type { LogBatch } from './log-batch.ts';
import { SQLiteLogs } from './sqlite/logs.sqlite.ts';
import type { ConversationRecord, RecordFields } from './record.ts';
import { SQLiteRecords } from './sqlite/records.sqlite.ts';
import type {
  Cleanup,
  ConversationStore,
  CreateResult,
  Head,
  LeaseRequest,
  LeaseResult,
  LogWrite,
  LogWriteResult,
  NewConversation,
  SaveResult,
  StoreOptions,
} from './store.ts';
import { SQLiteSweeper } from './sqlite/sweep.sqlite.ts';

export type SQLiteStoreOptions = StoreOptions & {
  /**
   * How long another process may hold the file before a verb rejects with `unavailable`; default 5000. What changes entries or
   * cleans up tries for a minute, because processes that never pause leave the file seldom.
   */
  readonly busyTimeoutMs?: number;
};

/**
 * Conversations in one SQLite file, WAL. Deltas are committed without fsync: a killed process loses nothing, and what a power
 * cut could take is still in the runner's journal, because only what was fsynced is acknowledged to it.
 */
export class SQLiteConversationStore implements ConversationStore {
  readonly #engine: SQLiteEngine;
  readonly #sweeper: SQLiteSweeper;
  readonly #records: SQLiteRecords;
  readonly #logs: SQLiteLogs;
  readonly #leases: SQLiteLeases;
  readonly #entries: SQLiteEntries;

  constructor(path: string, options: SQLiteStoreOptions) {
    const lifetime = new Lifetime(options);
    this.#engine = new SQLiteEngine(path, options.busyTimeoutMs);
    this.#sweeper = new SQLiteSweeper(this.#engine, lifetime);
    this.#records = new SQLiteRecords(this.#engine, lifetime, () => this.#sweeper.purgeSoon());
    this.#logs = new SQLiteLogs(this.#engine, lifetime);
    this.#leases = new SQLiteLeases(this.#engine, lifetime);
    this.#entries = new SQLiteEntries(this.#engine, lifetime);
  }

  get pollEveryMs(): number {
    return this.#leases.pollEveryMs;
  }

  create(conversation: NewConversation): Promise<CreateResult> {
    return this.#records.create(conversation);
  }

  get(id: ConversationId): Promise<Conversation | undefined> {
    return this.#records.get(id);
  }

  read(id: ConversationId): Promise<ConversationRecord | undefined> {
    return this.#records.read(id);
  }

  save(id: ConversationId, version: number, fields: RecordFields, at: number): Promise<SaveResult> {
    return this.#records.save(id, version, fields, at);
  }

  list(query: ListQuery): Promise<ListPage> {
    return this.#records.list(query);
  }

  newest(of: { userId: UserId; projectId: ProjectId; agent: string }): Promise<Conversation | undefined> {
    return this.#records.newest(of);
  }

  delete(id: ConversationId, options?: { readonly force?: boolean }): Promise<'deleted' | 'missing' | 'open'> {
    return this.#records.delete(id, options);
  }

  write(write: LogWrite): Promise<LogWriteResult> {
    return this.#logs.write(write);
  }

  readLog(id: ConversationId, seq: number, maxBytes: number): Promise<readonly LogBatch[]> {
    return this.#logs.readLog(id, seq, maxBytes);
  }

  addCommand(
    id: ConversationId,
    command: Omit<Command, 'state'>,
  ): Promise<{ kind: 'added' } | { kind: 'known'; command: Command } | { kind: 'missing' }> {
    return this.#logs.addCommand(id, command);
  }

  openCommands(id: ConversationId): Promise<readonly Command[]> {
    return this.#logs.openCommands(id);
  }

  acquire(id: ConversationId, request: LeaseRequest): Promise<LeaseResult> {
    return this.#leases.acquire(id, request);
  }

  renew(owner: string, until: number): Promise<void> {
    return this.#leases.renew(owner, until);
  }

  release(id: ConversationId, owner: string, generation: number): Promise<void> {
    return this.#leases.release(id, owner, generation);
  }

  unfinished(limit: number): Promise<readonly { id: ConversationId; owner: string | null; until: number }[]> {
    return this.#leases.unfinished(limit);
  }

  heads(ids: readonly ConversationId[]): Promise<ReadonlyMap<ConversationId, Head>> {
    return this.#leases.heads(ids);
  }

  beginWork(name: string, turn: { owner: string; now: number; until: number; everyMs: number }): Promise<boolean> {
    return this.#leases.beginWork(name, turn);
  }

  endWork(name: string, owner: string, now: number): Promise<void> {
    return this.#leases.endWork(name, owner, now);
  }

  readEntry(key: string): Promise<Entry | undefined> {
    return this.#entries.readEntry(key);
  }

  changeEntry<Result>(key: string, change: (current: Entry | undefined) => EntryChange<Result>): Promise<Result> {
    return this.#entries.changeEntry(key, change);
  }

  entriesIn(list: string, limit: number): Promise<readonly string[]> {
    return this.#entries.entriesIn(list, limit);
  }

  sweepEntries(options?: { readonly signal?: AbortSignal }): Promise<number> {
    return this.#sweeper.sweepEntries(options);
  }

  cleanup(which: Cleanup): Promise<number> {
    return this.#sweeper.cleanup(which);
  }

  async check(): Promise<void> {
    // As large as what failed last: room for a small probe would not be room for messages.
    const bytes = this.#engine.failedBytes;
    await this.#engine.write(true, () =>
      this.#engine.run(`INSERT OR REPLACE INTO probes (id, bytes) VALUES (1, zeroblob(?))`, bytes),
    );
    await this.#engine.write(true, () => this.#engine.run(`DELETE FROM probes WHERE id = 1`));
    this.#engine.recovered(bytes);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}
