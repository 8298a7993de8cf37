import { HoldfastError, type ConversationId } from '@holdfast/protocol';
import type { Command, SessionState } from '../conversation.ts';
import type { SQLiteEngine } from './engine.sqlite.ts';
import type { Lifetime } from '../lifetime.ts';
import { walkLog, type LogBatch } from '../log-batch.ts';
import { readCommand, type CommandRow } from './rows.sqlite.ts';
import { isRecordChange } from '../record.ts';
import type { LogStore, LogWrite, LogWriteResult } from '../store.ts';

type WrittenRow = {
  readonly number: number;
  readonly lease_generation: number;
  readonly last_seq: number;
  readonly runner_offset: number;
  readonly has_turn: number;
  readonly open: number;
  readonly last_activity_at: number;
};
type BatchRow = { readonly first_seq: number; readonly last_seq: number; readonly bytes: Uint8Array };
type Found = Pick<WrittenRow, 'number' | 'open' | 'last_activity_at'>;
type AddResult = { kind: 'added' } | { kind: 'known'; command: Command } | { kind: 'missing' };

const maxSeq = 4_294_967_295;

/** Message logs and commands in SQLite. A batch of deltas is one INSERT and touches no record. */
export class SQLiteLogs implements LogStore {
  readonly #engine: SQLiteEngine;
  readonly #lifetime: Lifetime;

  constructor(engine: SQLiteEngine, lifetime: Lifetime) {
    this.#engine = engine;
    this.#lifetime = lifetime;
  }

  write(write: LogWrite): Promise<LogWriteResult> {
    return this.#engine.write(write.durable, () => this.#write(write));
  }

