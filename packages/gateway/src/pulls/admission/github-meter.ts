import { tell } from '../../lib/tell.ts';
import type { Resource } from '../retry/resource.ts';
import type { BudgetReason } from './budget-judge.ts';

/** What became of a request. */
export type CallOutcome = 'success' | 'refused' | 'unauthorized' | 'limited' | 'failed' | 'not_sent';

/** What a request waited for: `cooling` after a limit, `token` until one was fetched or identified, else a part of the budget. */
export type WaitReason = BudgetReason | 'cooling' | 'token' | 'queue';

/** Why a call was made again. */
export type RetryReason = 'primary_limit' | 'secondary_limit' | 'transient' | 'unknown_outcome';

/** Counts what goes to GitHub, by the label of the token (`token-1`, `app-1` …), never by the token. Every value has few forms. */
export interface GitHubMeter {
  called(label: string, outcome: CallOutcome): void;
  retried(label: string, why: RetryReason): void;
  /** A request went out after this time in the queue; `why` is what it waited for last. Not told for those that did not wait. */
  waited(label: string, why: WaitReason, ms: number): void;
  /** What GitHub says is left of the quota. */
  quota(label: string, resource: Resource, remaining: number, limit: number): void;
}

/** The same counts, by a meter whose faults are its own: none of them becomes the outcome of a request. Without one nothing is counted. */
export function guardedMeter(meter: GitHubMeter = noMeter): GitHubMeter {
  return {
    called: (...told) => tell('meter.called', () => meter.called(...told)),
    retried: (...told) => tell('meter.retried', () => meter.retried(...told)),
    waited: (...told) => tell('meter.waited', () => meter.waited(...told)),
    quota: (...told) => tell('meter.quota', () => meter.quota(...told)),
  };
}

/** Counts nothing. */
export const noMeter: GitHubMeter = { called() {}, retried() {}, waited() {}, quota() {} };
