import type { Pause, Quota } from './account-limits.ts';
import { benchHeaders } from './orders.ts';

/** What goes back: without a body when it is 304. */
export type Reply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
};

const documentation = 'https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api';

/** What every answer says of the quota. */
export function headersOf(quota: Quota, nowMs: number): Readonly<Record<string, string>> {
  return {
    // Node's own comes from the machine's clock.
    date: new Date(nowMs).toUTCString(),
    'content-type': 'application/json; charset=utf-8',
    'x-ratelimit-limit': String(quota.limit),
    'x-ratelimit-remaining': String(Math.max(0, quota.limit - quota.used)),
    'x-ratelimit-used': String(quota.used),
    'x-ratelimit-reset': String(Math.floor(quota.resetAtMs / 1000)),
    'x-ratelimit-resource': 'core',
    ...(quota.pause && { [benchHeaders.tells]: quota.pause.id }),
  };
}

/**
 * A refusal, as "Exceeding the rate limit" on that page has it: 403 or 429; primary with `x-ratelimit-remaining: 0`; secondary with a message
 * that says so, sometimes with `retry-after`. `chance` is from 0 to below 1.
 */
export function refusalOf(pause: Pause, nowMs: number, chance: number): Reply {
  const status = chance < 0.5 ? 403 : 429;
  const headers = { [benchHeaders.tells]: pause.id };
  if (pause.kind === 'primary') {
    const message =
      'API rate limit exceeded for user ID 1. If you reach out to GitHub Support for help, please include the request ID.';
    return { status, headers, body: { message, documentation_url: `${documentation}#primary-rate-limit` } };
  }
  const namesTime = (chance * 2) % 1 < 0.5;
  const message = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';
  return {
    status,
    headers: { ...headers, ...(namesTime && { 'retry-after': String(Math.ceil((pause.untilMs - nowMs) / 1000)) }) },
    body: { message, documentation_url: `${documentation}#about-secondary-rate-limits` },
  };
}
