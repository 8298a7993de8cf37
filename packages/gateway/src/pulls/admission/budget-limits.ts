import type { WindowSize } from './budget-window.ts';

/** What one account (a user, or an installation of an app) may do at most. */
export type BudgetLimits = {
  /** Under way at once, REST and GraphQL together. */
  readonly requests: number;
  /** Points within any minute: a read costs 1, everything else 5. */
  readonly restPoints: number;
  readonly graphqlPoints: number;
  /** Writes that create content: within any minute, within any hour, and how far the starts of two are apart. */
  readonly contentPerMinute: number;
  readonly contentPerHour: number;
  readonly contentApartMs: number;
};

/**
 * GitHub's documented secondary limits: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits;
 * the second between writes: https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#pause-between-mutative-requests.
 * How much a token may ask for in an hour (5,000 for a user, more for some installations) is told by the headers of its answers.
 */
export const documentedLimits: BudgetLimits = {
  requests: 100,
  restPoints: 900,
  graphqlPoints: 2_000,
  contentPerMinute: 80,
  contentPerHour: 500,
  contentApartMs: 1_000,
};

/** Half a second of a minute: at least 99 % of a limit is used. */
export const minute: WindowSize = { lengthMs: 60_000, sliceMs: 500 };
export const hour: WindowSize = { lengthMs: 3_600_000, sliceMs: 20_000 };

/** Points of https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#calculating-points-for-the-secondary-rate-limit. */
export const readPoints = 1;
export const writePoints = 5;

/**
 * The part of each limit that one of `count` may use without hearing of the others; never so little that a write would not fit. The starts of
 * content-creating writes are the further apart.
 */
export function shareOf(limits: BudgetLimits, count: number): BudgetLimits {
  const part = (limit: number, least: number): number => Math.max(least, Math.floor(limit / count));
  return {
    requests: part(limits.requests, 1),
    restPoints: part(limits.restPoints, writePoints),
    graphqlPoints: part(limits.graphqlPoints, writePoints),
    contentPerMinute: part(limits.contentPerMinute, 1),
    contentPerHour: part(limits.contentPerHour, 1),
    contentApartMs: limits.contentApartMs * count,
  };
}
