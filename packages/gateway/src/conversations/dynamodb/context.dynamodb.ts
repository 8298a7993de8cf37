import { HoldfastError, type ConversationId } from '@holdfast/protocol';
import { Blobs } from './blobs.dynamodb.ts';
import type { Connection, Item } from './connection.dynamodb.ts';
import type { Conversation } from '../conversation.ts';
import type { Lifetime } from '../lifetime.ts';
import { Documents } from './documents.dynamodb.ts';
import {
  corrupt,
  isBusy,
  isOpen,
  isTombstone,
  keyOf,
  readConversation,
  reading,
  readState,
  timeIn,
  type RecordState,
} from './items.dynamodb.ts';

/** Records of which this process remembers how they stood. */
const maxRemembered = 2_000;
const maxTries = 100;

/** What the parts of the DynamoDB store share. */
export class Context {
  readonly connection: Connection;
  readonly blobs: Blobs;
  readonly documents: Documents;
  readonly lifetime: Lifetime;
  readonly now: () => number;
  readonly #states = new Map<ConversationId, RecordState>();
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #begun = new Set<Promise<unknown>>();

  constructor(connection: Connection, lifetime: Lifetime) {
    this.connection = connection;
    this.blobs = new Blobs(connection, lifetime.now);
    this.documents = new Documents(this.blobs);
    this.lifetime = lifetime;
    this.now = lifetime.now;
  }

  /** The item of a conversation that is there: neither deleted nor expired. */
  async find(id: ConversationId): Promise<Item | undefined> {
    const item = await this.connection.get('records', keyOf(id));
    return item !== undefined && this.isThere(item) ? item : undefined;
  }

  isThere(item: Item): boolean {
    return !isTombstone(item) && !this.isExpired(item);
  }

  isExpired(item: Item): boolean {
    return reading(String(item['conversation_id']), 'record', () =>
      this.lifetime.hasExpired(isOpen(item), timeIn(item, 'last_activity_at')),
    );
  }

  /** Undefined when it is gone meanwhile. */
  async read(item: Item): Promise<Conversation | undefined> {
    return (await this.readWhole(item, async () => true))?.conversation;
  }

  /** The conversation and what more `read` takes from its item, both of one moment. Undefined when it is gone meanwhile. */
  async readWhole<Rest>(
    first: Item,
    read: (item: Item) => Promise<Rest | undefined>,
  ): Promise<{ conversation: Conversation; rest: Rest } | undefined> {
    const id = String(first['conversation_id']) as ConversationId;
    let item = first;
    for (let attempt = 0; attempt < maxTries; attempt++) {
      const record = reading(id, 'record', () => readConversation(item));
      const session = await this.documents.readSession(id, item);
      const rest = await read(item);
      if (session !== undefined && rest !== undefined) return { conversation: { ...record, session }, rest };
      // What lies beside the record goes when it is replaced: then the record is another one too.
      const again = await this.find(id);
      if (again === undefined) return undefined;
      if (again['last_write'] === item['last_write']) throw corrupt(id, 'record');
      item = again;
    }
    throw tooBusy(id);
  }

  /** How the record stands now; remembered. Undefined when it is not there. */
  async load(id: ConversationId): Promise<RecordState | undefined> {
    const item = await this.find(id);
    if (item === undefined) {
      this.forget(id);
      return undefined;
    }
    return this.remember(reading(id, 'record', () => readState(item)));
  }

  /** How the record stood when this process last saw it. A condition finds out when that is old. */
  known(id: ConversationId): RecordState | undefined {
    return this.#states.get(id);
  }

  /** What is known, unless it has expired by now: then the record is asked, which is the way to find it missing. */
  usable(id: ConversationId): RecordState | undefined {
    const known = this.known(id);
    return known === undefined || this.lifetime.hasExpired(isBusy(known), known.lastActivityAt) ? undefined : known;
  }

  remember(state: RecordState): RecordState {
    this.#states.delete(state.conversationId);
    this.#states.set(state.conversationId, state);
    if (this.#states.size > maxRemembered) {
      const [oldest] = this.#states.keys();
      if (oldest !== undefined) this.#states.delete(oldest);
    }
    return state;
  }

  forget(id: ConversationId): void {
    this.#states.delete(id);
  }

  /** One after the other for one conversation or entry, in the order of the calls. */
  inOrder<Result>(id: string, run: () => Promise<Result>): Promise<Result> {
    const before = this.#queues.get(id) ?? Promise.resolve();
    const result = before.then(run, run);
    const last = result
      .catch(() => {})
      .then(() => {
        if (this.#queues.get(id) === last) this.#queues.delete(id);
      });
    this.#queues.set(id, last);
    return result;
  }

  /** Lets it go on while others wait for nothing; `settled` waits. What must not be lost is tried again by who needs it. */
  inBackground(work: Promise<unknown>): void {
    const quiet = work.catch(() => {});
    this.#begun.add(quiet);
    void quiet.then(() => this.#begun.delete(quiet));
  }

  async settled(): Promise<void> {
    while (this.#begun.size > 0) await Promise.all(this.#begun);
  }

  /** Calls `attempt` until it gives a result; undefined means that somebody else was faster. */
  async untilDone<Result>(id: string, attempt: (number: number) => Promise<Result | undefined>): Promise<Result> {
    for (let number = 0; number < maxTries; number++) {
      const result = await attempt(number);
      if (result !== undefined) return result;
    }
    throw tooBusy(id);
  }
}

function tooBusy(id: string): HoldfastError {
  return new HoldfastError('unavailable', `Conversation ${id} is changed by too many at once; try again.`);
}
