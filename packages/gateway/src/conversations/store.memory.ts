import { HoldfastError, type ConversationId, type MessageId, type ProjectId, type UserId } from '@holdfast/protocol';
import { newSessionState, type Command, type Conversation } from './conversation.ts';
import type { LogBatch } from './log-batch.ts';
import type {
  ConversationStore,
  Head,
  LeaseRequest,
  LeaseResult,
  LogWrite,
  LogWriteResult,
  NewConversation,
} from './store.ts';

type Row = {
  conversation: Conversation;
  batches: LogBatch[];
  commands: Map<MessageId, Command>;
  owner: string | null;
  until: number;
  generation: number;
};

/** Conversations in this process: lost when it ends. For trying things out and for tests. */
export class MemoryConversationStore implements ConversationStore {
  readonly isShared = false;
  readonly #rows = new Map<ConversationId, Row>();
  #isClosed = false;

  async create(fresh: NewConversation): Promise<Conversation> {
    this.#mustBeOpen();
    const there = this.#rows.get(fresh.conversationId);
    if (there !== undefined) return there.conversation;
    const { at, ...rest } = fresh;
    const conversation: Conversation = {
      ...rest,
      title: '',
      status: 'completed',
      createdAt: at,
      lastActivityAt: at,
      version: 1,
      lastSeq: 0,
      runnerOffset: 0,
      session: newSessionState,
    };
    const row: Row = { conversation, batches: [], commands: new Map(), owner: null, until: 0, generation: 0 };
    this.#rows.set(fresh.conversationId, row);
    return conversation;
  }

  async get(id: ConversationId): Promise<Conversation | undefined> {
    this.#mustBeOpen();
    return this.#rows.get(id)?.conversation;
  }

  async newest(of: { userId: UserId; projectId: ProjectId; agent: string }): Promise<Conversation | undefined> {
    this.#mustBeOpen();
    let newest: Conversation | undefined;
    for (const { conversation } of this.#rows.values()) {
      if (conversation.userId !== of.userId || conversation.projectId !== of.projectId) continue;
      if (conversation.agent !== of.agent) continue;
      if (newest === undefined || conversation.lastActivityAt >= newest.lastActivityAt) newest = conversation;
    }
    return newest;
  }

  async write(write: LogWrite): Promise<LogWriteResult> {
    this.#mustBeOpen();
    const row = this.#rows.get(write.conversationId);
    if (row === undefined || row.generation !== write.generation) return 'fenced';
    const before = row.conversation;
    const batch = write.batch;
    if (batch !== undefined && batch.firstSeq !== before.lastSeq + 1) return 'fenced';
    if (batch !== undefined) row.batches.push(batch);
    row.conversation = {
      ...before,
      lastSeq: batch?.lastSeq ?? before.lastSeq,
      runnerOffset: write.runnerOffset ?? before.runnerOffset,
      session: write.session ?? before.session,
      status: write.status ?? before.status,
      title: write.title ?? before.title,
      lastActivityAt: write.at,
      version: before.version + 1,
    };
    for (const { id, state } of write.commands ?? []) {
      const command = row.commands.get(id);
      if (command !== undefined) row.commands.set(id, { ...command, state });
    }
    return 'written';
  }

  async readLog(id: ConversationId, seq: number, maxBytes: number): Promise<readonly LogBatch[]> {
    this.#mustBeOpen();
    const batches = this.#rows.get(id)?.batches ?? [];
    const found: LogBatch[] = [];
    let bytes = 0;
    for (let index = firstAfter(batches, seq); index < batches.length && bytes < maxBytes; index++) {
      const batch = batches[index] as LogBatch;
      found.push(batch);
      bytes += batch.bytes.length;
    }
    return found;
  }

  async addCommand(
    id: ConversationId,
    command: Omit<Command, 'state'>,
  ): Promise<{ kind: 'added' } | { kind: 'known'; command: Command } | { kind: 'missing' }> {
    this.#mustBeOpen();
    const row = this.#rows.get(id);
    if (row === undefined) return { kind: 'missing' };
    const known = row.commands.get(command.id);
    if (known !== undefined) return { kind: 'known', command: known };
    row.commands.set(command.id, { ...command, state: 'new' });
    return { kind: 'added' };
  }

  async openCommands(id: ConversationId): Promise<readonly Command[]> {
    this.#mustBeOpen();
    return [...(this.#rows.get(id)?.commands.values() ?? [])].filter((command) => command.state !== 'done');
  }

  async acquire(id: ConversationId, request: LeaseRequest): Promise<LeaseResult> {
    this.#mustBeOpen();
    const row = this.#rows.get(id);
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
    const row = this.#rows.get(id);
    if (row?.owner === owner && row.generation === generation) row.owner = null;
  }

  async unfinished(limit: number): Promise<readonly { id: ConversationId; owner: string | null; until: number }[]> {
    this.#mustBeOpen();
    return [...this.#rows.values()]
      .filter((row) => row.conversation.session.turn !== null || hasOpenCommand(row))
      .sort((a, b) => a.conversation.lastActivityAt - b.conversation.lastActivityAt)
      .slice(0, limit)
      .map(({ conversation, owner, until }) => ({ id: conversation.conversationId, owner, until }));
  }

  async heads(ids: readonly ConversationId[]): Promise<ReadonlyMap<ConversationId, Head>> {
    this.#mustBeOpen();
    const heads = new Map<ConversationId, Head>();
    for (const id of ids) {
      const row = this.#rows.get(id);
      if (row === undefined) continue;
      const hasNewCommands = [...row.commands.values()].some(({ state }) => state === 'new');
      heads.set(id, { lastSeq: row.conversation.lastSeq, hasNewCommands });
    }
    return heads;
  }

  async check(): Promise<void> {
    this.#mustBeOpen();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#rows.clear();
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw new HoldfastError('unavailable', 'The conversation store is closed.');
  }
}

function hasOpenCommand(row: Row): boolean {
  for (const command of row.commands.values()) if (command.state !== 'done') return true;
  return false;
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
