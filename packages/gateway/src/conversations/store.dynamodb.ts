import { randomUUID } from 'node:crypto';
import { HoldfastError, type ConversationId, type ProjectId, type UserId } from '@holdfast/protocol';
import { Commands } from './dynamodb/commands.dynamodb.ts';
import { Connection, type DynamoDBAddress } from './dynamodb/connection.dynamodb.ts';
import { Context } from './dynamodb/context.dynamodb.ts';
import type { Command, Conversation } from './conversation.ts';
import { Entries } from './dynamodb/entries.dynamodb.ts';
import type { Entry, EntryChange } from './entry-store.ts';
import { ttlOf } from './dynamodb/items.dynamodb.ts';
import { Leases } from './dynamodb/leases.dynamodb.ts';
import type { ListPage, ListQuery } from './list.ts';
import { Lists } from './dynamodb/lists.dynamodb.ts';
import type { LogBatch } from './log-batch.ts';
import { LogReader } from './dynamodb/log-reader.dynamodb.ts';
import { LogWriter } from './dynamodb/log.dynamodb.ts';
import { Lifetime } from './lifetime.ts';
import type { ConversationRecord, RecordFields } from './record.ts';
import { Records } from './dynamodb/records.dynamodb.ts';
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
import { Sweep } from './dynamodb/sweep.dynamodb.ts';

/** A probe that its process could not delete. */
const probeKeptMs = 3_600_000;

/**
 * Conversations in two DynamoDB tables (docs/decisions/0006-dynamodb.md). Every verb that changes something is one conditional
 * request on the conversation's record; what belongs to it and is too large for it is written before, and forgotten after.
 */
export class DynamoDBConversationStore implements ConversationStore {
  readonly pollEveryMs = 1_000;
  readonly #connection: Connection;
  readonly #context: Context;
  readonly #records: Records;
  readonly #writer: LogWriter;
  readonly #reader: LogReader;
  readonly #commands: Commands;
  readonly #leases: Leases;
  readonly #lists: Lists;
  readonly #entries: Entries;
  readonly #sweep: Sweep;
  readonly #begun = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(address: DynamoDBAddress, options: StoreOptions) {
    this.#connection = new Connection(address);
    this.#context = new Context(this.#connection, new Lifetime(options));
    this.#sweep = new Sweep(this.#context);
    this.#records = new Records(this.#context, this.#sweep);
    this.#commands = new Commands(this.#context);
    this.#writer = new LogWriter(this.#context, this.#commands);
    this.#reader = new LogReader(this.#context);
    this.#leases = new Leases(this.#context);
    this.#lists = new Lists(this.#context);
    this.#entries = new Entries(this.#context);
  }

  /** The connection to the tables, for those who look at what is sent. */
  get connection(): Connection {
    return this.#connection;
  }

  create(fresh: NewConversation): Promise<CreateResult> {
    return this.#run(() => this.#records.create(fresh));
  }

  get(id: ConversationId): Promise<Conversation | undefined> {
    return this.#run(() => this.#records.get(id));
  }

  read(id: ConversationId): Promise<ConversationRecord | undefined> {
    return this.#run(() => this.#records.read(id));
  }

  save(id: ConversationId, version: number, fields: RecordFields, at: number): Promise<SaveResult> {
    return this.#run(() => this.#records.save(id, version, fields, at));
  }

  list(query: ListQuery): Promise<ListPage> {
    return this.#run(() => this.#lists.list(query));
  }

  newest(of: { userId: UserId; projectId: ProjectId; agent: string }): Promise<Conversation | undefined> {
    return this.#run(() => this.#lists.newest(of));
  }

  delete(
    id: ConversationId,
    { force = false }: { readonly force?: boolean } = {},
  ): Promise<'deleted' | 'missing' | 'open'> {
    return this.#run(() => this.#records.delete(id, force));
  }

  write(write: LogWrite): Promise<LogWriteResult> {
    return this.#run(() => this.#writer.write(write));
  }

  readLog(id: ConversationId, seq: number, maxBytes: number): Promise<readonly LogBatch[]> {
    return this.#run(() => this.#reader.read(id, seq, maxBytes));
  }

  addCommand(
    id: ConversationId,
    command: Omit<Command, 'state'>,
  ): Promise<{ kind: 'added' } | { kind: 'known'; command: Command } | { kind: 'missing' }> {
    return this.#run(() => this.#commands.add(id, command));
  }

  openCommands(id: ConversationId): Promise<readonly Command[]> {
    return this.#run(() => this.#commands.open(id));
  }

  acquire(id: ConversationId, request: LeaseRequest): Promise<LeaseResult> {
    return this.#run(() => this.#leases.acquire(id, request));
  }

  renew(owner: string, until: number): Promise<void> {
    return this.#run(() => this.#leases.renew(owner, until));
  }

  release(id: ConversationId, owner: string, generation: number): Promise<void> {
    return this.#run(() => this.#leases.release(id, owner, generation));
  }

  unfinished(limit: number): Promise<readonly { id: ConversationId; owner: string | null; until: number }[]> {
    return this.#run(() => this.#lists.unfinished(limit));
  }

  heads(ids: readonly ConversationId[]): Promise<ReadonlyMap<ConversationId, Head>> {
    return this.#run(() => this.#leases.heads(ids));
  }

  beginWork(name: string, turn: { owner: string; now: number; until: number; everyMs: number }): Promise<boolean> {
    return this.#run(() => this.#leases.beginWork(name, turn));
  }

  endWork(name: string, owner: string, now: number): Promise<void> {
    return this.#run(() => this.#leases.endWork(name, owner, now));
  }

  readEntry(key: string): Promise<Entry | undefined> {
    return this.#run(() => this.#entries.readEntry(key));
  }

  changeEntry<Result>(key: string, change: (current: Entry | undefined) => EntryChange<Result>): Promise<Result> {
    return this.#run(() => this.#entries.changeEntry(key, change));
  }

  entriesIn(list: string, limit: number): Promise<readonly string[]> {
    return this.#run(() => this.#entries.entriesIn(list, limit));
  }

  sweepEntries(options?: { readonly signal?: AbortSignal }): Promise<number> {
    return this.#run(() => this.#entries.sweepEntries(options));
  }

  cleanup(which: Cleanup): Promise<number> {
    return this.#run(() => this.#sweep.cleanup(which));
  }

  check(): Promise<void> {
    return this.#run(() => this.#check());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#begun.size > 0) await Promise.allSettled(this.#begun);
    await this.#context.settled();
    this.#connection.close();
  }

  async #check(): Promise<void> {
    const name = `#probe-${randomUUID()}`;
    const probe = { conversation_id: name, ttl: ttlOf(this.#context.now() + probeKeptMs) };
    for (const [table, key] of [
      ['records', { conversation_id: name }],
      ['messages', { conversation_id: name, seq: 0 }],
    ] as const) {
      await this.#connection.put(table, { ...probe, ...key });
      if ((await this.#connection.get(table, key)) === undefined) {
        const tableName = this.#connection.nameOf(table);
        throw new HoldfastError('unavailable', `DynamoDB table ${tableName} does not give back what was written.`);
      }
      await this.#connection.delete(table, key);
    }
  }

  #run<Result>(verb: () => Promise<Result>): Promise<Result> {
    if (this.#isClosed) return Promise.reject(new HoldfastError('unavailable', 'The conversation store is closed.'));
    const begun = verb();
    const quiet = begun.then(
      () => {},
      () => {},
    );
    this.#begun.add(quiet);
    void quiet.then(() => this.#begun.delete(quiet));
    return begun;
  }
}
