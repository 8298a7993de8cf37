/** What a user of GitHub's REST API may do. Times in milliseconds. */
export type GitHubLimits = {
  /** A fixed window that begins with the first request in it. */
  readonly primary: { readonly requests: number; readonly windowMs: number };
  /** In any minute, whichever it is. */
  readonly pointsPerMinute: number;
  readonly pointsOf: { readonly read: number; readonly write: number };
  readonly concurrent: number;
  readonly contentPerMinute: number;
  readonly contentPerHour: number;
  /** How long a user is kept out after a secondary limit: "wait for at least one minute". */
  readonly secondaryPauseMs: number;
};

/**
 * As documented:
 * https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#primary-rate-limit-for-authenticated-users,
 * https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits,
 * https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#calculating-points-for-the-secondary-rate-limit,
 * https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately.
 * Left out: CPU time, which nobody can know beforehand.
 */
export const documentedLimits: GitHubLimits = {
  primary: { requests: 5_000, windowMs: 3_600_000 },
  pointsPerMinute: 900,
  pointsOf: { read: 1, write: 5 },
  concurrent: 100,
  contentPerMinute: 80,
  contentPerHour: 500,
  secondaryPauseMs: 60_000,
};
