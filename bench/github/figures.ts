import { quantile } from '../stats.ts';
import type { Outcome } from './contest.ts';
import type { AccountTally } from './server/account-limits.ts';

/** What is told of a contender, in this order. */
export type Figure = { readonly name: string; readonly of: (outcome: Outcome, leastMs: number) => string };

type Counted = Exclude<keyof AccountTally, 'leastContentGapMs'>;

/** Rows of the table; counts are of all users, and "at most" of the user who had most. */
export const figures: readonly Figure[] = [
  { name: 'done', of: ({ clients }) => count(sum(clients.map(({ done }) => done))) },
  { name: 'failed for the caller', of: (outcome) => count(failedIn(outcome)) },
  { name: 'writes that took effect twice', of: ({ doubled }) => count(doubled) },
  { name: 'requests sent', of: (outcome) => count(total(outcome, 'sent')) },
  { name: '— of them counted in the hour (not 304, not refused)', of: (outcome) => count(total(outcome, 'counted')) },
  { name: 'answered: primary limit', of: (outcome) => count(total(outcome, 'limitedPrimary')) },
  { name: 'answered: secondary limit', of: (outcome) => count(total(outcome, 'limitedSecondary')) },
  { name: 'sent while limited, the process knew', of: (outcome) => count(total(outcome, 'sentKnowing')) },
  { name: 'sent while limited, some process knew', of: (outcome) => count(total(outcome, 'sentAfterTold')) },
  { name: 'in flight, at most', of: (outcome) => count(most(outcome, 'mostInFlight')) },
  { name: 'points in any 60 s, at most', of: (outcome) => count(most(outcome, 'mostPointsPerMinute')) },
  { name: 'comments in any 60 s, at most', of: (outcome) => count(most(outcome, 'mostContentPerMinute')) },
  { name: 'comments in any hour, at most', of: (outcome) => count(most(outcome, 'mostContentPerHour')) },
  { name: 'least time between two comments, s', of: (outcome) => seconds(leastGapMs(outcome)) },
  { name: 'took, s', of: ({ tookMs }) => count(tookMs / 1000) },
  { name: 'throughput, % of the allowed', of: (outcome, leastMs) => throughput(outcome, leastMs) },
  { name: 'a caller waited, p50, s', of: (outcome) => seconds(quantile(waitsOf(outcome), 0.5)) },
  { name: 'a caller waited, p99, s', of: (outcome) => seconds(quantile(waitsOf(outcome), 0.99)) },
  { name: 'changes in the store', of: ({ clients }) => count(sum(clients.map(({ storeChanges }) => storeChanges))) },
  { name: 'event loop late, p99 (most), s', of: (outcome) => lateness(outcome) },
];

/** The share of what the limits allow, by time. It means nothing for one that gave up on some. */
function throughput(outcome: Outcome, leastMs: number): string {
  return failedIn(outcome) > 0 ? 'gave up' : ((leastMs / outcome.tookMs) * 100).toFixed(1);
}

/** Calls that ended with an error for their caller. */
export function failedIn({ clients }: Outcome): number {
  return sum(clients.flatMap(({ failed }) => Object.values(failed)));
}

/** Of all users together. */
export function total({ server }: Outcome, of: Counted): number {
  return sum(server.accounts.map((account) => account[of]));
}

function most({ server }: Outcome, of: Counted): number {
  return Math.max(...server.accounts.map((account) => account[of]));
}

function leastGapMs({ server }: Outcome): number {
  return Math.min(...server.accounts.map(({ leastContentGapMs }) => leastContentGapMs ?? Number.POSITIVE_INFINITY));
}

function waitsOf({ clients }: Outcome): readonly number[] {
  return clients.flatMap(({ waitsMs }) => waitsMs).sort((one, other) => one - other);
}

function lateness({ clients }: Outcome): string {
  const worst = (at: 0 | 1): number => Math.max(...clients.map(({ loopDelayMs }) => loopDelayMs[at]));
  return `${seconds(worst(0))} (${seconds(worst(1))})`;
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}
