import type { Contender, RunningContender } from '../contender.ts';

type Figure = { readonly name: string; readonly unit: string };

/** A question about contenders, answered by the same figures for each. */
export type Measure = {
  readonly name: string;
  readonly question: string;
  readonly figures: readonly Figure[];
  /** The contender that the others are compared with, pair by pair in the same round. */
  readonly base: string;
  readonly rounds: number;
  readonly applies: (contender: Contender) => boolean;
  /** One round on a server that was started for it: one value for each figure. */
  readonly round: (server: RunningContender) => Promise<readonly number[]>;
};
