import type { AccountTally } from './account-limits.ts';
import type { GitHubLimits } from './documented-limits.ts';

/** What the simulated GitHub is started with. */
export type ServerOrders = {
  readonly seed: number;
  readonly limits: GitHubLimits;
  /** Whose token it is. */
  readonly userOf: Readonly<Record<string, string>>;
  /** From the end of a request to its answer, least and most. */
  readonly latencyMs: readonly [number, number];
};

export type ServerAnswer =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'report'; readonly report: ServerReport };

export type ServerReport = {
  readonly accounts: readonly AccountTally[];
  readonly notModified: number;
  /** How often each write took effect, by the mark in its body. */
  readonly effects: Readonly<Record<string, number>>;
  /** Requests for what the simulation does not have: `GET /x`, with how many. */
  readonly unknown: Readonly<Record<string, number>>;
};

/** Headers that the bench puts on requests and answers, beside GitHub's. */
export const benchHeaders = {
  /** Of a request: when it was sent, epoch milliseconds by the common clock. */
  sentAt: 'x-bench-sent-at',
  /** Of a request: limits that its process was told of, by comma. */
  knows: 'x-bench-knows',
  /** Of an answer: the limit that it tells of. */
  tells: 'x-bench-tells',
} as const;
