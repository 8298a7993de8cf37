import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { HoldfastError, type ConversationId, type ProjectId, type UserId } from '@holdfast/protocol';
import type { Command, Conversation } from './conversation.ts';
import type { LogBatch } from './log-batch.ts';
import { readCommand, readConversation, type BatchRow, type CommandRow, type ConversationRow } from './rows.sqlite.ts';
import { Checkpointer } from './checkpoint.sqlite.ts';
import { openFile, pageBytes } from './file.sqlite.ts';
import type {
  ConversationStore,
  Head,
  LeaseRequest,
  LeaseResult,
  LogWrite,
  LogWriteResult,
  NewConversation,
} from './store.ts';

type Queued = {
  readonly run: () => unknown;
  readonly isDurable: boolean;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Conversations in one SQLite file, WAL. One queue of writers: whatever has come in one turn of the event loop shares one
 * commit (group commit, no timer). Deltas are committed without fsync: a killed process loses nothing, and what a power cut
 * could take is still in the runner's journal, because only what was fsynced is acknowledged to it.
 */
export class SQLiteConversationStore implements ConversationStore {
  readonly isShared = true;
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #checkpointer: Checkpointer;
  readonly #statements = new Map<string, StatementSync>();
  #queue: Queued[] = [];
  #isScheduled = false;
  /** Bytes of messages in the transaction under way, and in the last one that failed. */
  #appendedBytes = 0;
  #failedBytes = 0;
  #isSyncFull = true;
  #isClosed = false;

  constructor(path: string) {
    this.#path = path;
    this.#db = openFile(path);
    this.#checkpointer = new Checkpointer(path, () => this.#db.exec('PRAGMA wal_checkpoint(RESTART)'));
  }

  create(fresh: NewConversation): Promise<Conversation> {
    return this.#enqueue(true, () => {
      this.#run(
        `INSERT INTO conversations (id, user_id, project_id, agent, epoch, created_at, last_activity_at)
         VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
        fresh.conversationId,
        fresh.userId,
        fresh.projectId,
        fresh.agent,
        fresh.epoch,
        fresh.at,
        fresh.at,
      );
      return this.#find(fresh.conversationId) as Conversation;
    });
  }

  async get(id: ConversationId): Promise<Conversation | undefined> {
    return this.#read(() => this.#find(id));
  }

  async newest(of: { userId: UserId; projectId: ProjectId; agent: string }): Promise<Conversation | undefined> {
    return this.#read(() => {
      const row = this.#one<ConversationRow>(
        `SELECT * FROM records WHERE user_id = ? AND project_id = ? AND agent = ? ORDER BY last_activity_at DESC, number DESC LIMIT 1`,
        of.userId,
        of.projectId,
        of.agent,
      );
      return row && readConversation(row);
    });
  }

  write(write: LogWrite): Promise<LogWriteResult> {
    return this.#enqueue(write.durable, () => this.#write(write));
  }

  async readLog(id: ConversationId, seq: number, maxBytes: number): Promise<readonly LogBatch[]> {
    return this.#read(() => {
      const batches: LogBatch[] = [];
      let bytes = 0;
      // The batch that holds seq + 1 is the first whose last number is greater than seq.
      const rows = this.#prepare(
        `SELECT first_seq, last_seq, bytes FROM batches
         WHERE key > (SELECT number << 32 FROM conversations WHERE id = ?1) + ?2
           AND key <= (SELECT (number << 32) + 4294967295 FROM conversations WHERE id = ?1) ORDER BY key`,
      ).iterate(id, Math.min(seq, 4_294_967_295)) as IterableIterator<BatchRow>;
      for (const row of rows) {
        const data = row.bytes;
        batches.push({
          firstSeq: row.first_seq,
          lastSeq: row.last_seq,
          bytes: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
        });
        bytes += data.byteLength;
        if (bytes >= maxBytes) break;
      }
      return batches;
    });
  }

  addCommand(
    id: ConversationId,
    command: Omit<Command, 'state'>,
  ): Promise<{ kind: 'added' } | { kind: 'known'; command: Command } | { kind: 'missing' }> {
    return this.#enqueue<{ kind: 'added' } | { kind: 'known'; command: Command } | { kind: 'missing' }>(true, () => {
      const known = this.#one<CommandRow>(
        `SELECT * FROM commands WHERE conversation_id = ? AND id = ?`,
        id,
        command.id,
      );
      if (known !== undefined) return { kind: 'known', command: readCommand(known) };
      if (this.#find(id) === undefined) return { kind: 'missing' };
      this.#run(
        `INSERT INTO commands (conversation_id, id, user_id, message, state) VALUES (?, ?, ?, ?, 'new')`,
        id,
        command.id,
        command.userId,
        JSON.stringify(command.message),
      );
      return { kind: 'added' };
    });
  }

  async openCommands(id: ConversationId): Promise<readonly Command[]> {
    return this.#read(() =>
      this.#all<CommandRow>(
        `SELECT * FROM commands WHERE conversation_id = ? AND state <> 'done' ORDER BY position`,
        id,
      ).map(readCommand),
    );
  }

  acquire(id: ConversationId, request: LeaseRequest): Promise<LeaseResult> {
    return this.#enqueue<LeaseResult>(true, () => {
      const row = this.#one<ConversationRow>(`SELECT * FROM records WHERE id = ?`, id);
      if (row === undefined) return { kind: 'missing' };
      const owner = row.lease_owner;
      const isFree = owner === null || row.lease_until <= request.now || owner === request.takeFrom;
      if (owner !== request.owner && !isFree) return { kind: 'held', owner, until: row.lease_until };
      const next = owner === request.owner ? row.lease_generation : row.lease_generation + 1;
      const generation = Math.max(next, request.minGeneration ?? 0);
      this.#run(
        `UPDATE conversations SET lease_owner = ?, lease_until = ?, lease_generation = ? WHERE id = ?`,
        request.owner,
        request.until,
        generation,
        id,
      );
      return { kind: 'acquired', generation, conversation: readConversation(row) };
    });
  }

  renew(owner: string, until: number): Promise<void> {
    return this.#enqueue(false, () => {
      this.#run(`UPDATE conversations SET lease_until = ? WHERE lease_owner = ?`, until, owner);
    });
  }

  release(id: ConversationId, owner: string, generation: number): Promise<void> {
    return this.#enqueue(false, () => {
      this.#run(
        `UPDATE conversations SET lease_owner = NULL WHERE id = ? AND lease_owner = ? AND lease_generation = ?`,
        id,
        owner,
        generation,
      );
    });
  }

  async unfinished(limit: number): Promise<readonly { id: ConversationId; owner: string | null; until: number }[]> {
    return this.#read(() =>
      this.#all<ConversationRow>(
        `SELECT * FROM records WHERE id IN (
           SELECT id FROM conversations WHERE has_turn = 1 UNION SELECT conversation_id FROM commands WHERE state <> 'done'
         ) ORDER BY last_activity_at LIMIT ?`,
        limit,
      ).map((row) => ({ id: row.id as ConversationId, owner: row.lease_owner, until: row.lease_until })),
    );
  }

  async heads(ids: readonly ConversationId[]): Promise<ReadonlyMap<ConversationId, Head>> {
    return this.#read(() => {
      const rows = this.#all<{ id: string; last_seq: number; has_new: number }>(
        `SELECT id, last_seq, EXISTS (
           SELECT 1 FROM commands WHERE conversation_id = records.id AND state <> 'done' AND state = 'new'
         ) AS has_new FROM records WHERE id IN (SELECT value FROM json_each(?))`,
        JSON.stringify(ids),
      );
      return new Map(
        rows.map((row) => [row.id as ConversationId, { lastSeq: row.last_seq, hasNewCommands: row.has_new === 1 }]),
      );
    });
  }

  async check(): Promise<void> {
    // As large as what failed last: room for a small probe would not be room for messages.
    const bytes = this.#failedBytes;
    await this.#enqueue(true, () =>
      this.#run(`INSERT OR REPLACE INTO probes (id, bytes) VALUES (1, zeroblob(?))`, bytes),
    );
    await this.#enqueue(true, () => this.#run(`DELETE FROM probes WHERE id = 1`));
    if (bytes >= this.#failedBytes) this.#failedBytes = 0;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    await this.#checkpointer.close();
    this.#db.close();
  }

  #write(write: LogWrite): LogWriteResult {
    const { batch, conversationId, generation, runnerOffset, commands = [] } = write;
    const isProgress = !write.durable && write.session === undefined && write.status === undefined;
    if (batch !== undefined && isProgress && write.title === undefined && runnerOffset !== undefined) {
      return this.#append(conversationId, generation, batch, runnerOffset) ? 'written' : 'fenced';
    }
    const row = this.#one<ConversationRow>(`SELECT * FROM records WHERE id = ?`, conversationId);
    if (row?.lease_generation !== generation) return 'fenced';
    const offset = runnerOffset ?? row.runner_offset;
    if (batch !== undefined && !this.#append(conversationId, generation, batch, offset)) return 'fenced';
    this.#change(write, offset, batch?.lastSeq ?? row.last_seq);
    for (const { id, state } of commands) {
      this.#run(`UPDATE commands SET state = ? WHERE conversation_id = ? AND id = ?`, state, conversationId, id);
    }
    return 'written';
  }

  /** False when generation or number are not those that the store has. */
  #append(id: ConversationId, generation: number, batch: LogBatch, runnerOffset: number): boolean {
    this.#appendedBytes += batch.bytes.length;
    const appended = this.#run(
      `INSERT INTO batches (key, first_seq, last_seq, runner_offset, bytes)
       SELECT (number << 32) + ?1, ?2, ?1, ?3, ?4 FROM records WHERE id = ?5 AND lease_generation = ?6 AND last_seq = ?2 - 1`,
      batch.lastSeq,
      batch.firstSeq,
      runnerOffset,
      batch.bytes,
      id,
      generation,
    );
    return appended === 1;
  }

  #change({ session, status, title, at, conversationId }: LogWrite, offset: number, seq: number): void {
    this.#run(
      `UPDATE conversations SET base_offset = ?1, base_seq = ?2, session = coalesce(?3, session),
         has_turn = coalesce(?4, has_turn), status = coalesce(?5, status), title = coalesce(?6, title),
         last_activity_at = ?7, version = version + 1
       WHERE id = ?8`,
      offset,
      seq,
      session === undefined ? null : JSON.stringify(session),
      session === undefined ? null : Number(session.turn !== null),
      status ?? null,
      title ?? null,
      at,
      conversationId,
    );
  }

  #enqueue<Result>(isDurable: boolean, run: () => Result): Promise<Result> {
    if (this.#isClosed) return Promise.reject(new HoldfastError('unavailable', 'The conversation store is closed.'));
    return new Promise<Result>((resolve, reject) => {
      this.#queue.push({ run, isDurable, resolve, reject });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      setImmediate(() => this.#flush());
    });
  }

  /** One transaction for all that waits. It fails as a whole only when the engine does; then nobody's write was done. */
  #flush(): void {
    this.#isScheduled = false;
    const queue = this.#queue;
    this.#queue = [];
    if (queue.length === 0 || this.#isClosed) return;
    const results: unknown[] = [];
    this.#appendedBytes = 0;
    try {
      this.#checkpointer.settle();
      this.#setSync(queue.some((queued) => queued.isDurable));
      this.#run('BEGIN IMMEDIATE');
      for (const queued of queue) results.push(queued.run());
      this.#run('COMMIT');
    } catch (error) {
      this.#failedBytes = Math.max(this.#failedBytes, this.#appendedBytes);
      this.#rollBack();
      const fault = this.#unavailable(error);
      for (const queued of queue) queued.reject(fault);
      return;
    }
    if (this.#appendedBytes >= this.#failedBytes) this.#failedBytes = 0;
    this.#checkpointer.grown(this.#appendedBytes + pageBytes);
    queue.forEach((queued, index) => queued.resolve(results[index] as never));
  }

  #rollBack(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    } catch {
      // The engine is away; the error that brought us here says so.
    }
  }

  /** FULL: COMMIT returns after fsync of the WAL. Set between transactions only; SQLite ignores it inside one. */
  #setSync(isFull: boolean): void {
    if (isFull === this.#isSyncFull) return;
    this.#db.exec(`PRAGMA synchronous = ${isFull ? 'FULL' : 'NORMAL'}`);
    this.#isSyncFull = isFull;
  }

  #find(id: ConversationId): Conversation | undefined {
    const row = this.#one<ConversationRow>(`SELECT * FROM records WHERE id = ?`, id);
    return row && readConversation(row);
  }

  #read<Result>(read: () => Result): Result {
    if (this.#isClosed) throw new HoldfastError('unavailable', 'The conversation store is closed.');
    try {
      return read();
    } catch (error) {
      throw error instanceof HoldfastError ? error : this.#unavailable(error);
    }
  }

  #unavailable(cause: unknown): HoldfastError {
    const why = cause instanceof Error ? cause.message : String(cause);
    return new HoldfastError(
      'unavailable',
      `SQLite could not use ${this.#path} (${why}); check SQLITE_DB_PATH and its disk.`,
      {
        cause,
      },
    );
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }

  #one<Row>(sql: string, ...values: Value[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined;
  }

  #all<Row>(sql: string, ...values: Value[]): Row[] {
    return this.#prepare(sql).all(...values) as Row[];
  }

  #run(sql: string, ...values: Value[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }
}

type Value = string | number | null | Uint8Array;
