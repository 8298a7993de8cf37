import { isDeepStrictEqual } from 'node:util';
import type { Json } from '@holdfast/protocol';
import type { OriginalRow, OriginalStorage } from '../conversations/original/original.ts';
import type { ConversationRecord } from '../conversations/record.ts';
import type { NewConversation, RecordStore } from '../conversations/store.ts';
import { readOriginal } from './original-conversation.ts';

export type ImportOptions = {
  /** Where the original's conversations belong from now on; it had no projects. */
  readonly projectId: string;
  readonly agent: string;
  /** How long after its last activity the store keeps a conversation; null: for ever. */
  readonly ttlMs: number | null;
  /** Looks and tells, writes nothing. */
  readonly isDryRun: boolean;
  /** What changed since it was imported takes the place of what is there. */
  readonly overwrites: boolean;
  /** Expired ones are imported as if they had been active now. */
  readonly touches: boolean;
  readonly now?: () => number;
};

/** What became of one conversation of the original. */
export type ImportOutcome = {
  readonly kind: 'imported' | 'updated' | 'already-there' | 'conflict' | 'corrupt' | 'expired';
  /** `row 12 ("conv-1")`. */
  readonly name: string;
  /** Why it is a conflict or corrupt. */
  readonly why?: string;
  readonly conversationId?: string;
  readonly foreignStatus?: { readonly was: string; readonly is: string };
  readonly foreignId?: string;
  readonly numbersAsText: number;
};

type Placed = Pick<ImportOutcome, 'kind' | 'why'>;
type Conversation = Required<NewConversation>;

/** So many are under way at once, or so many bytes of them: commits are shared, memory is bounded. */
const maxAtOnce = 32;
const maxBytesAtOnce = 8_000_000;

/**
 * Brings the original's conversations into a store and tells of each, in their order. Done twice, or killed and done again, it
 * imports nothing twice. What was deleted here stays deleted.
 */
export async function* importOriginal(
  storage: OriginalStorage,
  store: RecordStore,
  options: ImportOptions,
): AsyncGenerator<ImportOutcome, undefined> {
  let batch: OriginalRow[] = [];
  let bytes = 0;
  for await (const row of storage.rows()) {
    batch.push(row);
    bytes += row.kind === 'read' ? row.bytes : 0;
    if (batch.length < maxAtOnce && bytes < maxBytesAtOnce) continue;
    yield* await Promise.all(batch.map((one) => importRow(one, store, options)));
    batch = [];
    bytes = 0;
  }
  yield* await Promise.all(batch.map((one) => importRow(one, store, options)));
}

async function importRow(row: OriginalRow, store: RecordStore, options: ImportOptions): Promise<ImportOutcome> {
  const { name } = row;
  if (row.kind === 'corrupt') return { kind: 'corrupt', name, why: row.why, numbersAsText: 0 };
  const original = readOriginal(row.fields, options);
  if (original.kind === 'corrupt') return { kind: 'corrupt', name, why: original.why, numbersAsText: 0 };
  const { conversation, foreignStatus, foreignId } = original;
  return {
    ...(await place(conversation, store, options)),
    name,
    conversationId: conversation.conversationId,
    ...(foreignStatus !== undefined && { foreignStatus: { was: foreignStatus, is: conversation.fields.status } }),
    ...(foreignId !== undefined && { foreignId }),
    numbersAsText: row.numbersAsText,
  };
}

async function place(original: Conversation, store: RecordStore, options: ImportOptions): Promise<Placed> {
  const { ttlMs, touches, isDryRun, now = Date.now } = options;
  const isExpired = ttlMs !== null && original.at + ttlMs <= now();
  const at = isExpired && touches ? now() : original.at;
  const conversation = { ...original, at };
  for (;;) {
    const there = await store.read(original.conversationId);
    if (there !== undefined) {
      const placed = await placeOver(there, conversation, isExpired, store, options);
      if (placed !== undefined) return placed;
      continue;
    }
    if (isExpired && !touches) return { kind: 'expired' };
    if (isDryRun) return (await isDeleted(store, conversation)) ? deletedHere : { kind: 'imported' };
    const result = await store.create(conversation);
    if (result.kind === 'created') return { kind: 'imported' };
    if (result.kind === 'deleted') return deletedHere;
    // Somebody made it between the two: look again.
  }
}

const deletedHere: Placed = { kind: 'conflict', why: 'it was deleted here, and is not brought back' };

/** What becomes of one that is there already; undefined when it changed at this moment. */
async function placeOver(
  there: ConversationRecord,
  original: Conversation,
  isExpired: boolean,
  store: RecordStore,
  { isDryRun, overwrites }: ImportOptions,
): Promise<Placed | undefined> {
  const fixed = (['userId', 'projectId', 'agent', 'createdAt'] as const).filter(
    (name) => there[name] !== original[name],
  );
  if (fixed.length > 0)
    return { kind: 'conflict', why: `there is another one of this id; different: ${fixed.join(', ')}` };
  const changed = differences(there, original);
  // The time of one that was expired when it was imported is that of the import.
  if (!isExpired && there.lastActivityAt !== original.at) changed.push('lastActivityAt');
  if (changed.length === 0) return { kind: 'already-there' };
  if (!overwrites)
    return {
      kind: 'conflict',
      why: `it has changed, here or there, since it was imported; different: ${short(changed)}`,
    };
  if (isDryRun) return { kind: 'updated' };
  const at = isExpired ? Math.max(there.lastActivityAt, original.at) : original.at;
  const result = await store.save(there.conversationId, there.version, original.fields, at);
  if (result.kind === 'saved') return { kind: 'updated' };
  return result.kind === 'deleted' ? deletedHere : undefined;
}

/** Names of the fields in which the content is not the same. */
function differences(there: ConversationRecord, { fields }: Conversation): string[] {
  const names = (['taskId', 'title', 'status'] as const).filter((name) => there[name] !== fields[name]);
  const task = new Set([...Object.keys(there.task), ...Object.keys(fields.task)]);
  const value = (document: { readonly [name: string]: Json | undefined }, name: string) =>
    Object.hasOwn(document, name) ? document[name] : undefined;
  return [
    ...names,
    ...[...task].filter((name) => !isDeepStrictEqual(value(there.task, name), value(fields.task, name))),
  ];
}

/** Versions begin at 1: a save of version 0 changes nothing and only tells how it stands. */
async function isDeleted(store: RecordStore, { conversationId, fields, at }: Conversation): Promise<boolean> {
  return (await store.save(conversationId, 0, fields, at)).kind === 'deleted';
}

function short(names: readonly string[]): string {
  return names.length <= 8 ? names.join(', ') : `${names.slice(0, 8).join(', ')} and ${names.length - 8} more`;
}
