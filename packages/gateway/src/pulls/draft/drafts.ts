import { HoldfastError, type ProjectId } from '@holdfast/protocol';
import type { EntryStore } from '../../conversations/entry-store.ts';
import type { Logger } from '../../lib/logger.ts';
import { attemptDraft, type Attempt, type AttemptParts } from './attempt.ts';
import { DeadOwners } from './dead-owners.ts';
import { draftFaults, isDraftId } from './draft-faults.ts';
import { boundChecks } from './bound-checks.ts';
import { orAborted, pauseFor, systemClock, type Clock } from './clock.ts';
import { contentOfDraft, deleteParts, maxContentBytes, writeParts } from './content.ts';
import type { Draft } from './draft.ts';
import { stateOf, type DraftState } from './draft-state.ts';
import { changeOutbox, draftIdIn, entryOf, openDrafts, outboxKey, parseOutbox, readOutbox } from './outbox-entry.ts';
import type { DraftEnd } from './draft-end.ts';
import { openOutbox, type Outbox } from './outbox.ts';
import { policyFaults, type DraftPolicy } from './policy/policy.ts';
import type { DraftTarget } from './target.ts';

export type DraftsParts = {
  readonly entries: EntryStore;
  /** Who carries drafts on, among all processes that run: whoever comes back under the same name does not wait for the end of its own claims. */
  readonly owner: string;
  readonly log: Logger;
  /** Where the drafts of a project go, and what they may be; undefined when it publishes none. */
  readonly projectOf: (
    projectId: ProjectId,
  ) => { readonly target: DraftTarget; readonly policy: DraftPolicy } | undefined;
  /** True when it is certain that an owner's process is gone: its drafts are taken over before its claims end. Default: never. */
  readonly isOwnerDead?: (owner: string) => boolean;
  readonly clock?: Clock;
  /** How long a process that says nothing holds a draft; a minute by default. */
  readonly claimMs?: number;
  /** Told of each end, at least once; told again (after a restart too) when it rejects. */
  readonly onFinished?: (ended: Outbox & { readonly end: DraftEnd }) => void | Promise<void>;
};

export type Requested =
  | { readonly kind: 'refused'; readonly faults: readonly string[] }
  | { readonly kind: 'accepted' | 'known'; readonly state: DraftState };

export type Cancelled =
  | { readonly kind: 'cancelled' }
  /** People may see something of it already. */
  | { readonly kind: 'too_late'; readonly state: DraftState };

const lookEveryMs = 15_000;
const stopWithinMs = 5000;
const heldLookMs = 1000;
const atOnce = 4;
const mostOpen = 1000;

/**
 * Draft pull requests, each published exactly once, whatever is killed when: what is to be done is in the store before it is begun, and every
 * step of it is noted there before and after. Any number of gateways may share the store.
 */
