import type { Cost } from './budget-flying.ts';
import type { Judgement } from './budget-judge.ts';
import type { ToldQuota } from './budget.ts';

/** A request that has a permit. */
export type Flight = { readonly number: number; readonly cost: Cost; readonly startedAtMs: number };

/** How a flight ended. `unsent`: nothing went out. */
export type Landing = { readonly told: ToldQuota; readonly isFree: boolean } | 'unsent';

/** A request that may be sent, as far as this process knows. */
export type Claim = {
  readonly cost: Cost;
  /** Called once: with the flight when it may go, in the same step in which that was found; undefined: it may not, look again. */
  readonly decide: (flight: Flight | undefined) => void;
};

/** What one account of GitHub's may be sent: for this process alone, or for all that share it. */
export interface AdmissionAccount {
  /** What this process knows; it changes nothing. */
  judge(cost: Cost, atMs: number, options: { readonly mostAtOnce: number }): Judgement;
  /** Asks for what {@link judge} allows. */
  claim(claim: Claim, atMs: number): void;
  /** Every flight is to be ended, once; a second time changes nothing. */
  end(flight: Flight, landing: Landing, atMs: number): void;
  /** GitHub has limited the account: others that use it should hear of it at once. */
  hurry(): void;
  /** Ends flights that nobody ended for {@link longestFlightMs}; called before every look at the queue. */
  endForgotten(atMs: number): void;
  /** Tells the others what they should hear; called after every look. Returns when to look again, if nothing happens before. */
  settle(atMs: number, waiting: Waiting): number | undefined;
}

/** Who waits for an account. `isWanted`: somebody does for what only others that use it can give; `content`: so many REST writes that create content. */
export type Waiting = { readonly isWanted: boolean; readonly content: number };

/**
 * Who holds a permit and says nothing for so long is not heard of any more: its request counts as landed, so that a caller that forgot to end it
 * holds a place for ten minutes, which is longer than GitHub takes for anything, and not for ever.
 */
export const longestFlightMs = 600_000;

/** The flights of this process, oldest first. */
export class Flights {
  readonly #all = new Map<number, Flight>();
  #count = 0;

  start(cost: Cost, atMs: number): Flight {
    this.#count += 1;
    const flight = { number: this.#count, cost, startedAtMs: atMs };
    this.#all.set(flight.number, flight);
    return flight;
  }

  /** False when it had ended before. */
  end(flight: Flight): boolean {
    return this.#all.delete(flight.number);
  }

  /** Those that are not heard of any more. */
  forgotten(atMs: number): readonly Flight[] {
    const all: Flight[] = [];
    for (const flight of this.#all.values()) {
      if (flight.startedAtMs + longestFlightMs > atMs) break;
      all.push(flight);
    }
    return all;
  }

  /** When the oldest would be. */
  nextForgottenMs(): number | undefined {
    const oldest = this.#all.values().next().value;
    return oldest && oldest.startedAtMs + longestFlightMs;
  }
}
