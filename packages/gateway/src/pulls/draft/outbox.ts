import type { ProjectId } from '@holdfast/protocol';
import type { DraftEnd } from './draft-end.ts';
import type { OutboxEvent, Refusal } from './outbox-event.ts';
import type { DraftPolicy } from './policy/policy.ts';
import type { StepResult, StepResults } from './target.ts';

/*
 * What is to be done for one draft, and how far it has come. A step is waiting, then sending (it may have taken effect, or not), then done. Who
 * carries it on holds the claim; each claim has a generation, and whoever comes with an older one is refused. It ends published, failed or
 * cancelled, and stays on the list of open ones until what is left of it (its parts, telling of it) is tidied away. Failed can be opened again.
 */

export type OutboxStep = {
  readonly name: string;
  readonly isVisible: boolean;
  readonly phase: 'waiting' | 'sending' | 'done';
  /** Epoch milliseconds of the last time that it was about to be sent, and of its end. */
  readonly sentAt?: number;
  readonly doneAt?: number;
  /** How far it has come, while sending. */
  readonly noted?: StepResult;
  readonly result?: StepResult;
};

export type Outbox = {
  readonly draftId: string;
  readonly projectId: ProjectId;
  /** Where the draft itself is kept. */
  readonly content: { readonly parts: number; readonly digest: string };
  /** As it was when the draft was accepted. */
  readonly policy: DraftPolicy;
  readonly steps: readonly OutboxStep[];
  readonly acceptedAt: number;
  /** Acceptance, or the last time that somebody asked for another try: from here on it is tried for so long. */
  readonly openedAt: number;
  /** Since something last went well; whoever left its claim without a word counts as one. */
  readonly failures: number;
  /** Not tried before this time, epoch milliseconds. */
  readonly notBefore: number;
  readonly lastError: string | null;
  readonly generation: number;
  readonly claim: { readonly owner: string; readonly until: number } | null;
  readonly end: DraftEnd | null;
  readonly isTidy: boolean;
};

export type Transition =
  | { readonly kind: 'next'; readonly outbox: Outbox }
  | { readonly kind: 'refused'; readonly reason: Refusal };

export const giveUpAfterMs: number = 24 * 3_600_000;
const firstPauseMs = 15_000;
const longestPauseMs = 3_600_000;
/** So many may leave a draft in a row without blame on it: machines go down, gateways are killed. More, and it may be what kills them. */
const blameless = 2;

/** Nothing done, nobody's. */
export function openOutbox(
  given: Pick<Outbox, 'draftId' | 'projectId' | 'content' | 'policy'> & {
    readonly steps: readonly { readonly name: string; readonly isVisible?: boolean }[];
  },
  atMs: number,
): Outbox {
  const { draftId, projectId, content, policy, steps } = given;
  return {
    draftId,
    projectId,
    content,
    policy,
    steps: steps.map(({ name, isVisible }) => ({ name, isVisible: isVisible === true, phase: 'waiting' })),
    acceptedAt: atMs,
    openedAt: atMs,
    failures: 0,
    notBefore: atMs,
    lastError: null,
    generation: 0,
    claim: null,
    end: null,
    isTidy: false,
  };
}

/** What becomes of a draft, or why nothing does. */
export function advance(outbox: Outbox, event: OutboxEvent): Transition {
  switch (event.kind) {
    case 'claim':
      return claim(outbox, event);
    case 'cancel':
      return cancel(outbox);
    case 'retry':
      return reopen(outbox, event.atMs);
    case 'renew':
    case 'sending':
    case 'note':
    case 'done':
    case 'interrupted':
    case 'released':
    case 'ended':
    case 'tidied':
      return outbox.claim === null || outbox.generation !== event.generation
        ? refused('stale')
        : carriedOn(outbox, outbox.claim, event);
  }
}

/** Of the steps that are done. */
export function resultsOf(outbox: Outbox): StepResults {
  return Object.fromEntries(outbox.steps.flatMap(({ name, result }) => (result ? [[name, result]] : [])));
}

type Claimed = Exclude<OutboxEvent, { readonly kind: 'claim' | 'cancel' | 'retry' }>;

function carriedOn(outbox: Outbox, held: NonNullable<Outbox['claim']>, event: Claimed): Transition {
  const isEnded = outbox.end !== null;
  switch (event.kind) {
    case 'renew':
      // Once it is over, somebody may be about to take it: what was held then is not held again.
      return held.until > event.atMs
        ? next(outbox, { claim: { ...held, until: Math.max(held.until, event.untilMs) } })
        : refused('stale');
    case 'released':
      return next(outbox, {
        claim: event.settledAt === undefined ? null : { ...held, until: Math.min(held.until, event.settledAt) },
      });
    case 'tidied':
      return isEnded ? next(outbox, { claim: null, isTidy: true }) : refused('stale');
    case 'sending':
      if (isEnded) return refused('ended');
      if (held.until <= event.atMs) return refused('stale');
      return withStep(outbox, event.step, (step) => ({ ...step, phase: 'sending', sentAt: event.atMs }));
    case 'note':
      if (isEnded) return refused('ended');
      return withStep(outbox, event.step, (step) => ({ ...step, noted: event.progress }));
    case 'done':
      if (isEnded) return refused('ended');
      return withStep({ ...outbox, failures: 0, lastError: null }, event.step, ({ noted: _, ...step }) => ({
        ...step,
        phase: 'done',
        doneAt: event.atMs,
        result: event.result,
      }));
    case 'interrupted':
      return isEnded ? refused('ended') : interrupted(outbox, event);
    case 'ended':
      return isEnded ? refused('ended') : next(outbox, { end: event.end });
  }
}

