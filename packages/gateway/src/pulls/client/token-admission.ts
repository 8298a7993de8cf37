import type { PoolCandidate, TokenPool } from '../tokens/token-pool.ts';
import { classify, isFree, type Answer, type Question, type Verdict } from '../retry/classify.ts';
import type { Admission, Admitted, Ask, Permit } from './admission.ts';
import { LocalAccount, type Flight } from './admission-account.ts';
import { machineClock, type AdmissionClock } from './admission-clock.ts';
import { WaitingLine, type Rank, type Waiter } from './admission-line.ts';
import { documentedLimits, type BudgetLimits } from './budget-limits.ts';
import { readToldQuota } from './budget-quota.ts';
import { apiOf } from './budget.ts';
import { noMeter, type CallOutcome, type GitHubMeter, type WaitReason } from './github-meter.ts';

export type TokenAdmissionOptions = {
  /** Default: the machine's. The pool is to have the same. */
  readonly clock?: AdmissionClock;
  readonly meter?: GitHubMeter;
  /** Default: {@link documentedLimits}. */
  readonly limits?: BudgetLimits;
};

/** What holds a rank back, and until when, if that is known. */
type Hold = { readonly why: WaitReason; readonly atMs: number | undefined };

type Placing =
  | { readonly kind: 'start'; readonly candidate: PoolCandidate; readonly account: LocalAccount }
  | ({ readonly kind: 'hold'; readonly full: readonly LocalAccount[] } & Hold)
  | { readonly kind: 'none'; readonly message: string };

/** The door to GitHub: a pool's tokens, each under the budget of its account. Who waits is looked at again whenever something has changed. */
export class TokenAdmission implements Admission {
  readonly #pool: TokenPool;
  readonly #clock: AdmissionClock;
  readonly #meter: GitHubMeter;
  readonly #limits: BudgetLimits;
  readonly #accounts = new Map<string, LocalAccount>();
  readonly #line = new WaitingLine();
  #count = 0;
  #isLooking = false;
  #callOff: (() => void) | undefined;

  constructor(pool: TokenPool, options: TokenAdmissionOptions = {}) {
    this.#pool = pool;
    this.#clock = options.clock ?? machineClock;
    this.#meter = options.meter ?? noMeter;
    this.#limits = options.limits ?? documentedLimits;
  }

