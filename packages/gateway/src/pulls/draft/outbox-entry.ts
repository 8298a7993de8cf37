import { HoldfastError } from '@holdfast/protocol';
import type { Entry, EntryStore } from '../../conversations/entry-store.ts';
import type { OutboxEvent, Refusal } from './outbox-event.ts';
import { advance, type Outbox } from './outbox.ts';

/** The list of drafts that somebody has still to see to. */
export const openDrafts = 'drafts';

/** How long the same id is known again after its end. */
const rememberedMs = 90 * 24 * 3_600_000;

/** The entry that a draft's outbox is kept in. */
export function outboxKey(draftId: string): string {
  return `draft/${draftId}`;
}

/** The id of the draft whose outbox is kept in this entry; undefined for any other entry. */
export function draftIdIn(key: string): string | undefined {
  return /^draft\/([^/]+)$/.exec(key)?.[1];
}

/** An outbox as an entry: on the list until it is tidied away, and gone 90 days after that. */
export function entryOf(outbox: Outbox, atMs: number): Entry {
  return {
    body: JSON.stringify({ version: 1, ...outbox }),
    list: outbox.isTidy ? null : openDrafts,
    expiresAt: outbox.isTidy ? atMs + rememberedMs : null,
  };
}

/** Throws `internal` for what this version does not understand. */
export function parseOutbox(draftId: string, entry: Entry): Outbox {
  // Written by ourselves, through entryOf.
  const { version, ...outbox } = JSON.parse(entry.body) as Outbox & { readonly version: number };
  if (version === 1) return outbox;
  throw new HoldfastError(
    'internal',
    `The draft ${draftId} was written by another version (${String(version)}); run that one, or the newest.`,
  );
}

/** Undefined when there is no such draft. */
export async function readOutbox(entries: EntryStore, draftId: string): Promise<Outbox | undefined> {
  const entry = await entries.readEntry(outboxKey(draftId));
  return entry && parseOutbox(draftId, entry);
}

export type Changed =
  | { readonly kind: 'changed'; readonly outbox: Outbox }
  | { readonly kind: 'refused'; readonly reason: Refusal; readonly outbox: Outbox }
  | { readonly kind: 'missing' };

/** Carries out one event in the store, as one step; whatever is refused changes nothing. */
export function changeOutbox(entries: EntryStore, draftId: string, event: OutboxEvent, atMs: number): Promise<Changed> {
  return entries.changeEntry<Changed>(outboxKey(draftId), (entry) => {
    if (!entry) return { next: undefined, result: { kind: 'missing' } };
    const outbox = parseOutbox(draftId, entry);
    const then = advance(outbox, event);
    return then.kind === 'next'
      ? { next: entryOf(then.outbox, atMs), result: { kind: 'changed', outbox: then.outbox } }
      : { next: undefined, result: { ...then, outbox } };
  });
}
