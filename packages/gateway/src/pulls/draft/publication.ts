import { HoldfastError, type ErrorCode } from '@holdfast/protocol';
import type { EntryStore } from '../../conversations/entry-store.ts';
import type { Logger } from '../../lib/logger.ts';
import { orAborted, type Clock } from './clock.ts';
import { readDraft } from './content.ts';
import { settledMs } from './dead-owners.ts';
import { failureOf } from './failure.ts';
import { changeOutbox } from './outbox-entry.ts';
import { publishedBy, type DraftEnd } from './draft-end.ts';
import type { OutboxEvent } from './outbox-event.ts';
import { resultsOf, type Outbox } from './outbox.ts';
import type { DraftTarget, Step, StepOptions, StepResult } from './target.ts';

export type PublicationParts = {
  readonly entries: EntryStore;
  readonly log: Logger;
  readonly clock: Clock;
  readonly target: DraftTarget | undefined;
  /** Aborts when the claim is lost, or somebody does not want to wait any longer. */
  readonly signal: AbortSignal;
  /** Aborts when no further step is to be begun. */
  readonly stopping: AbortSignal;
};

/** Somebody else has changed the draft in a way that ends our part in it. */
class Overtaken extends Error {}

/**
 * Carries a draft on for which we hold the claim: one step after the other, each noted before it is sent and after. Gives how it stands then:
 * ended, put off until later, given back because of a stop, or somebody else's. Rejects when the store does not answer: the claim runs out
 * by itself, and whoever takes it then looks what there is.
 */
export async function carryOn(parts: PublicationParts, claimed: Outbox): Promise<Outbox> {
  const publication = new Publication(parts, claimed);
  try {
    const end = await publication.end();
    return await publication.note(end === undefined ? { kind: 'released' } : { kind: 'ended', end });
  } catch (error) {
    if (error instanceof Overtaken) return publication.outbox;
    return publication.fail(error);
  }
}

class Publication {
  outbox: Outbox;
  readonly #parts: PublicationParts;
  readonly #generation: number;

  constructor(parts: PublicationParts, claimed: Outbox) {
    this.#parts = parts;
    this.outbox = claimed;
    this.#generation = claimed.generation;
  }

  /** Undefined when it was stopped between two steps. */
  async end(): Promise<DraftEnd | undefined> {
    const steps = await this.#steps();
    for (const { name, phase } of this.outbox.steps) {
      if (phase === 'done') continue;
      if (this.#parts.stopping.aborted) return undefined;
      const step = steps.find((one) => one.name === name);
      if (!step) throw new HoldfastError('conflict', targetChanged(name));
      await this.#carryOut(step, phase === 'sending');
    }
    const published = publishedBy(this.outbox.steps);
    if (!published)
      throw new HoldfastError('internal', `The steps of ${this.outbox.draftId} made no commit on a branch.`);
    return published;
  }

  async fail(error: unknown): Promise<Outbox> {
    const { clock, log, signal } = this.#parts;
    const { draftId } = this.outbox;
    try {
      // Whether the step has taken effect is looked up by whoever carries on, once it no longer can.
      if (signal.aborted) return await this.note({ kind: 'released', settledAt: clock.now() + settledMs });
      const failure = failureOf(error);
      if (failure.kind === 'final')
        return await this.note({ kind: 'ended', end: failed(failure.code, failure.message) });
      const { message, notBefore } = failure;
      const due = notBefore === undefined ? {} : { notBefore };
      const outbox = await this.note({ kind: 'interrupted', atMs: clock.now(), message, ...due });
      log.warn({ err: error, draftId, notBefore: outbox.notBefore }, 'draft not published yet');
      return outbox;
    } catch (refusal) {
      if (refusal instanceof Overtaken) return this.outbox;
      throw refusal;
    }
  }

  /** Throws `Overtaken` when that is no longer ours to say. */
  async note(event: Noted): Promise<Outbox> {
    const { entries, clock } = this.#parts;
    const { draftId } = this.outbox;
    const changed = await changeOutbox(entries, draftId, { ...event, generation: this.#generation }, clock.now());
    if (changed.kind !== 'missing') this.outbox = changed.outbox;
    if (changed.kind !== 'changed') throw new Overtaken(draftId);
    return changed.outbox;
  }

  async #steps(): Promise<readonly Step[]> {
    const { entries, target } = this.#parts;
    const { draftId, projectId, content, policy } = this.outbox;
    // Nobody has come who knows it.
    if (!target) {
      throw new HoldfastError(
        'not_found',
        `No repository is configured for the project ${projectId}; name it in the configuration (repo), and ask for the draft again under another id.`,
      );
    }
    return target.stepsOf(await readDraft(entries, draftId, content), policy);
  }

  async #carryOut(step: Step, mayHaveHappened: boolean): Promise<void> {
    const { signal } = this.#parts;
    await this.#sending(step);
    const options = this.#optionsOf(step);
    const results = resultsOf(this.outbox);
    let result: StepResult | undefined;
    if (mayHaveHappened && step.find) {
      result = await orAborted(step.find(results, options), signal);
      // Looking may have taken long; what is sent is sent under a claim that still holds.
      if (!result) await this.#sending(step);
    }
    result ??= await orAborted(step.send(results, options), signal);
    await this.note({ kind: 'done', atMs: this.#parts.clock.now(), step: step.name, result });
  }

  async #sending(step: Step): Promise<void> {
    await this.note({ kind: 'sending', atMs: this.#parts.clock.now(), step: step.name });
    this.#parts.signal.throwIfAborted();
  }

  #optionsOf(step: Step): StepOptions {
    const noted = this.outbox.steps.find(({ name }) => name === step.name)?.noted;
    return {
      signal: this.#parts.signal,
      ...(noted && { noted }),
      note: async (progress) => {
        await this.note({ kind: 'note', step: step.name, progress });
      },
    };
  }
}

/** The events of whoever holds the claim, but for its generation. */
type Noted = OutboxEvent extends infer Event
  ? Event extends { readonly generation: number }
    ? Omit<Event, 'generation'>
    : never
  : never;

function failed(code: ErrorCode, message: string): DraftEnd {
  return { kind: 'failed', code, message: message.slice(0, 4000) };
}

function targetChanged(step: string): string {
  return `The project publishes its drafts to another kind of place than when this one was accepted (there is no step "${step}" there); ask for it again under another id.`;
}