export class Drafts {
  readonly #parts: DraftsParts;
  readonly #clock: Clock;
  readonly #attempts: AttemptParts;
  readonly #stopping = new AbortController();
  readonly #stopped = new AbortController();
  readonly #running = new Map<string, Promise<Attempt>>();
  /** Open drafts that recovery has found and not looked at yet. */
  readonly #found = new Set<string>();
  readonly #workers = new Set<Promise<void>>();
  #isStarted = false;
  #timer: unknown;
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: DraftsParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
    const {
      entries,
      owner,
      log,
      projectOf,
      isOwnerDead = () => false,
      claimMs = 60_000,
      onFinished = () => {},
    } = parts;
    this.#attempts = {
      ...{ entries, owner, log, claimMs, onFinished, clock: this.#clock, stopping: this.#stopping.signal },
      dead: new DeadOwners(owner, isOwnerDead),
      targetOf: (projectId) => projectOf(projectId)?.target,
    };
  }

  /** Accepts a draft: from then on it is published, by whichever gateway. The same id again is the same draft, whatever else is asked for. */
  async request(draft: Draft): Promise<Requested> {
    const project = this.#parts.projectOf(draft.projectId);
    if (!project) {
      throw new HoldfastError(
        'not_found',
        `The project ${draft.projectId} publishes no drafts; name its repository in the configuration (repo).`,
      );
    }
    const { target, policy } = project;
    const { entries } = this.#parts;
    const { draftId, projectId } = draft;
    // First: what was accepted is not refused because the policy, or what is sent under its id, is another now.
    const known = isDraftId(draftId) ? await this.read(draftId) : undefined;
    if (known) return { kind: 'known', state: known };
    const faults = [...draftFaults(draft), ...policyFaults(policy, draft.changeSet)];
    if (faults.length > 0) return { kind: 'refused', faults };
    const content = contentOfDraft({ ...draft, checks: draft.checks && boundChecks(draft.checks) });
    if (content.bytes > maxContentBytes) return { kind: 'refused', faults: [tooLarge(content.bytes)] };
    const at = this.#clock.now();
    const steps = target.stepsOf(draft, policy);
    const outbox = openOutbox({ draftId, projectId, content: content.ref, policy, steps }, at);
    await writeParts(entries, draftId, content, at);
    const there = await entries.changeEntry(outboxKey(draftId), (entry) => ({
      next: entry ? undefined : entryOf(outbox, at),
      result: entry && parseOutbox(draftId, entry),
    }));
    if (!there) return { kind: 'accepted', state: stateOf(outbox, at) };
    // Somebody was quicker, and perhaps done before our parts were written. What has failed may be tried again.
    const isUsed = there.content.digest === content.ref.digest && (there.end === null || there.end.kind === 'failed');
    if (!isUsed) await deleteParts(entries, draftId, content.ref);
    return { kind: 'known', state: stateOf(there, at) };
  }

  /** How a draft stands; undefined when there is none, or its end is longer ago than 90 days. */
  async read(draftId: string): Promise<DraftState | undefined> {
    const outbox = await readOutbox(this.#parts.entries, draftId);
    return outbox && stateOf(outbox, this.#clock.now());
  }

  /**
   * Carries a draft on until it has ended, or has been put off (`open`, with `nextAttemptAt`); while another gateway is at it, waits for that.
   * Rejects with `not_found`, with the signal's reason, and when the store does not answer; nothing is lost by that.
   */
  async publish(draftId: string, options: { readonly signal?: AbortSignal } = {}): Promise<DraftState> {
    const signal = options.signal ?? new AbortController().signal;
    for (;;) {
      signal.throwIfAborted();
      const running = this.#running.get(draftId);
      if (running) await orAborted(running, signal).catch(() => undefined);
      const attempt = running ? undefined : await this.#attempt(draftId, signal);
      signal.throwIfAborted();
      if (attempt?.kind === 'missing') throw unknownDraft(draftId);
      if (attempt?.kind === 'state' || (attempt && this.#stopping.signal.aborted)) return attempt.state;
      if (attempt) await pauseFor(this.#clock, heldLookMs, [signal, this.#stopping.signal]);
    }
  }

  /** Takes a draft back while nobody can see anything of it. Rejects with `not_found`. */
  async cancel(draftId: string): Promise<Cancelled> {
    const { entries, log } = this.#parts;
    const now = this.#clock.now();
    const changed = await changeOutbox(entries, draftId, { kind: 'cancel' }, now);
    if (changed.kind === 'missing') throw unknownDraft(draftId);
    const isCancelled = changed.outbox.end?.kind === 'cancelled';
    if (!isCancelled) return { kind: 'too_late', state: stateOf(changed.outbox, now) };
    if (changed.kind === 'changed') {
      log.info({ draftId }, 'draft cancelled');
      // Where it is under way, that ends at its next step, and whoever looks next tidies up.
      if (!this.#running.has(draftId)) await this.publish(draftId);
    }
    return { kind: 'cancelled' };
  }

  /** Opens a draft again that has failed, or that is put off: it is due now. What people see of it is looked at anew. Rejects with `not_found`. */
  async retry(draftId: string): Promise<DraftState> {
    const now = this.#clock.now();
    const changed = await changeOutbox(this.#parts.entries, draftId, { kind: 'retry', atMs: now }, now);
    if (changed.kind === 'missing') throw unknownDraft(draftId);
    return stateOf(changed.outbox, now);
  }

  /** From now on every open draft is carried on, also those that other gateways accepted and left. Twice is fine. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#lookAgain();
  }

  /** Begins nothing new; what is under way is given five seconds to end, then given back. Twice is fine. */
  async stop(): Promise<void> {
    this.#stopping.abort(stopReason());
    this.#clock.clearTimeout(this.#timer);
    const timer = this.#clock.setTimeout(() => this.#stopped.abort(stopReason()), stopWithinMs);
    await this.#looking;
    await Promise.allSettled([...this.#workers, ...this.#running.values()]);
    this.#clock.clearTimeout(timer);
  }

  #lookAgain(): void {
    if (this.#stopping.signal.aborted) return;
    this.#looking = this.#look()
      .catch((error: unknown) => this.#parts.log.warn({ err: error }, 'open drafts not looked at'))
      .finally(() => {
        if (this.#stopping.signal.aborted) return;
        this.#timer = this.#clock.setTimeout(() => this.#lookAgain(), lookEveryMs);
      });
  }

  /** Does not wait for what it begins: one that takes long does not keep those that come meanwhile. */
  async #look(): Promise<void> {
    const keys = await this.#parts.entries.entriesIn(openDrafts, mostOpen);
    for (const id of keys.map(draftIdIn)) if (id !== undefined) this.#found.add(id);
    while (this.#workers.size < Math.min(atOnce, this.#found.size + this.#workers.size)) {
      const worker = this.#work().finally(() => this.#workers.delete(worker));
      this.#workers.add(worker);
    }
  }

  async #work(): Promise<void> {
    for (const id of this.#found) {
      this.#found.delete(id);
      if (this.#stopping.signal.aborted) return;
      if (this.#running.has(id)) continue;
      await this.#attempt(id, this.#stopped.signal).catch((error: unknown) =>
        this.#parts.log.warn({ err: error, draftId: id }, 'draft not carried on'),
      );
    }
  }

  /** One at a time for a draft in this process: it would take its own claim from itself. */
  #attempt(draftId: string, signal: AbortSignal): Promise<Attempt> {
    const attempt = attemptDraft(this.#attempts, draftId, AbortSignal.any([signal, this.#stopped.signal])).finally(() =>
      this.#running.delete(draftId),
    );
    this.#running.set(draftId, attempt);
    return attempt;
  }
}

function tooLarge(bytes: number): string {
  return `The draft has ${bytes} bytes in all, with its checks; ${maxContentBytes} is the most. Split it.`;
}

function unknownDraft(draftId: string): HoldfastError {
  return new HoldfastError('not_found', `There is no draft ${draftId}.`);
}

function stopReason(): HoldfastError {
  return new HoldfastError('unavailable', 'The gateway is stopping; the draft is carried on after that.');
}