  admit(
    ask: Ask,
    { signal, notAfterMs }: { readonly signal: AbortSignal; readonly notAfterMs: number },
  ): Promise<Admitted> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      let isSettled = false;
      const finish = (): boolean => {
        if (isSettled) return false;
        isSettled = true;
        signal.removeEventListener('abort', onAbort);
        return true;
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
          if (finish()) resolve(admitted);
        },
      };
      const onAbort = (): void => {
        if (!finish()) return;
        this.#line.leave(waiter);
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the port promises the signal's own reason
        reject(signal.reason);
        this.#look();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#line.join(waiter);
      this.#look();
    });
  }

  /** Lets through who may go now, sends away who would not wait so long, and sets the clock for the others. */
  #look(): void {
    // Whoever is let through may ask for more at once; the look that is under way sees it.
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      this.#callOff?.();
      this.#callOff = undefined;
      const nextMs = this.#letThrough();
      if (nextMs === undefined || this.#line.isEmpty) return;
      this.#callOff = this.#clock.after(nextMs - this.#clock.now(), () => this.#look());
    } finally {
      this.#isLooking = false;
    }
  }

  /** Returns when to look again, if nothing happens before. */
  #letThrough(): number | undefined {
    const heldBack = new Map<Rank, Hold>();
    const full = new Map<LocalAccount, Set<string>>();
    let nextMs = this.#endForgotten();
    for (;;) {
      const next = this.#line.first(heldBack);
      if (!next) return nextMs;
      const { rank, waiter } = next;
      const atMs = this.#clock.now();
      const placing = this.#place(waiter.ask, atMs, full);
      if (placing.kind === 'none') {
        this.#line.leave(waiter);
        waiter.settle(placing);
        continue;
      }
      if (placing.kind === 'start') {
        this.#line.leave(waiter);
        this.#start(waiter, placing.candidate, placing.account, atMs);
        continue;
      }
      waiter.why = placing.why;
      heldBack.set(rank, placing);
      for (const account of placing.full) {
        full.set(account, (full.get(account) ?? new Set()).add(placing.why === 'slots' ? 'all' : apiOf(waiter.ask)));
      }
      const availableAtMs = placing.atMs ?? atMs;
      for (const late of this.#line.takeImpatient(rank, availableAtMs)) {
        late.settle({ kind: 'too_late', availableAtMs: Math.max(availableAtMs, late.notAfterMs + 1) });
      }
      nextMs = Math.min(nextMs ?? Infinity, placing.atMs ?? Infinity, rank.earliestDeadlineMs + 1);
    }
  }

  #place(ask: Ask, atMs: number, full: ReadonlyMap<LocalAccount, ReadonlySet<string>>): Placing {
    const { all, message } = this.#pool.candidates(ask.resource);
    const suited = preferring(ask.prefer, all);
    if (suited.length === 0) return { kind: 'none', message };
    const holds: Hold[] = [];
    const fullNow: LocalAccount[] = [];
    for (const candidate of suited) {
      if (candidate.freeAtMs > atMs) {
        holds.push({ why: 'cooling', atMs: candidate.freeAtMs });
        continue;
      }
      const account = this.#accountOf(candidate);
      const closed = full.get(account);
      if (closed?.has('all') || closed?.has(apiOf(ask))) {
        holds.push({ why: 'queue', atMs: undefined });
        continue;
      }
      const judgement = account.judge(ask, atMs, candidate);
      if (judgement.kind === 'now') return { kind: 'start', candidate, account };
      holds.push(judgement);
      if (judgement.why === 'slots' || judgement.why === 'points') fullNow.push(account);
    }
    return { kind: 'hold', full: fullNow, ...earliest(holds) };
  }

  #start(waiter: Waiter, { label, source }: PoolCandidate, account: LocalAccount, atMs: number): void {
    const secret = source.secret(atMs);
    if (!secret) throw new Error('no secret');
    const flight = account.start(waiter.ask, atMs);
    this.#pool.taken(label);
    if (waiter.why) this.#meter.waited(label, waiter.why, atMs - waiter.sinceMs);
    let isOver = false;
    const once = (): boolean => {
      const isFirst = !isOver;
      isOver = true;
      return isFirst;
    };
    const permit: Permit = {
      kind: 'permit',
      label,
      secret,
      ended: (question, answer) =>
        once() ? this.#ended(label, account, flight, question, answer) : classify(question, answer, this.#clock.now()),
      unused: () => {
        if (once()) this.#unused(label, account, flight);
      },
    };
    waiter.settle(permit);
  }

  #ended(label: string, account: LocalAccount, flight: Flight, question: Question, answer: Answer): Verdict {
    const atMs = this.#clock.now();
    const verdict = this.#pool.ended(label, question, answer);
    const told = readToldQuota(question, answer, verdict, atMs);
    const isUnsent =
      answer.kind === 'no_answer' && (answer.reason === 'not_connected' || answer.reason === 'untrusted');
    account.end(flight, isUnsent ? 'unsent' : { told, isFree: isFree(answer) }, atMs);
    this.#meter.called(label, outcomeOf(verdict));
    if (typeof told !== 'string') this.#meter.quota(label, told.resource, told.limit - told.used, told.limit);
    this.#look();
    return verdict;
  }

  #unused(label: string, account: LocalAccount, flight: Flight): void {
    account.end(flight, 'unsent', this.#clock.now());
    this.#meter.called(label, 'not_sent');
    this.#look();
  }

  #accountOf({ label, source }: PoolCandidate): LocalAccount {
    const user = this.#pool.accountOf(label);
    const key = (user !== undefined && this.#pool.firstOf(user)) || source.key;
    const account = this.#accounts.get(key) ?? new LocalAccount(this.#limits);
    this.#accounts.set(key, account);
    return account;
  }

  #endForgotten(): number | undefined {
    const atMs = this.#clock.now();
    const next = [...this.#accounts.values()].flatMap((account) => account.endForgotten(atMs) ?? []);
    return next.length === 0 ? undefined : Math.min(...next);
  }
}

/** The one that is preferred goes first, if it is free. */
function preferring(label: string | undefined, all: readonly PoolCandidate[]): readonly PoolCandidate[] {
  const preferred = label === undefined ? undefined : all.find((candidate) => candidate.label === label);
  return preferred ? [preferred, ...all.filter((candidate) => candidate !== preferred)] : all;
}

/** The one that ends first; one of which nobody knows when may end at any time. */
function earliest(holds: readonly Hold[]): Hold {
  return holds.reduce((first, hold) => ((hold.atMs ?? 0) < (first.atMs ?? 0) ? hold : first));
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
