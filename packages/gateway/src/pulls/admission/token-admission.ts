import type { EntryStore } from '../../conversations/entry-store.ts';
import { classify, isFree, type Answer, type Question, type Verdict } from '../retry/classify.ts';
import type { AccountReader } from '../tokens/account-reader.ts';
import type { AppTokens } from '../tokens/app-tokens.ts';
import type { TokenPool } from '../tokens/token-pool.ts';
import type { AdmissionAccount, Flight, Waiting } from './admission-account.ts';
import { machineClock, type AdmissionClock } from './admission-clock.ts';
import { WaitingLine, type Rank, type Waiter } from './admission-line.ts';
import { AdmissionPlacing, type Place, type RoomKind } from './admission-placing.ts';
import type { Admission, Admitted, Ask } from './admission.ts';
import { apiOf } from './budget-flying.ts';
import { documentedLimits, type BudgetLimits } from './budget-limits.ts';
import { readToldQuota } from './budget-quota.ts';
import { closed } from './closed.ts';
import { guardedMeter, type CallOutcome, type GitHubMeter } from './github-meter.ts';

export type TokenAdmissionOptions = {
  /** Default: the machine's. The pool is to have the same. */
  readonly clock?: AdmissionClock;
  readonly meter?: GitHubMeter;
  /** Default: {@link documentedLimits}. */
  readonly limits?: BudgetLimits;
  /** What gateways that use the same tokens share; without it each takes the whole of the limits for itself. */
  readonly entries?: EntryStore;
  /** After how long without an answer of the store this process goes on by itself. Default: 10 s. */
  readonly storeTimeoutMs?: number;
  /** Installations of a GitHub App, which go before the pool's tokens. */
  readonly app?: AppTokens;
  /** Tells tokens of the same user; without it they are taken for different users'. */
  readonly accounts?: AccountReader;
};

type AdmitOptions = { readonly signal: AbortSignal; readonly notAfterMs: number };

const identityQuestion: Question = { method: 'GET' };

/**
 * The door to GitHub: a pool's tokens, each under the budget of its account. Who waits is looked at again whenever something has changed, and
 * nothing is sent that was not allowed in the very step in which it gets its permit. The line has no bound of its own: callers have, and a
 * deadline. Once closed it lets nobody through.
 */
export class TokenAdmission implements Admission, AsyncDisposable {
  readonly #pool: TokenPool;
  readonly #clock: AdmissionClock;
  readonly #meter: GitHubMeter;
  readonly #placing: AdmissionPlacing;
  readonly #line = new WaitingLine();
  /** Their claim was refused: they go back to their places. */
  #sentBack: Waiter[] = [];
  #count = 0;
  #isLooking = false;
  #isClosed = false;
  #callOff: (() => void) | undefined;