  async readLog(id: ConversationId, seq: number, maxBytes: number): Promise<readonly LogBatch[]> {
    return this.#engine.read(() => {
      const number = this.#living(id)?.number;
      if (number === undefined) return [];
      const batches: LogBatch[] = [];
      let bytes = 0;
      // The batch that holds seq + 1 is the first whose last number is greater than seq.
      const rows = this.#engine.iterate<BatchRow>(
        `SELECT first_seq, last_seq, bytes FROM batches WHERE key > (?1 << 32) + ?2 AND key <= (?1 << 32) + ${maxSeq} ORDER BY key`,
        number,
        Math.min(seq, maxSeq),
      );
      for (const row of rows) {
        const batch = readBatch(row);
        const previous = batches.at(-1);
        const follows = previous === undefined ? batch.firstSeq <= seq + 1 : batch.firstSeq === previous.lastSeq + 1;
        if (!follows || !isWhole(batch)) throw corruptLog(id, previous?.lastSeq ?? seq);
        batches.push(batch);
        bytes += batch.bytes.length;
        if (bytes >= maxBytes) break;
      }
      return batches;
    });
  }

  addCommand(id: ConversationId, command: Omit<Command, 'state'>): Promise<AddResult> {
    return this.#engine.write<AddResult>(true, () => {
      const found = this.#living(id);
      if (found === undefined) return { kind: 'missing' };
      const { number, open } = found;
      const known = this.#engine.one<CommandRow>(
        `SELECT id, user_id, message, state FROM commands WHERE number = ? AND id = ?`,
        number,
        command.id,
      );
      if (known !== undefined) return { kind: 'known', command: readCommand(id, known) };
      this.#engine.run(
        `INSERT INTO commands (number, id, user_id, message, state) VALUES (?, ?, ?, ?, 'new')`,
        number,
        command.id,
        command.userId,
        JSON.stringify(command.message),
      );
      this.#setOpen(number, open, 1);
      return { kind: 'added' };
    });
  }

  async openCommands(id: ConversationId): Promise<readonly Command[]> {
    return this.#engine.read(() => {
      const number = this.#living(id)?.number;
      if (number === undefined) return [];
      return this.#engine
        .all<CommandRow>(
          `SELECT id, user_id, message, state FROM commands WHERE number = ? AND state <> 'done' ORDER BY position`,
          number,
        )
        .map((row) => readCommand(id, row));
    });
  }

  #write(write: LogWrite): LogWriteResult {
    const { batch, conversationId, generation, runnerOffset, session, commands = [] } = write;
    const isChange = isRecordChange(write);
    if (!isChange && batch !== undefined && runnerOffset !== undefined && commands.length === 0) {
      return this.#append(conversationId, generation, batch, runnerOffset) ? 'written' : 'fenced';
    }
    const row = this.#engine.one<WrittenRow>(
      `SELECT number, lease_generation, last_seq, runner_offset, has_turn, open, last_activity_at FROM records WHERE id = ?`,
      conversationId,
    );
    if (row?.lease_generation !== generation || this.#lifetime.hasExpired(row.open !== 0, row.last_activity_at))
      return 'fenced';
    const offset = runnerOffset ?? row.runner_offset;
    if (batch !== undefined && !this.#append(conversationId, generation, batch, offset)) return 'fenced';
    for (const { id, state } of commands) {
      this.#engine.run(`UPDATE commands SET state = ? WHERE number = ? AND id = ?`, state, row.number, id);
    }
    const seq = batch?.lastSeq ?? row.last_seq;
    if (isChange) this.#change(row.number, write, offset, seq);
    else this.#moveOffset(row, offset, seq);
    if (session !== undefined || commands.length > 0) {
      this.#setOpen(row.number, row.open, this.#isOpen(row, session) ? 1 : 0);
    }
    return 'written';
  }

  /** False when generation or number are not those that the store has, or there is no such conversation any more. */
  #append(id: ConversationId, generation: number, batch: LogBatch, runnerOffset: number): boolean {
    const appended = this.#engine.append(
      batch.bytes.length,
      `INSERT INTO batches (key, first_seq, last_seq, runner_offset, bytes)
       SELECT (number << 32) + ?1, ?2, ?1, ?3, ?4 FROM records
       WHERE id = ?5 AND lease_generation = ?6 AND last_seq = ?2 - 1 AND (open = 1 OR last_activity_at > ?7)`,
      batch.lastSeq,
      batch.firstSeq,
      runnerOffset,
      batch.bytes,
      id,
      generation,
      this.#lifetime.cutoff,
    );
    return appended === 1;
  }

  /** Without a batch the record itself has to say how far the journal was read. */
  #moveOffset({ number, last_seq, runner_offset }: WrittenRow, offset: number, seq: number): void {
    if (seq !== last_seq || offset === runner_offset) return;
    this.#engine.run(`UPDATE conversations SET base_offset = ?, base_seq = ? WHERE number = ?`, offset, seq, number);
  }

  #change(number: number, { session, status, title, at }: LogWrite, offset: number, seq: number): void {
    this.#engine.run(
      `UPDATE conversations SET base_offset = ?1, base_seq = ?2, has_turn = coalesce(?3, has_turn),
         status = coalesce(?4, status), title = coalesce(?5, title), last_activity_at = ?6, version = version + 1
       WHERE number = ?7`,
      offset,
      seq,
      session === undefined ? null : Number(session.turn !== null),
      status ?? null,
      title ?? null,
      at,
      number,
    );
    if (session === undefined) return;
    this.#engine.run(
      `INSERT INTO sessions (number, state) VALUES (?, ?) ON CONFLICT (number) DO UPDATE SET state = excluded.state`,
      number,
      JSON.stringify(session),
    );
  }

  #isOpen(row: WrittenRow, session: SessionState | undefined): boolean {
    const hasTurn = session === undefined ? row.has_turn === 1 : session.turn !== null;
    if (hasTurn) return true;
    return this.#engine.one(`SELECT 1 FROM commands WHERE number = ? AND state <> 'done'`, row.number) !== undefined;
  }

  #setOpen(number: number, before: number, open: 0 | 1): void {
    if (before !== open) this.#engine.run(`UPDATE conversations SET open = ? WHERE number = ?`, open, number);
  }

  #living(id: ConversationId): Found | undefined {
    const row = this.#engine.one<Found>(`SELECT number, open, last_activity_at FROM conversations WHERE id = ?`, id);
    return row === undefined || this.#lifetime.hasExpired(row.open !== 0, row.last_activity_at) ? undefined : row;
  }
}

function readBatch({ first_seq, last_seq, bytes }: BatchRow): LogBatch {
  return {
    firstSeq: first_seq,
    lastSeq: last_seq,
    bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  };
}

/** Whole frames, as many as the numbers say: some 10 ns a message, a hundredth of what sending it costs. */
function isWhole({ firstSeq, lastSeq, bytes }: LogBatch): boolean {
  let next = firstSeq;
  try {
    walkLog(bytes, () => void next++);
  } catch {
    return false;
  }
  return next === lastSeq + 1;
}

function corruptLog(id: ConversationId, seq: number): HoldfastError {
  const what = `The stored log of conversation ${id} is corrupt after message ${seq}`;
  return new HoldfastError('internal', `${what}; restore it from a backup.`);
}
