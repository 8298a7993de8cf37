import {
  Flights,
  type AdmissionAccount,
  type Claim,
  type Flight,
  type Landing,
  type Waiting,
} from './admission-account.ts';
import type { BudgetLimits } from './budget-limits.ts';
import type { Cost } from './budget-flying.ts';
import { judge, type Judgement } from './budget-judge.ts';
import { advanceBudget, freshBudget, waitingAt, type BudgetEvent, type BudgetState } from './budget.ts';

const self = 'self';

/** An account that only this process uses. */
export class LocalAccount implements AdmissionAccount {
  readonly #limits: BudgetLimits;
  readonly #flights = new Flights();
  #budget: BudgetState = freshBudget;

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
  }

  judge(cost: Cost, atMs: number, { mostAtOnce }: { readonly mostAtOnce: number }): Judgement {
    return judge(this.#budget, cost, atMs, { member: self, limits: this.#limits, mostAtOnce });
  }

  claim({ cost, decide }: Claim, atMs: number): void {
    this.#advance({ kind: 'started', member: self, cost, atMs });
    decide(this.#flights.start(cost, atMs));
  }

  end(flight: Flight, landing: Landing, atMs: number): void {
    if (this.#flights.end(flight)) this.#advance(endOf(flight, landing, self, atMs));
  }

  hurry(): void {}

  endForgotten(atMs: number): void {
    for (const flight of this.#flights.forgotten(atMs)) this.end(flight, { told: 'lost', isFree: false }, atMs);
  }

  settle(atMs: number, { content }: Waiting): number | undefined {
    const before = waitingAt(this.#budget, self);
    if (content !== before) this.#advance({ kind: 'waiting', member: self, atMs, count: content });
    // What was kept back for those is there for others, who were looked at before.
    return content < before ? atMs : this.#flights.nextForgottenMs();
  }

  #advance(event: BudgetEvent): void {
    this.#budget = advanceBudget(this.#budget, event);
  }
}

/** What the end of a flight is to the budget. */
export function endOf({ cost }: Flight, landing: Landing, member: string, atMs: number): BudgetEvent {
  return landing === 'unsent'
    ? { kind: 'unused', member, cost, atMs }
    : { kind: 'landed', member, cost, atMs, ...landing };
}
