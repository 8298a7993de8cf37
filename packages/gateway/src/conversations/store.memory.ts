import { HoldfastError, type ConversationId, type MessageId, type ProjectId, type UserId } from '@holdfast/protocol';
import type { Command, Conversation } from './conversation.ts';
import { Lifetime } from './lifetime.ts';
import { MemoryEntries } from './entries.memory.ts';
import type { Entry, EntryChange } from './entry-store.ts';
import { compareInList, matches, pageOf, type ListPage, type ListQuery } from './list.ts';
import type { LogBatch } from './log-batch.ts';
import {
  digestOf,
  isRecordChange,
  newRecord,
  rememberDeletedMs,
  summaryOf,
  type ConversationRecord,
  type ConversationSummary,
  type RecordFields,
  type TaskDigest,
} from './record.ts';
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

type Row = {
  conversation: Conversation;
  /** The task document as JSON text: what is handed out is nobody else's. */
  task: string;
  digest: TaskDigest;
  batches: LogBatch[];
  commands: Map<MessageId, Command>;
  owner: string | null;
  until: number;
  generation: number;
};

type Work = { owner: string | null; until: number; endedAt: number };

/** Conversations in this process: lost when it ends. For trying things out and for tests. */
export class MemoryConversationStore implements ConversationStore {
  readonly pollEveryMs = null;
  readonly #lifetime: Lifetime;
  readonly #now: () => number;
  readonly #rows = new Map<ConversationId, Row>();
  /** When which id was deleted. */
  readonly #deleted = new Map<ConversationId, number>();
  readonly #works = new Map<string, Work>();
  readonly #entries: MemoryEntries;
  #isClosed = false;

  constructor(options: StoreOptions) {
    this.#lifetime = new Lifetime(options);
    this.#now = this.#lifetime.now;
    this.#entries = new MemoryEntries(this.#now);
  }