function claim(outbox: Outbox, event: Extract<OutboxEvent, { kind: 'claim' }>): Transition {
  if (outbox.isTidy) return refused('ended');
  const { claim: held, generation } = outbox;
  if (held !== null && held.until > event.atMs && held.owner !== event.takeFrom) return refused('held');
  if (outbox.notBefore > event.atMs && outbox.end === null) return refused('not_due');
  const claimed = { claim: { owner: event.owner, until: event.untilMs }, generation: generation + 1 };
  return next(outbox, held === null || outbox.end !== null ? claimed : { ...claimed, ...left(outbox, event.atMs) });
}

/** Taken over from somebody who did not say how it went: should whoever has it now be lost too, the next one waits, and once that is no use, gives up. */
function left(outbox: Outbox, atMs: number): Partial<Outbox> {
  const failures = outbox.failures + 1;
  if (failures <= blameless) return { failures };
  const lastError = `${failures} attempts in a row came to nothing; the last was broken off, with the process that made it or its connection to the store.`;
  if (isOverdue(outbox, atMs)) return { failures, lastError, end: givenUp(outbox, atMs, lastError) };
  return { failures, lastError, notBefore: atMs + pauseAfter(failures - blameless - 1) };
}

function interrupted(outbox: Outbox, event: Extract<OutboxEvent, { kind: 'interrupted' }>): Transition {
  const { atMs, message } = event;
  const lastError = message.slice(0, 2000);
  if (isOverdue(outbox, atMs)) return next(outbox, { lastError, end: givenUp(outbox, atMs, lastError) });
  // The end of a limit is what the server says; a clock there that is wrong must not put it off for ever.
  const latest = outbox.openedAt + giveUpAfterMs;
  const notBefore = Math.max(atMs + pauseAfter(outbox.failures), Math.min(event.notBefore ?? 0, latest));
  return next(outbox, { lastError, notBefore, failures: outbox.failures + 1, claim: null });
}

function isOverdue({ openedAt }: Outbox, atMs: number): boolean {
  return atMs - openedAt >= giveUpAfterMs;
}

function givenUp({ openedAt }: Outbox, atMs: number, why: string): DraftEnd {
  const hours = Math.round((atMs - openedAt) / 3_600_000);
  const message = `It was tried for ${hours} hours and did not get through: ${why} When the cause is gone, try it again.`;
  return { kind: 'failed', code: 'unavailable', message };
}

function pauseAfter(failures: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures, 20));
}

function cancel(outbox: Outbox): Transition {
  if (outbox.end !== null) return refused('ended');
  if (firstVisible(outbox.steps).some(({ phase }) => phase !== 'waiting')) return refused('too_late');
  // Whoever is at it is refused from now on, before it makes anything that people see.
  return next(outbox, { end: { kind: 'cancelled' }, claim: null, generation: outbox.generation + 1 });
}

function reopen(outbox: Outbox, atMs: number): Transition {
  if (outbox.end === null) {
    if (outbox.claim !== null && outbox.claim.until > atMs) return refused('held');
    return next(outbox, { openedAt: atMs, notBefore: atMs, failures: 0 });
  }
  if (outbox.end.kind !== 'failed') return refused('ended');
  // What people can undo is looked at again; what only git knows stands for ever.
  const visible = new Set(firstVisible(outbox.steps));
  const steps = outbox.steps.map((step): OutboxStep => {
    if (!visible.has(step) || step.phase !== 'done') return step;
    const { result: _, doneAt: __, ...rest } = step;
    return { ...rest, phase: 'sending' };
  });
  const generation = outbox.generation + 1;
  return next(outbox, {
    steps,
    generation,
    claim: null,
    end: null,
    isTidy: false,
    openedAt: atMs,
    notBefore: atMs,
    failures: 0,
  });
}

/** From the first step on that people see. */
function firstVisible(steps: readonly OutboxStep[]): readonly OutboxStep[] {
  const at = steps.findIndex(({ isVisible }) => isVisible);
  return steps.slice(Math.max(0, at));
}

function withStep(outbox: Outbox, name: string, change: (step: OutboxStep) => OutboxStep): Transition {
  const steps = outbox.steps.map((step) => (step.name === name && step.phase !== 'done' ? change(step) : step));
  return next(outbox, { steps });
}

function next(outbox: Outbox, change: Partial<Outbox>): Transition {
  return { kind: 'next', outbox: { ...outbox, ...change } };
}

function refused(reason: Refusal): Transition {
  return { kind: 'refused', reason };
}
