import { HoldfastError, type ConversationId } from '@holdfast/protocol';
import type { Conversation } from '../conversations/conversation.ts';
import type { EntryStore } from '../conversations/entry-store.ts';
import { defaultListLimit, maxListLimit, type ListFilter, type ListPosition } from '../conversations/list.ts';
import { publishedSummary } from '../conversations/published.ts';
import type { ConversationStore, CreateResult, SaveResult } from '../conversations/store.ts';
import {
  toRecord,
  type ConversationInput,
  type ConversationListItem,
  type ConversationRecord,
} from './conversation-record.ts';
import { parseConversationInput, readId, refuse, show, type ParsedInput } from './conversation-input.ts';
import { parseFilters, parseMaxResults } from './list-query.ts';
import type { ConversationFilters, PersistenceAdapter } from './persistence-adapter.ts';

const hourMs = 3_600_000;
/** A week. */
const defaultTtlHours = 168;
/** A hundred years: longer is for ever, which has a word of its own. */
const maxTtlHours = 876_000;
/** Each round that fails means that somebody else succeeded; so many in a row mean that something is wrong. */
const maxOverwriteRounds = 100;

/** The adapter over a store; all rules about conversations are the store's. It owns the store and closes it. */
export class StoreAdapter implements PersistenceAdapter {
  readonly entries: EntryStore = {
    readEntry: async (key) => (await this.#opened()).readEntry(key),
    changeEntry: async (key, change) => (await this.#opened()).changeEntry(key, change),
    entriesIn: async (list, limit) => (await this.#opened()).entriesIn(list, limit),
    sweepEntries: async (options) => (await this.#opened()).sweepEntries(options),
  };
  readonly #open: () => Promise<ConversationStore>;
  readonly #ttlMs: number | null;
  readonly #now: () => number;
  #store: Promise<ConversationStore> | undefined;
  #isClosed = false;

  /** The store is opened by the first verb that needs it, and again if that failed. */
  constructor(
    open: () => Promise<ConversationStore>,
    { ttlMs, now = Date.now }: { readonly ttlMs: number | null; readonly now?: () => number },
  ) {
    this.#open = open;
    this.#ttlMs = ttlMs;
    this.#now = now;
  }

  async saveConversation(
    input: ConversationInput,
    { overwrite = false }: { readonly overwrite?: boolean } = {},
  ): Promise<ConversationRecord> {
    const parsed = parseConversationInput(input, this.#now());
    this.#refuseExpired(parsed);
    const store = await this.#opened();
    if (overwrite) return await overwriteIn(store, parsed);
    const { conversation, version } = parsed;
    if (version === 0) return savedOrThrow(await store.create(conversation), parsed);
    const there = await store.get(conversation.conversationId);
    if (there !== undefined) refuseMove(there, parsed);
    return savedOrThrow(await replaceIn(store, parsed, version), parsed);
  }

  async getConversation(conversationId: string): Promise<ConversationRecord | undefined> {
    const id = parseId(conversationId);
    const stored = await (await this.#opened()).read(id);
    return stored && toRecord(stored, stored.task);
  }

  async deleteConversation(
    conversationId: string,
    { force = false }: { readonly force?: boolean } = {},
  ): Promise<boolean> {
    const id = parseId(conversationId);
    const result = await (await this.#opened()).delete(id, { force });
    if (result !== 'open') return result === 'deleted';
    throw new HoldfastError(
      'conflict',
      `An agent works in conversation ${id}; wait for it, or delete it with { force: true }.`,
    );
  }

  async listConversations(
    filters: ConversationFilters = {},
    maxResults: number = defaultListLimit,
  ): Promise<readonly ConversationListItem[]> {
    const filter = parseFilters(filters);
    const limit = parseMaxResults(maxResults);
    const found: ConversationListItem[] = [];
    for await (const page of this.#pages(filter, limit)) found.push(...page);
    return found;
  }

  async *iterateConversations(filters: ConversationFilters = {}): AsyncGenerator<ConversationListItem, undefined> {
    for await (const page of this.#pages(parseFilters(filters), Infinity)) yield* page;
  }

  async cleanupExpired(ttlHours: number = defaultTtlHours): Promise<number> {
    if (!(typeof ttlHours === 'number' && ttlHours >= 0 && ttlHours <= maxTtlHours)) {
      throw new HoldfastError(
        'bad_message',
        `ttlHours must be a number of hours from 0 to ${maxTtlHours}, and is ${show(ttlHours)}.`,
      );
    }
    return (await this.#opened()).cleanup({ before: this.#now() - ttlHours * hourMs });
  }

  async check(): Promise<void> {
    await (await this.#opened()).check();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // A store that could not be opened has nothing to close.
    const store = await this.#store?.catch(() => undefined);
    await store?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async *#pages(filter: ListFilter, total: number): AsyncGenerator<readonly ConversationListItem[], undefined> {
    const store = await this.#opened();
    let after: ListPosition | null | undefined;
    for (let left = total; left > 0 && after !== null;) {
      const limit = Math.min(left, maxListLimit);
      const page = await store.list({ ...filter, limit, ...(after !== undefined && { after }) });
      left -= page.conversations.length;
      after = page.next;
      yield page.conversations.map(publishedSummary);
    }
  }

  async #opened(): Promise<ConversationStore> {
    if (this.#isClosed) throw new HoldfastError('unavailable', 'The persistence adapter is closed; make a new one.');
    this.#store ??= this.#open();
    try {
      return await this.#store;
    } catch (error) {
      this.#store = undefined;
      throw error;
    }
  }

  /** What resolves as saved is there afterwards. */
  #refuseExpired({ conversation }: ParsedInput): void {
    if (this.#ttlMs === null || conversation.at + this.#ttlMs > this.#now()) return;
    const hours = this.#ttlMs / hourMs;
    refuse('The conversation cannot be saved', [
      `lastActivityAt is ${hours} hours ago or more, so that it would be gone at once; leave it out, or open the adapter with a longer ttlHours`,
    ]);
  }
}

/** Milliseconds of an adapter's `ttlHours`; refuses what is none with `bad_message`. */
export function parseTtlHours(ttlHours: number | null = defaultTtlHours): number | null {
  if (ttlHours === null) return null;
  if (typeof ttlHours === 'number' && ttlHours > 0 && ttlHours <= maxTtlHours) return ttlHours * hourMs;
  const rule = `ttlHours must be more than 0 and at most ${maxTtlHours} hours, or null: for ever`;
  throw new HoldfastError('bad_message', `${rule}; it is ${show(ttlHours)}.`);
}

async function overwriteIn(store: ConversationStore, parsed: ParsedInput): Promise<ConversationRecord> {
  const { conversationId } = parsed.conversation;
  for (let round = 0; round < maxOverwriteRounds; round += 1) {
    const there = await store.get(conversationId);
    if (there !== undefined) refuseMove(there, parsed);
    const result =
      there === undefined ? await store.create(parsed.conversation) : await replaceIn(store, parsed, there.version);
    if (result.kind !== 'known' && result.kind !== 'conflict' && result.kind !== 'missing') {
      return savedOrThrow(result, parsed);
    }
  }
  throw new HoldfastError(
    'conflict',
    `Conversation ${conversationId} changed ${maxOverwriteRounds} times while it was to be overwritten; find out who saves it so often.`,
  );
}

function replaceIn(store: ConversationStore, { conversation }: ParsedInput, version: number): Promise<SaveResult> {
  return store.save(conversation.conversationId, version, conversation.fields, conversation.at);
}

function savedOrThrow(result: CreateResult | SaveResult, { conversation, version }: ParsedInput): ConversationRecord {
  const { conversationId } = conversation;
  switch (result.kind) {
    case 'created':
    case 'saved':
      return toRecord(result.conversation, conversation.fields.task);
    case 'known':
      throw new HoldfastError(
        'conflict',
        `There is a conversation ${conversationId} already, in version ${result.conversation.version}; read it and save it with its version, or take another id.`,
      );
    case 'conflict':
      throw new HoldfastError(
        'conflict',
        `Conversation ${conversationId} is in version ${result.version}, not ${version}: somebody else saved it; read it again and save that.`,
      );
    case 'deleted':
      throw new HoldfastError('conflict', `Conversation ${conversationId} was deleted; a new one needs another id.`);
    case 'missing':
      throw new HoldfastError(
        'not_found',
        `There is no conversation ${conversationId}, or no longer; save it without a version to make it.`,
      );
  }
}

/** Whose it is and where it runs stays: others may see it because of that. */
function refuseMove(there: Conversation, { conversation, named }: ParsedInput): void {
  const moved = named.filter((name) => there[name] !== conversation[name]);
  refuse(
    `Conversation ${conversation.conversationId} cannot be saved`,
    moved.map((name) => `${name} is ${show(there[name])} and cannot become ${show(conversation[name])}`),
  );
}

function parseId(value: unknown): ConversationId {
  const faults: string[] = [];
  const id = readId(value, faults);
  refuse('The conversation cannot be looked for', faults);
  return id;
}