  async create(fresh: NewConversation): Promise<CreateResult> {
    this.#mustBeOpen();
    const id = fresh.conversationId;
    if (this.#isDeleted(id)) return { kind: 'deleted' };
    const there = this.#find(id);
    if (there !== undefined) return { kind: 'known', conversation: there.conversation };
    const { conversation, task } = newRecord(fresh);
    const document = { task: JSON.stringify(task), digest: digestOf(task) };
    // An expired one was driven by somebody perhaps; the next number fences them.
    const generation = (this.#rows.get(id)?.generation ?? -1) + 1;
    const log = { batches: [], commands: new Map(), owner: null, until: 0, generation };
    this.#rows.set(id, { conversation, ...document, ...log });
    return { kind: 'created', conversation };
  }

  async get(id: ConversationId): Promise<Conversation | undefined> {
    this.#mustBeOpen();
    return this.#find(id)?.conversation;
  }

  async read(id: ConversationId): Promise<ConversationRecord | undefined> {
    this.#mustBeOpen();
    const row = this.#find(id);
    return row && { ...row.conversation, task: parseTask(row.task) };
  }

  async save(id: ConversationId, version: number, fields: RecordFields, at: number): Promise<SaveResult> {
    this.#mustBeOpen();
    if (this.#isDeleted(id)) return { kind: 'deleted' };
    const row = this.#find(id);
    if (row === undefined) return { kind: 'missing' };
    if (row.conversation.version !== version) return { kind: 'conflict', version: row.conversation.version };
    const { task, ...rest } = fields;
    row.task = JSON.stringify(task);
    row.digest = digestOf(task);
    row.conversation = { ...row.conversation, ...rest, lastActivityAt: at, version: version + 1 };
    return { kind: 'saved', conversation: row.conversation };
  }

  async list(query: ListQuery): Promise<ListPage> {
    this.#mustBeOpen();
    const found: ConversationSummary[] = [];
    for (const row of this.#rows.values()) {
      if (this.#isExpired(row)) continue;
      const summary = summaryOf(row.conversation, row.digest);
      const isAfter = query.after === undefined || compareInList(query.after, summary) < 0;
      if (isAfter && matches(query, summary)) found.push(summary);
    }
    return pageOf(found.sort(compareInList), query.limit);
  }

  async newest(of: { userId: UserId; projectId: ProjectId; agent: string }): Promise<Conversation | undefined> {
    this.#mustBeOpen();
    let newest: Conversation | undefined;
    for (const row of this.#rows.values()) {
      const { conversation } = row;
      if (conversation.userId !== of.userId || conversation.projectId !== of.projectId) continue;
      if (conversation.agent !== of.agent || this.#isExpired(row)) continue;
      if (newest === undefined || compareInList(conversation, newest) < 0) newest = conversation;
    }
    return newest;
  }

  async delete(
    id: ConversationId,
    { force = false }: { readonly force?: boolean } = {},
  ): Promise<'deleted' | 'missing' | 'open'> {
    this.#mustBeOpen();
    const row = this.#find(id);
    if (row === undefined) return 'missing';
    if (!force && isOpen(row)) return 'open';
    this.#rows.delete(id);
    this.#deleted.set(id, this.#now());
    return 'deleted';
  }

  async write(write: LogWrite): Promise<LogWriteResult> {
    this.#mustBeOpen();
    const row = this.#find(write.conversationId);
    if (row === undefined || row.generation !== write.generation) return 'fenced';
    const before = row.conversation;
    const batch = write.batch;
    if (batch !== undefined && batch.firstSeq !== before.lastSeq + 1) return 'fenced';
    if (batch !== undefined) row.batches.push(batch);
    const isChange = isRecordChange(write);
    row.conversation = {
      ...before,
      lastSeq: batch?.lastSeq ?? before.lastSeq,
      runnerOffset: write.runnerOffset ?? before.runnerOffset,
      session: write.session ?? before.session,
      status: write.status ?? before.status,
      title: write.title ?? before.title,
      lastActivityAt: isChange ? write.at : before.lastActivityAt,
      version: before.version + Number(isChange),
    };
    for (const { id, state } of write.commands ?? []) {
      const command = row.commands.get(id);
      if (command !== undefined) row.commands.set(id, { ...command, state });
    }
    return 'written';
  }

  async readLog(id: ConversationId, seq: number, maxBytes: number): Promise<readonly LogBatch[]> {
    this.#mustBeOpen();
    const batches = this.#find(id)?.batches ?? [];
    const found: LogBatch[] = [];
    let bytes = 0;
    for (let index = firstAfter(batches, seq); index < batches.length; index++) {
      const batch = batches[index] as LogBatch;
      found.push(batch);
      bytes += batch.bytes.length;
      if (bytes >= maxBytes) break;
    }
    return found;
  }

  async addCommand(
    id: ConversationId,
    command: Omit<Command, 'state'>,
  ): Promise<{ kind: 'added' } | { kind: 'known'; command: Command } | { kind: 'missing' }> {
    this.#mustBeOpen();
    const row = this.#find(id);
    if (row === undefined) return { kind: 'missing' };
    const known = row.commands.get(command.id);
    if (known !== undefined) return { kind: 'known', command: known };
    row.commands.set(command.id, { ...command, state: 'new' });
    return { kind: 'added' };
  }

  async openCommands(id: ConversationId): Promise<readonly Command[]> {
    this.#mustBeOpen();
    return [...(this.#find(id)?.commands.values() ?? [])].filter((command) => command.state !== 'done');
  }

  async acquire(id: ConversationId, request: LeaseRequest): Promise<LeaseResult> {
    this.#mustBeOpen();
    const row = this.#find(id);
    if (row === undefined) return { kind: 'missing' };
    const isFree = row.owner === null || row.until <= request.now || row.owner === request.takeFrom;
    if (row.owner !== request.owner && !isFree) return { kind: 'held', owner: row.owner as string, until: row.until };
    const next = row.owner === request.owner ? row.generation : row.generation + 1;
    row.generation = Math.max(next, request.minGeneration ?? 0);
    row.owner = request.owner;
    row.until = request.until;
    return { kind: 'acquired', generation: row.generation, conversation: row.conversation };
  }

  async renew(owner: string, until: number): Promise<void> {
    this.#mustBeOpen();
    for (const row of this.#rows.values()) if (row.owner === owner) row.until = until;
  }

  async release(id: ConversationId, owner: string, generation: number): Promise<void> {
    this.#mustBeOpen();
    const row = this.#rows.get(id);
    if (row?.owner === owner && row.generation === generation) row.owner = null;
  }

  async unfinished(limit: number): Promise<readonly { id: ConversationId; owner: string | null; until: number }[]> {
    this.#mustBeOpen();
    return [...this.#rows.values()]
      .filter(isOpen)
      .sort((a, b) => a.conversation.lastActivityAt - b.conversation.lastActivityAt)
      .slice(0, limit)
      .map(({ conversation, owner, until }) => ({ id: conversation.conversationId, owner, until }));
  }

  async heads(ids: readonly ConversationId[]): Promise<ReadonlyMap<ConversationId, Head>> {
    this.#mustBeOpen();
    const heads = new Map<ConversationId, Head>();
    for (const id of ids) {
      const row = this.#find(id);
      if (row === undefined) continue;
      const hasNewCommands = [...row.commands.values()].some(({ state }) => state === 'new');
      heads.set(id, { lastSeq: row.conversation.lastSeq, hasNewCommands });
    }
    return heads;
  }

  async beginWork(
    name: string,
    turn: { owner: string; now: number; until: number; everyMs: number },
  ): Promise<boolean> {
    this.#mustBeOpen();
    const work = this.#works.get(name) ?? { owner: null, until: 0, endedAt: Number.NEGATIVE_INFINITY };
    const isDue = work.endedAt + turn.everyMs <= turn.now;
    const isFree = work.owner === null || work.until <= turn.now;
    if (!isDue || !isFree) return false;
    this.#works.set(name, { ...work, owner: turn.owner, until: turn.until });
    return true;
  }

  async endWork(name: string, owner: string, now: number): Promise<void> {
    this.#mustBeOpen();
    if (this.#works.get(name)?.owner === owner) this.#works.set(name, { owner: null, until: 0, endedAt: now });
  }

  async readEntry(key: string): Promise<Entry | undefined> {
    this.#mustBeOpen();
    return this.#entries.readEntry(key);
  }

  async changeEntry<Result>(key: string, change: (current: Entry | undefined) => EntryChange<Result>): Promise<Result> {
    this.#mustBeOpen();
    return this.#entries.changeEntry(key, change);
  }

  async entriesIn(list: string, limit: number): Promise<readonly string[]> {
    this.#mustBeOpen();
    return this.#entries.entriesIn(list, limit);
  }

  async sweepEntries(options?: { readonly signal?: AbortSignal }): Promise<number> {
    this.#mustBeOpen();
    return this.#entries.sweepEntries(options);
  }

  async cleanup({ before, userId, signal }: Cleanup): Promise<number> {
    this.#mustBeOpen();
    let count = 0;
    for (const [id, row] of this.#rows) {
      if (signal?.aborted === true) break;
      if (row.conversation.lastActivityAt > before || isOpen(row)) continue;
      if (userId !== undefined && row.conversation.userId !== userId) continue;
      this.#rows.delete(id);
      count++;
    }
    for (const id of this.#deleted.keys()) if (!this.#isDeleted(id)) this.#deleted.delete(id);
    return count;
  }

  async check(): Promise<void> {
    this.#mustBeOpen();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#rows.clear();
  }

  #find(id: ConversationId): Row | undefined {
    const row = this.#rows.get(id);
    return row === undefined || this.#isExpired(row) ? undefined : row;
  }

  #isDeleted(id: ConversationId): boolean {
    const at = this.#deleted.get(id);
    return at !== undefined && this.#now() < at + rememberDeletedMs;
  }

  #isExpired(row: Row): boolean {
    return this.#lifetime.hasExpired(isOpen(row), row.conversation.lastActivityAt);
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw new HoldfastError('unavailable', 'The conversation store is closed.');
  }
}

function isOpen({ conversation, commands }: Row): boolean {
  if (conversation.session.turn !== null) return true;
  for (const command of commands.values()) if (command.state !== 'done') return true;
  return false;
}

function parseTask(text: string): ConversationRecord['task'] {
  return JSON.parse(text) as ConversationRecord['task'];
}

/** Index of the batch that holds message `seq + 1` (binary search). */
function firstAfter(batches: readonly LogBatch[], seq: number): number {
  let low = 0;
  let high = batches.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((batches[middle] as LogBatch).lastSeq <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
