import type { Entry, EntryChange, EntryStore } from '../../../packages/gateway/src/conversations/entry-store.ts';
import { draftIdIn, parseOutbox } from '../../../packages/gateway/src/pulls/draft/outbox-entry.ts';

/** A change of a draft's outbox that matters: before it is in the store, or after. `end`: the whole draft has ended. */
export type OutboxMoment = {
  readonly draftId: string;
  readonly step: string;
  readonly phase: 'sending' | 'done';
  readonly when: 'before' | 'after';
};

/** What the gate never lets through is as if the process had stood still there: a test kills it. */
export type Gate = (moment: OutboxMoment) => Promise<void>;

/** Entries that ask before and after each change of a step. */
export class GatedEntries implements EntryStore {
  readonly #inner: EntryStore;
  readonly #gate: Gate;

  constructor(inner: EntryStore, gate: Gate) {
    this.#inner = inner;
    this.#gate = gate;
  }

  async changeEntry<Result>(key: string, change: (current: Entry | undefined) => EntryChange<Result>): Promise<Result> {
    const draftId = draftIdIn(key);
    if (draftId === undefined) return this.#inner.changeEntry(key, change);
    // A change has no effects of its own, so it can be asked what it would do.
    const current = await this.#inner.readEntry(key);
    const moments = momentsBetween(draftId, current, change(current).next);
    for (const moment of moments) await this.#gate({ ...moment, when: 'before' });
    const result = await this.#inner.changeEntry(key, change);
    for (const moment of moments) await this.#gate({ ...moment, when: 'after' });
    return result;
  }

  readEntry(key: string): Promise<Entry | undefined> {
    return this.#inner.readEntry(key);
  }

  entriesIn(list: string, limit: number): Promise<readonly string[]> {
    return this.#inner.entriesIn(list, limit);
  }

  sweepEntries(options?: { readonly signal?: AbortSignal }): Promise<number> {
    return this.#inner.sweepEntries(options);
  }
}

function momentsBetween(
  draftId: string,
  current: Entry | undefined,
  next: Entry | null | undefined,
): readonly Omit<OutboxMoment, 'when'>[] {
  if (!current || !next) return [];
  const before = parseOutbox(draftId, current);
  const after = parseOutbox(draftId, next);
  const steps = after.steps.flatMap(({ name, phase }, index): readonly Omit<OutboxMoment, 'when'>[] =>
    phase !== 'waiting' && phase !== before.steps[index]?.phase ? [{ draftId, step: name, phase }] : [],
  );
  return before.end === null && after.end !== null ? [...steps, { draftId, step: 'end', phase: 'done' }] : steps;
}
