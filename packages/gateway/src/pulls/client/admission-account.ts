import type { BudgetLimits } from './budget-limits.ts';
import {
  advanceBudget,
  freshBudget,
  judge,
  type BudgetEvent,
  type BudgetState,
  type Cost,
  type Judgement,
  type ToldQuota,
} from './budget.ts';

/** A request that has a permit. */
export type Flight = { readonly number: number; readonly cost: Cost; readonly startedAtMs: number };

/** How a flight ended. `unsent`: nothing went out. */
export type Landing = { readonly told: ToldQuota; readonly isFree: boolean } | 'unsent';

/**
 * Who holds a permit and says nothing for so long is not heard of any more: its request counts as landed, so that a caller that forgot to end it
 * holds a place for ten minutes, which is longer than any call may take, and not for ever.
 */
export const longestFlightMs = 600_000;

/** The budget of one account as this process keeps it: what it may send, and what flies. */
export class LocalAccount {
  readonly #limits: BudgetLimits;
  readonly #flights = new Map<number, Flight>();
  #budget: BudgetState = freshBudget;
  #flightCount = 0;

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
  }

  judge(cost: Cost, atMs: number, options: { readonly isProbing: boolean }): Judgement {
    return judge(this.#budget, cost, atMs, { limits: this.#limits, isProbing: options.isProbing });
  }

  start(cost: Cost, atMs: number): Flight {
    this.#flightCount += 1;
    const flight = { number: this.#flightCount, cost, startedAtMs: atMs };
    this.#flights.set(flight.number, flight);
    this.#advance({ kind: 'started', member, cost, atMs });
    return flight;
  }

  /** The second time, and after {@link longestFlightMs}, nothing is counted any more. */
  end(flight: Flight, landing: Landing, atMs: number): void {
    if (!this.#flights.delete(flight.number)) return;
    const { cost } = flight;
    this.#advance(
      landing === 'unsent'
        ? { kind: 'unused', member, cost, atMs }
        : { kind: 'landed', member, cost, atMs, ...landing },
    );
  }

  /** Ends the flights that are not heard of any more. Returns when the next one would be. */
  endForgotten(atMs: number): number | undefined {
    for (const flight of this.#flights.values()) {
      const endMs = flight.startedAtMs + longestFlightMs;
      if (endMs > atMs) return endMs;
      this.end(flight, { told: 'lost', isFree: false }, atMs);
    }
    return undefined;
  }

  #advance(event: BudgetEvent): void {
    this.#budget = advanceBudget(this.#budget, event);
  }
}

const member = 'self';