  constructor(pool: TokenPool, options: TokenAdmissionOptions = {}) {
    const { clock = machineClock, limits = documentedLimits, storeTimeoutMs = 10_000 } = options;
    this.#pool = pool;
    this.#clock = clock;
    this.#meter = guardedMeter(options.meter);
    this.#placing = new AdmissionPlacing({
      pool,
      clock,
      limits,
      storeTimeoutMs,
      entries: options.entries,
      app: options.app,
      accounts: options.accounts,
      changed: () => this.#look(),
      identified: (label, account, flight, answer) => {
        const verdict = this.#pool.ended(label, identityQuestion, answer);
        this.#landed(label, account, flight, { question: identityQuestion, answer, verdict });
      },
    });
  }

  async admit(ask: Ask, { signal, notAfterMs }: AdmitOptions): Promise<Admitted> {
    signal.throwIfAborted();
    if (this.#isClosed) throw closed();
    const { promise, resolve, reject } = Promise.withResolvers<Admitted>();
    let isSettled = false;
    const end = (): void => {
      isSettled = true;
      signal.removeEventListener('abort', onAbort);
    };
    this.#count += 1;
    const waiter: Waiter = {
      number: this.#count,
      ask,
      sinceMs: this.#clock.now(),
      notAfterMs,
      why: undefined,
      isSettled: () => isSettled,
      settle: (admitted) => {
        end();
        resolve(admitted);
      },
      fail: (error) => {
        end();
        reject(error);
      },
    };
    const onAbort = (): void => {
      end();
      this.#line.leave(waiter);
      reject(signal.reason as Error);
      this.#look();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    this.#line.join(waiter);
    this.#look();
    return await promise;
  }

  /** Lets nobody through any more, and tells the store that nothing flies for this process. Twice is fine. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#look();
    await this.#placing.close();
  }

  /** Lets through who may go now, sends away who would not wait so long, and sets the clock for the others. */
  #look(): void {
    // What happens meanwhile is seen by the look that is under way.
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#callOff?.();
    this.#callOff = undefined;
    this.#line.rejoin(this.#sentBack.splice(0).filter((waiter) => !waiter.isSettled()));
    if (this.#isClosed) for (const waiter of this.#line.takeAll()) waiter.fail(closed());
    this.#placing.endForgotten(this.#clock.now());
    const { nextMs, waiting } = this.#letThrough();
    const atMs = this.#clock.now();
    const settleMs = this.#isClosed ? Infinity : this.#placing.settle(atMs, waiting);
    const nextLookMs = Math.min(nextMs, settleMs);
    this.#isLooking = false;
    if (this.#line.isEmpty || nextLookMs === Infinity) return;
    this.#callOff = this.#clock.after(nextLookMs - atMs, () => this.#look());
  }

  #letThrough(): { readonly nextMs: number; readonly waiting: ReadonlyMap<AdmissionAccount, Waiting> } {
    const heldBack = new Set<Rank>();
    const full = new Map<AdmissionAccount, Set<RoomKind>>();
    const waiting = new Map<AdmissionAccount, Waiting>();
    const wait = (account: AdmissionAccount, isWanted: boolean, content: number): void => {
      const before = waiting.get(account);
      waiting.set(account, {
        isWanted: isWanted || (before?.isWanted ?? false),
        content: content + (before?.content ?? 0),
      });
    };
    let nextMs = Infinity;
    for (;;) {
      const next = this.#line.first(heldBack);
      if (!next) return { nextMs, waiting };
      const { rank, waiter } = next;
      const atMs = this.#clock.now();
      const patience = { sinceMs: waiter.sinceMs, untilMs: rank.earliestDeadlineMs };
      const placing = this.#placing.place(waiter.ask, atMs, full, patience);
      if (placing.kind === 'none') {
        this.#line.leave(waiter);
        waiter.settle(placing);
        continue;
      }
      if (placing.kind === 'start') {
        this.#line.leave(waiter);
        this.#claim(waiter, placing, atMs);
        continue;
      }
      waiter.why = placing.why;
      heldBack.add(rank);
      for (const account of placing.wanted) wait(account, true, 0);
      for (const { account, kind } of placing.full) full.set(account, (full.get(account) ?? new Set()).add(kind));
      const availableAtMs = placing.atMs ?? atMs;
      for (const late of this.#line.takeImpatient(rank, availableAtMs)) {
        late.settle({ kind: 'too_late', availableAtMs: Math.max(availableAtMs, late.notAfterMs + 1) });
      }
      if (waiter.ask.kind === 'content' && apiOf(waiter.ask) === 'rest') {
        // Each of them will go to one of these, nobody knows to which.
        const content = Math.ceil(rank.waiters.size / placing.judged.length);
        for (const account of placing.judged) wait(account, false, content);
      }
      if (rank.waiters.size === 0) continue;
      nextMs = Math.min(nextMs, placing.atMs ?? Infinity, placing.againMs ?? Infinity, rank.earliestDeadlineMs + 1);
    }
  }

  #claim(waiter: Waiter, place: Place, atMs: number): void {
    const { label, account } = place;
    this.#pool.taken(label);
    const decide = (flight: Flight | undefined): void => {
      const nowMs = this.#clock.now();
      if (flight && !waiter.isSettled() && !this.#isClosed && this.#placing.isFree(label, waiter.ask, nowMs)) {
        if (waiter.why) this.#meter.waited(label, waiter.why, nowMs - waiter.sinceMs);
        waiter.settle(this.#permit(place, flight));
        return;
      }
      if (flight) account.end(flight, 'unsent', nowMs);
      if (!waiter.isSettled()) this.#sentBack.push(waiter);
    };
    account.claim({ cost: waiter.ask, decide }, atMs);
  }

  #permit({ label, secret, account, refused, accepted }: Place, flight: Flight): Admitted {
    let isOver = false;
    return {
      kind: 'permit',
      label,
      secret,
      ended: (question, answer) => {
        const seen = classify(question, answer, this.#clock.now());
        if (isOver) return seen;
        isOver = true;
        const isRefused = seen.kind === 'final' && seen.reason === 'unauthorized';
        if (!isRefused && answer.kind === 'response') accepted();
        // An installation's token may have been revoked; with a new one the request is good again, and this one did nothing.
        const verdict: Verdict =
          isRefused && refused() ? { kind: 'transient' } : this.#pool.ended(label, question, answer);
        this.#landed(label, account, flight, { question, answer, verdict });
        return verdict;
      },
      unused: () => {
        if (isOver) return;
        isOver = true;
        account.end(flight, 'unsent', this.#clock.now());
        this.#meter.called(label, 'not_sent');
        this.#look();
      },
    };
  }

  #landed(
    label: string,
    account: AdmissionAccount,
    flight: Flight,
    { question, answer, verdict }: { readonly question: Question; readonly answer: Answer; readonly verdict: Verdict },
  ): void {
    const atMs = this.#clock.now();
    const told = readToldQuota(question, answer, verdict, atMs);
    account.end(flight, isUnsent(answer) ? 'unsent' : { told, isFree: isFree(answer) }, atMs);
    const outcome = outcomeOf(verdict);
    if (outcome === 'limited' || outcome === 'unauthorized') account.hurry();
    this.#meter.called(label, outcome);
    if (typeof told !== 'string') this.#meter.quota(label, told.resource, told.limit - told.used, told.limit);
    this.#look();
  }
}

function isUnsent(answer: Answer): boolean {
  return answer.kind === 'no_answer' && (answer.reason === 'not_connected' || answer.reason === 'untrusted');
}

function outcomeOf(verdict: Verdict): CallOutcome {
  switch (verdict.kind) {
    case 'success':
      return 'success';
    case 'limited':
      return 'limited';
    case 'transient':
    case 'unknown_outcome':
      return 'failed';
    case 'final':
      return verdict.reason === 'untrusted' ? 'failed' : verdict.reason;
  }
}
