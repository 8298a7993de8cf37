import type { ConversationId } from '@holdfast/protocol';
import type { Commands } from './commands.dynamodb.ts';
import type { Context } from './context.dynamodb.ts';
import { isBlob, keyOf, newToken, type RecordState, type Tail } from './items.dynamodb.ts';
import { logChangeOf, type Prepared } from './log-change.dynamodb.ts';
import type { LogWrite, LogWriteResult } from '../store.ts';

/** A larger batch lies beside the record: every write to a record costs by the size of the whole item. */
const maxInlineBytes = 16_384;

/**
 * Appends to logs. One conditional request changes the record with all that belongs to the write, the batch included: it is the
 * record's tail. Before the next batch takes its place it is stored in the messages table, where only what was committed ever is.
 */
export class LogWriter {
  readonly #context: Context;
  readonly #commands: Commands;
  /** Tails on their way to the messages table. */
  readonly #moves = new WeakMap<Tail, Promise<void>>();

  constructor(context: Context, commands: Commands) {
    this.#context = context;
    this.#commands = commands;
  }

  write(write: LogWrite): Promise<LogWriteResult> {
    return this.#context.inOrder(write.conversationId, () => this.#write(write));
  }

  async #write(write: LogWrite): Promise<LogWriteResult> {
    const id = write.conversationId;
    const token = newToken();
    let prepared: Prepared | undefined;
    // A later conversation with the same id is not the one that the writer means.
    let logId = this.#context.known(id)?.logId;
    return this.#context.untilDone(id, async (attempt) => {
      const known = attempt === 0 ? this.#usable(write) : undefined;
      const state = known ?? (await this.#context.load(id));
      if (state?.lastWrite === token) return 'written';
      if (state === undefined || !fits(write, state) || (logId ?? state.logId) !== state.logId) {
        if (prepared !== undefined) this.#drop(id, prepared);
        return 'fenced';
      }
      logId = state.logId;
      if (write.batch !== undefined) await this.#move(state);
      const closing = await this.#commands.finished(state);
      prepared ??= await this.#prepare(write);
      const { request, next } = logChangeOf(write, state, prepared, closing, token, this.#context.lifetime);
      const changed = await this.#context.connection.update('records', keyOf(id), request);
      if (changed.kind === 'refused') {
        this.#context.forget(id);
        return undefined;
      }
      this.#afterwards(write, state, next);
      return 'written';
    });
  }

  /** What this process remembers, unless that alone would refuse the write: then the record is asked. */
  #usable(write: LogWrite): RecordState | undefined {
    const known = this.#context.usable(write.conversationId);
    return known !== undefined && fits(write, known) ? known : undefined;
  }

  async #prepare({ conversationId: id, batch, session }: LogWrite): Promise<Prepared> {
    const { blobs, documents } = this.#context;
    const isLarge = batch !== undefined && batch.bytes.length > maxInlineBytes;
    return {
      bytes: isLarge ? await blobs.write(id, batch.bytes) : batch?.bytes,
      session: session && (await documents.pack(id, session)),
    };
  }

  #afterwards(write: LogWrite, before: RecordState, now: RecordState): void {
    this.#context.remember(now);
    if (write.batch !== undefined) this.#context.inBackground(this.#move(now));
    if (write.commands?.some(({ state }) => state === 'done')) {
      this.#context.inBackground(this.#commands.finished(now));
    }
    const { sessionBlob } = before;
    if (sessionBlob !== undefined && now.sessionBlob !== sessionBlob) {
      this.#context.inBackground(this.#context.blobs.delete(write.conversationId, sessionBlob));
    }
  }

  /** Stores the tail in the messages table. Twice is fine: what was committed under a number is the only thing that ever is. */
  #move({ conversationId, logId, tail }: RecordState): Promise<void> {
    if (tail === undefined) return Promise.resolve();
    const begun = this.#moves.get(tail);
    if (begun !== undefined) return begun;
    const item = {
      conversation_id: conversationId,
      seq: tail.lastSeq,
      first_seq: tail.firstSeq,
      runner_offset: tail.runnerOffset,
      bytes: tail.bytes,
      log_id: logId,
    };
    const moved = this.#context.connection.put('messages', item).then(
      () => undefined,
      (error: unknown) => {
        this.#moves.delete(tail);
        throw error;
      },
    );
    this.#moves.set(tail, moved);
    return moved;
  }

  #drop(id: ConversationId, { bytes, session }: Prepared): void {
    for (const blob of [bytes, session]) {
      if (isBlob(blob)) this.#context.inBackground(this.#context.blobs.delete(id, blob));
    }
  }
}

function fits({ generation, batch }: LogWrite, state: RecordState): boolean {
  return state.generation === generation && (batch === undefined || batch.firstSeq === state.lastSeq + 1);
}
