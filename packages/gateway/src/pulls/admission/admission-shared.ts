import { slowStart } from '../tokens/slow-start.ts';
import { worse, type Standing } from '../tokens/token-state.ts';
import {
  Flights,
  type AdmissionAccount,
  type Claim,
  type Flight,
  type Landing,
  type Waiting,
} from './admission-account.ts';
import type { SharedAccountState } from './admission-entry.ts';
import { endOf } from './admission-local.ts';
import { SharedEntry, type SharedEntryParts } from './admission-shared-entry.ts';
import { SharedUser } from './admission-shared-user.ts';
import type { Cost, Flying } from './budget-flying.ts';
import { judge, type Judgement } from './budget-judge.ts';
import { shareOf, type BudgetLimits } from './budget-limits.ts';
import {
  advanceBudget,
  flyingFor,
  freshBudget,
  memberCount,
  replayBudget,
  waitingAt,
  type BudgetEvent,
  type BudgetState,
} from './budget.ts';

/** A claim that the store has not been asked for yet, and what it is to our copy. */
type Pending = { readonly claim: Claim; readonly started: BudgetEvent };

export type SharedAccountParts = SharedEntryParts & {
  /** Names this process among those that share the account. */
  readonly member: string;
  readonly limits: BudgetLimits;
  /** How the token stands here, and what another process knows of it. */
  readonly standing: () => Standing | undefined;
  readonly hear: (known: { readonly standing: Standing | undefined; readonly user: string | undefined }) => void;
  /** Something may have become possible. */
  readonly changed: () => void;
  /** The store does not answer; told again only after it did. */
  readonly silent: (cause: unknown) => void;
};

/** What landed is told so late at the latest when nobody here waits for its place; and how often a place is asked after that others hold. */
const reportMs = 500;
/** Well below the time after which a member counts as dead. */
const heartbeatMs = 10_000;
const silenceMs = 10_000;
/** How many gateways there are when nobody could be asked. */
const leastShare = 4;
const longestLog = 10_000;
/** What the store allowed so long ago is not sent any more; well below the time after which a member counts as dead. */
const staleMs = 5_000;

/**
 * An account that several processes use, by one entry in the store. What may be sent is claimed there: all that waits here in one change, and one
 * change at a time, which also tells what has landed since the last one, and brings what the others know. Between changes the process keeps a copy,
 * which tells when asking is worth it; only the store says yes.
 *
 * When the store does not answer the process goes on by its copy with a part of the limits, and tries again every ten seconds. What it allowed is
 * given back when this process hears of it more than five seconds later, for then the others may soon take its flights for landed. A process that is
 * paused with a permit in its hands is beyond this: what it sends later than that is counted as if it had been sent before.
 *
 * The clocks of the machines: who is behind counts by the newest time in the entry, so a window is never shorter by the clock of whoever is ahead; one
 * that is more than ten seconds ahead of us is not believed. What a clock that is behind wrote after a pause of all others is forgotten by those
 * that are ahead too early, by as much as the clocks differ.
 */
export class SharedAccount implements AdmissionAccount {
  /** Who its token acts as. */
  readonly user: SharedUser;
  readonly #parts: SharedAccountParts;
  readonly #entry: SharedEntry;
  readonly #flights = new Flights();
  /** What was in the entry after the last change, and what happened here since. */
  #copy: BudgetState = freshBudget;
  /** What flies for this process by what it knows that the entry was told; an entry that knows better was changed without an answer. */
  #told: Flying = flyingFor(freshBudget, '');
  /** What the entry has not been told yet. */
  #log: BudgetEvent[] = [];
  #claims: Pending[] = [];
  #changing: Promise<void> | undefined;
  #changedAtMs = -Infinity;
  #silentUntilMs: number | undefined;
  #callOff: (() => void) | undefined;
  #isUrgent = false;
  /** How many content-creating writes wait here, and what the entry was told of that. */
  #waiting = 0;
  #toldWaiting = 0;

