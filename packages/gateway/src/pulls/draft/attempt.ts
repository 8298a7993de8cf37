import type { EntryStore } from '../../conversations/entry-store.ts';
import type { Logger } from '../../lib/logger.ts';
import { Claim } from './claim.ts';
import type { Clock } from './clock.ts';
import { deleteParts, keptMs } from './content.ts';
import type { DeadOwners } from './dead-owners.ts';
import { stateOf, type DraftState } from './draft-state.ts';
import { changeOutbox, readOutbox, type Changed } from './outbox-entry.ts';
import type { DraftEnd } from './draft-end.ts';
import type { Outbox } from './outbox.ts';
import { carryOn } from './publication.ts';
import type { DraftTarget } from './target.ts';

export type AttemptParts = {
  readonly entries: EntryStore;
  readonly owner: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly claimMs: number;
  readonly dead: DeadOwners;
  readonly targetOf: (projectId: Outbox['projectId']) => DraftTarget | undefined;
  readonly onFinished: (ended: Outbox & { readonly end: DraftEnd }) => void | Promise<void>;
  /** Aborts when no further step is to be begun. */
  readonly stopping: AbortSignal;
};

export type Attempt =
  | { readonly kind: 'missing' }
  | { readonly kind: 'state'; readonly state: DraftState }
  /** By another gateway, or by what an earlier attempt has sent and may still arrive. */
  | { readonly kind: 'held'; readonly state: DraftState };

const endPhrases = { published: 'draft published', failed: 'draft failed', cancelled: 'draft cancelled' } as const;

/**
 * Claims a draft that is due, carries it on and, once it has ended, tidies it away. One at a time for a draft in a process. Rejects when the
 * store does not answer; whoever comes next goes on from what is noted.
 */
export async function attemptDraft(parts: AttemptParts, draftId: string, signal: AbortSignal): Promise<Attempt> {
  const { entries, clock, claimMs, targetOf, log, stopping } = parts;
  const at = clock.now();
  const found = await readOutbox(entries, draftId);
  if (!found) return { kind: 'missing' };
  const target = targetOf(found.projectId);
  if (!target && isForAnother(found, at)) return { kind: 'state', state: stateOf(found, at) };
  const claimed = await claim(parts, draftId, at);
  if (claimed.kind === 'missing') return claimed;
  const { outbox } = claimed;
  if (claimed.kind === 'refused') {
    return { kind: claimed.reason === 'held' ? 'held' : 'state', state: stateOf(outbox, at) };
  }
  const { generation } = outbox;
  using held = new Claim({
    until: at + claimMs,
    claimMs,
    clock,
    renew: async (untilMs) => {
      const now = clock.now();
      const renewed = await changeOutbox(entries, draftId, { kind: 'renew', generation, atMs: now, untilMs }, now);
      return renewed.kind === 'changed';
    },
  });
  const publication = { entries, log, clock, target, signal: AbortSignal.any([signal, held.signal]), stopping };
  const left = outbox.end ? outbox : await carryOn(publication, outbox);
  const isOurs = left.generation === generation;
  const { end } = left;
  if (isOurs && end !== null) {
    if (found.end === null) log.info({ draftId, ...end }, endPhrases[end.kind]);
    await tidy(parts, left, end);
  }
  // Our own claim stands where something sent may still arrive.
  const isHeld = end === null && (!isOurs || left.claim !== null);
  return { kind: isHeld ? 'held' : 'state', state: stateOf(left, clock.now()) };
}

/** A gateway may have been given another configuration than its neighbours; one that knows the project may come as long as there is what to publish. */
function isForAnother({ end, acceptedAt }: Outbox, atMs: number): boolean {
  return end === null && atMs - acceptedAt < keptMs;
}

async function claim({ entries, owner, claimMs, dead }: AttemptParts, draftId: string, atMs: number): Promise<Changed> {
  const event = { kind: 'claim', owner, atMs, untilMs: atMs + claimMs } as const;
  const claimed = await changeOutbox(entries, draftId, event, atMs);
  const takeFrom = claimed.kind === 'refused' ? dead.takeableFrom(claimed.outbox, atMs) : undefined;
  return takeFrom === undefined ? claimed : changeOutbox(entries, draftId, { ...event, takeFrom }, atMs);
}

/** What fails here is done again by whoever looks next: the draft stays on the list until then. */
async function tidy({ entries, log, clock, onFinished }: AttemptParts, outbox: Outbox, end: DraftEnd): Promise<void> {
  const { draftId, content, generation } = outbox;
  try {
    await onFinished({ ...outbox, end });
    // A draft that failed may be tried again; its parts expire.
    if (end.kind !== 'failed') await deleteParts(entries, draftId, content);
    await changeOutbox(entries, draftId, { kind: 'tidied', generation }, clock.now());
  } catch (error) {
    log.warn({ err: error, draftId }, 'ended draft not tidied away');
  }
}
