import type { ConversationId, MessageId, ProjectId, UserId } from '@holdfast/protocol';
import { newSessionState, type Command, type Conversation, type SessionState } from '../conversation.ts';
import { LogBatchWriter, textsOf, type LogBatch } from '../log-batch.ts';
import type { ConversationRecord, RecordFields, TaskDocument } from '../record.ts';
import type {
  ConversationStore,
  LeaseRequest,
  LogWrite,
  LogWriteResult,
  NewConversation,
  SaveResult,
  StoreOptions,
} from '../store.ts';

/** An engine as the contract needs it. What it cannot do is left out; the cases that need it then are not there. */
export type StoreEngine = {
  /** A store on fresh, empty data. */
  readonly open: (options: StoreOptions) => Promise<ConversationStore>;
  /** One more on the same data, as another process would open it. */
  readonly openAgain?: (store: ConversationStore, options: StoreOptions) => Promise<ConversationStore>;
  /** Damages what is stored of a conversation, below the store: its session state, task document, or newest log bytes. */
  readonly damage?: (store: ConversationStore, id: ConversationId, part: DamagedPart) => Promise<void>;
  /** The engine stops answering; the result brings it back. */
  readonly takeAway?: (store: ConversationStore) => Promise<() => Promise<void>>;
};

export type DamagedPart = 'session' | 'task' | 'log';

export const ada = 'ada' as UserId;
export const bob = 'bob' as UserId;
export const eve = 'eve' as UserId;
export const shop = 'shop' as ProjectId;
export const bank = 'bank' as ProjectId;
export const mill = 'mill' as ProjectId;
export const one = 'c1' as ConversationId;
export const two = 'c2' as ConversationId;
export const none = 'none' as ConversationId;

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
export const ttlMs: number = 7 * dayMs;
/** Far from now, so that a store that looks at another clock is found out, and no engine's own sweeper comes by. */
export const start: number = Date.UTC(2096, 0, 1);

/** What a case begins with: a store on fresh data, and a clock that the case moves. */
export class StoreScene {
  readonly engine: StoreEngine;
  now: number = start;
  #stores: ConversationStore[] = [];

  constructor(engine: StoreEngine) {
    this.engine = engine;
  }

  get store(): ConversationStore {
    const [store] = this.#stores;
    if (store === undefined) throw new Error('the scene has not begun');
    return store;
  }

  async begin(): Promise<void> {
    this.now = start;
    await this.openFresh(ttlMs);
  }

  async end(): Promise<void> {
    const stores = this.#stores;
    this.#stores = [];
    for (const store of stores.toReversed()) await store.close();
  }

  /** A store on data of its own. */
  async openFresh(keptMs: number | null): Promise<ConversationStore> {
    const store = await this.engine.open(this.#options(keptMs));
    this.#stores.push(store);
    return store;
  }

  /** A second store on the data of the first; only in cases that are there when the engine has `openAgain`. */
  async openAgain(): Promise<ConversationStore> {
    const again = await this.engine.openAgain?.(this.store, this.#options(ttlMs));
    if (again === undefined) throw new Error('this engine has no second store');
    this.#stores.push(again);
    return again;
  }

  async damage(id: ConversationId, part: DamagedPart): Promise<void> {
    await this.engine.damage?.(this.store, id, part);
  }

  /** The engine is away until the result is called. */
  async takeAway(): Promise<() => Promise<void>> {
    const bringBack = await this.engine.takeAway?.(this.store);
    if (bringBack === undefined) throw new Error('this engine cannot be taken away');
    return bringBack;
  }

  pass(ms: number): void {
    this.now += ms;
  }

  fresh(id: ConversationId = one, rest: Partial<NewConversation> = {}): NewConversation {
    return { conversationId: id, userId: ada, projectId: shop, agent: 'demo', epoch: 'e1', at: this.now, ...rest };
  }

  async create(id: ConversationId = one, rest: Partial<NewConversation> = {}): Promise<Conversation> {
    const created = await this.store.create(this.fresh(id, rest));
    if (created.kind !== 'created') throw new Error(`the conversation was ${created.kind}`);
    return created.conversation;
  }

  async read(id: ConversationId = one): Promise<ConversationRecord> {
    const record = await this.store.read(id);
    if (record === undefined) throw new Error(`there is no conversation ${id}`);
    return record;
  }

  /** Replaces the task document, on whatever version there is. */
  async saveTask(task: TaskDocument, id: ConversationId = one): Promise<SaveResult> {
    const { version } = await this.read(id);
    return this.store.save(id, version, fieldsOf({ task }), this.now);
  }

  async lease(id: ConversationId = one, owner = 'gateway-1', rest: Partial<LeaseRequest> = {}): Promise<number> {
    const result = await this.store.acquire(id, { owner, now: this.now, until: this.now + 1_000, ...rest });
    if (result.kind !== 'acquired') throw new Error(`the lease was ${result.kind}`);
    return result.generation;
  }

  write(generation: number, rest: Partial<LogWrite> = {}): Promise<LogWriteResult> {
    return this.store.write({ conversationId: one, generation, at: this.now, durable: true, ...rest });
  }

  /** What the messages after `seq` say. */
  async texts(seq = 0, id: ConversationId = one): Promise<readonly string[]> {
    const batches = await this.store.readLog(id, seq, 100_000_000);
    return batches.flatMap(contentsOf);
  }

  async commandIds(id: ConversationId = one): Promise<readonly string[]> {
    return (await this.store.openCommands(id)).map((command) => command.id);
  }

  #options(keptMs: number | null): StoreOptions {
    return { ttlMs: keptMs, now: () => this.now };
  }
}

export function fieldsOf(rest: Partial<RecordFields> = {}): RecordFields {
  return { taskId: null, title: '', status: 'completed', task: {}, ...rest };
}

export function batchOf(firstSeq: number, ...contents: string[]): LogBatch {
  const writer = new LogBatchWriter(firstSeq, start);
  for (const content of contents) writer.addMessage({ type: 'notice', agent: 'demo', code: 'test', content });
  return writer.finish();
}

export function contentsOf(batch: LogBatch): readonly string[] {
  return textsOf(batch).map((text) => (JSON.parse(text) as { content: string }).content);
}

export function abortOf(id: string): Omit<Command, 'state'> {
  return { id: id as MessageId, userId: ada, message: { type: 'abort' } };
}

export function idOf(text: string): ConversationId {
  return text as ConversationId;
}

export function messageId(text: string): MessageId {
  return text as MessageId;
}

/** A session in the middle of a turn: the conversation is open. */
export const inTurn: SessionState = {
  ...newSessionState,
  turn: { promptId: 'p1' as MessageId, userId: ada, runnerEpoch: 'r1' },
};