  constructor(parts: SharedAccountParts) {
    this.#parts = parts;
    this.#entry = new SharedEntry(parts);
    this.user = new SharedUser(this.#entry);
  }

  judge(cost: Cost, atMs: number, { mostAtOnce }: { readonly mostAtOnce: number }): Judgement {
    return judge(this.#copy, cost, atMs, { member: this.#parts.member, limits: this.#limits(), mostAtOnce });
  }

  claim(claim: Claim, atMs: number): void {
    const started = { kind: 'started', member: this.#parts.member, cost: claim.cost, atMs } as const;
    this.#copy = advanceBudget(this.#copy, started);
    if (this.#silentUntilMs === undefined) {
      this.#claims.push({ claim, started });
      return;
    }
    this.#note(started);
    claim.decide(this.#flights.start(claim.cost, atMs));
  }

  end(flight: Flight, landing: Landing, atMs: number): void {
    if (!this.#flights.end(flight)) return;
    const event = endOf(flight, landing, this.#parts.member, atMs);
    this.#copy = advanceBudget(this.#copy, event);
    this.#note(event);
  }

  /** The others should hear of a limit before they send anything more. */
  hurry(): void {
    this.#isUrgent = true;
  }

  endForgotten(atMs: number): void {
    for (const flight of this.#flights.forgotten(atMs)) this.end(flight, { told: 'lost', isFree: false }, atMs);
  }

  settle(atMs: number, { isWanted, content }: Waiting): number | undefined {
    this.#waiting = content;
    const before = waitingAt(this.#copy, this.#parts.member);
    if (content !== before) this.#copy = this.#withWaiting(this.#copy, atMs);
    // What was kept back for those is there for others, who were looked at before.
    const againMs = content < before ? atMs : this.#flights.nextForgottenMs();
    if (this.#changing) return againMs;
    this.#stopTimer();
    const dueMs = this.#dueMs(atMs, isWanted);
    if (dueMs <= atMs) this.#changing = this.#change();
    else if (dueMs < Infinity) {
      this.#callOff = this.#parts.clock.after(dueMs - atMs, () => this.#parts.changed(), { isIdle: true });
    }
    const pollMs =
      isWanted && this.#silentUntilMs === undefined ? Math.max(atMs, this.#changedAtMs) + reportMs : Infinity;
    return Math.min(againMs ?? Infinity, pollMs);
  }

  /** Tells the entry what it has not been told, so that the others have the places at once; and does nothing more. */
  async close(): Promise<void> {
    await this.#changing;
    this.#stopTimer();
    this.#waiting = 0;
    // Nobody asks the store for these any more.
    for (const { claim } of this.#claims.splice(0)) claim.decide(undefined);
    this.#parts.changed();
    if (this.#log.length > 0 || this.#toldWaiting > 0) await this.#change();
    this.#stopTimer();
  }

  #stopTimer(): void {
    this.#callOff?.();
    this.#callOff = undefined;
  }

  /** When the entry is to be changed. */
  #dueMs(atMs: number, isWanted: boolean): number {
    if (this.#silentUntilMs !== undefined) return this.#log.length > 0 || isWanted ? this.#silentUntilMs : Infinity;
    // Reads of the others would take the points in less than a second.
    if (this.#claims.length > 0 || this.#isUrgent || this.#waiting > this.#toldWaiting) return atMs;
    const sinceMs = this.#changedAtMs;
    const oldest = this.#log[0];
    if (isWanted) return oldest ? atMs : Math.max(atMs, sinceMs + reportMs);
    if (oldest) return Math.max(atMs, oldest.atMs + reportMs);
    if (this.#waiting < this.#toldWaiting) return Math.max(atMs, sinceMs + reportMs);
    const isBusy = flyingFor(this.#copy, this.#parts.member).requests > 0 || this.#waiting > 0;
    return isBusy ? Math.max(atMs, sinceMs + heartbeatMs) : Infinity;
  }

  async #change(): Promise<void> {
    const { clock, member } = this.#parts;
    const claims = this.#claims;
    const log = this.#log;
    this.#claims = [];
    this.#log = [];
    this.#isUrgent = false;
    try {
      const { state, allowed, decidedAtMs, waiting } = await this.#entry.change((before, atMs) => {
        const { state: next, allowed: all } = this.#next(before, log, claims, atMs);
        return { next, result: { state: next, allowed: all, decidedAtMs: atMs, waiting: this.#waiting } };
      });
      this.#told = flyingFor(state.budget, member);
      this.#toldWaiting = waiting;
      const since = [...this.#log, ...this.#claims.map(({ started }) => started)];
      this.#copy = this.#withWaiting(replayBudget(state.budget, since, clock.now()), clock.now());
      this.#silentUntilMs = undefined;
      this.#parts.hear(state);
      this.#end();
      const nowMs = clock.now();
      for (const one of claims) {
        const flight = allowed.has(one) ? this.#flights.start(one.claim.cost, nowMs) : undefined;
        const isStale = nowMs - decidedAtMs > staleMs;
        if (flight && isStale) this.end(flight, 'unsent', nowMs);
        one.claim.decide(isStale ? undefined : flight);
      }
    } catch (error) {
      this.#log = [...log, ...this.#log];
      this.#goOnAlone(error);
      this.#end();
      for (const { claim } of claims) claim.decide(undefined);
    }
    this.#parts.changed();
  }

  /** What the entry is to hold. No effects: the store may call it again. */
  #next(
    before: SharedAccountState,
    log: readonly BudgetEvent[],
    claims: readonly Pending[],
    atMs: number,
  ): { readonly state: SharedAccountState; readonly allowed: ReadonlySet<Pending> } {
    const { member, limits } = this.#parts;
    const own = this.#parts.standing();
    const standing = before.standing && own ? worse(before.standing, own) : (own ?? before.standing);
    const told = advanceBudget(before.budget, { kind: 'seen', member, atMs, flying: this.#told });
    let budget = this.#withWaiting(replayBudget(told, log, atMs), atMs);
    const allowed = new Set<Pending>();
    const isLimited = (cost: Cost): boolean =>
      standing !== undefined && Math.max(standing.cooling.allUntilMs, standing.cooling.untilMs[cost.resource]) > atMs;
    const mostAtOnce = slowStart(standing?.cooling.answersSince);
    for (const one of claims) {
      const { cost } = one.claim;
      if (isLimited(cost) || judge(budget, cost, atMs, { member, limits, mostAtOnce }).kind !== 'now') continue;
      budget = advanceBudget(budget, { kind: 'started', member, cost, atMs });
      allowed.add(one);
    }
    return { state: { ...before, budget, standing }, allowed };
  }

  #withWaiting(state: BudgetState, atMs: number): BudgetState {
    return advanceBudget(state, { kind: 'waiting', member: this.#parts.member, atMs, count: this.#waiting });
  }

  #goOnAlone(cause: unknown): void {
    const isNews = this.#silentUntilMs === undefined;
    this.#silentUntilMs = this.#parts.clock.now() + silenceMs;
    // What was claimed does not fly; those who wait claim it again, from the copy.
    const { member } = this.#parts;
    const flying = this.#log.reduce(advanceBudget, {
      ...freshBudget,
      atMs: this.#copy.atMs,
      members: { [member]: { seenAtMs: this.#copy.atMs, flying: this.#told, waiting: 0 } },
    });
    const atMs = this.#copy.atMs;
    this.#copy = advanceBudget(this.#copy, { kind: 'seen', member, atMs, flying: flyingFor(flying, member) });
    const pending = this.#claims.splice(0);
    for (const { claim } of pending) claim.decide(undefined);
    if (isNews) this.#parts.silent(cause);
  }

  #end(): void {
    this.#changing = undefined;
    this.#changedAtMs = this.#parts.clock.now();
  }

  #note(event: BudgetEvent): void {
    this.#log.push(event);
    if (this.#log.length <= longestLog || this.#changing) return;
    // The store has been silent for long: how much flies is what it has to know.
    this.#told = flyingFor(this.#copy, this.#parts.member);
    this.#log = [];
  }

  #limits(): BudgetLimits {
    const { limits } = this.#parts;
    return this.#silentUntilMs === undefined ? limits : shareOf(limits, Math.max(leastShare, memberCount(this.#copy)));
  }
}
