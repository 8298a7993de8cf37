import { describe, expect, test } from 'vitest';
import { AccountLimits, type Arrival, type Reception } from './account-limits.ts';
import { headersOf, refusalOf } from './answers.ts';
import { documentedLimits } from './documented-limits.ts';

const minuteMs = 60_000;

function arrive(account: AccountLimits, atMs: number, more: Partial<Arrival> = {}): Reception {
  return account.arrived({ atMs, sentAtMs: atMs, kind: 'read', isFree: false, knows: [], ...more });
}

/** One that is answered at once. */
function exchange(account: AccountLimits, atMs: number, more: Partial<Arrival> = {}): Reception {
  const reception = arrive(account, atMs, more);
  account.ended();
  return reception;
}

function many(count: number, account: AccountLimits, atMs: number, more: Partial<Arrival> = {}): readonly string[] {
  return Array.from({ length: count }, () => exchange(account, atMs, more).kind);
}

describe('a simulated account of GitHub', () => {
  test('serves 5,000 requests in an hour that begins with the first, and refuses until that hour is over', () => {
    const account = new AccountLimits('ada', documentedLimits);
    for (let minute = 0; minute < 10; minute += 1) many(500, account, 1_000_500 + minute * minuteMs);
    const refused = exchange(account, 1_000_500 + 11 * minuteMs);
    expect(refused).toMatchObject({ kind: 'limited', pause: { kind: 'primary', untilMs: 4_600_000 } });
    expect(headersOf(refused.quota, 0)).toMatchObject({
      'x-ratelimit-limit': '5000',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-used': '5000',
      'x-ratelimit-reset': '4600',
      'x-ratelimit-resource': 'core',
    });
    expect(exchange(account, 4_599_999).kind).toBe('limited');
    expect(exchange(account, 4_600_000)).toMatchObject({ kind: 'served', quota: { used: 1, resetAtMs: 8_200_000 } });
  });

  test('does not count an answer 304 in the hour, but in the minute', () => {
    const account = new AccountLimits('ada', documentedLimits);
    many(899, account, 0, { isFree: true });
    expect(exchange(account, 0)).toMatchObject({ kind: 'served', quota: { used: 1 } });
    expect(exchange(account, 0).kind).toBe('limited');
  });

  test('serves 900 points in any minute, of which a write is 5', () => {
    const account = new AccountLimits('ada', documentedLimits);
    many(400, account, 0);
    many(100, account, 30_000, { kind: 'write' });
    expect(exchange(account, 59_999)).toMatchObject({
      kind: 'limited',
      pause: { kind: 'secondary', untilMs: 119_999 },
    });
    // What is refused makes the pause no longer.
    expect(many(50, account, 90_000)).toContain('limited');
    expect(exchange(account, 119_999).kind).toBe('served');
    expect(account.tally()).toMatchObject({ sent: 552, limitedSecondary: 51, mostPointsPerMinute: 901 });
  });

  test('serves 100 at once', () => {
    const account = new AccountLimits('ada', documentedLimits);
    const kinds = Array.from({ length: 101 }, () => arrive(account, 0).kind);
    expect(kinds.filter((kind) => kind === 'limited')).toHaveLength(1);
    expect(account.tally().mostInFlight).toBe(101);
  });

  test('creates 80 comments in any minute and 500 in any hour', () => {
    const account = new AccountLimits('ada', documentedLimits);
    expect(many(81, account, 0, { kind: 'content' }).indexOf('limited')).toBe(80);
    for (let minute = 2; minute < 12; minute += 2) many(80, account, minute * minuteMs, { kind: 'content' });
    expect(many(21, account, 14 * minuteMs, { kind: 'content' }).indexOf('limited')).toBe(20);
    expect(exchange(account, 61 * minuteMs, { kind: 'content' }).kind).toBe('served');
  });

  test('tells apart who went on although it had been told of the limit, and who went on although another had', () => {
    const account = new AccountLimits('ada', documentedLimits);
    many(900, account, 0);
    const refused = exchange(account, 1);
    if (refused.kind !== 'limited') throw new Error('900 points were not enough');
    // Under way already when the first was told.
    exchange(account, 2, { sentAtMs: 1 });
    account.told(refused.pause, 2);
    exchange(account, 3, { sentAtMs: 2.5 });
    exchange(account, 4, { sentAtMs: 2.6, knows: [refused.pause.id] });
    expect(account.tally()).toMatchObject({ limitedSecondary: 4, sentAfterTold: 2, sentKnowing: 1 });
  });

  test('counts what is sent after an answer that left nothing of the hour as sent while limited', () => {
    const account = new AccountLimits('ada', { ...documentedLimits, primary: { requests: 2, windowMs: 1000 } });
    exchange(account, 0);
    const last = exchange(account, 1);
    expect(last.kind).toBe('served');
    if (last.quota.pause) account.told(last.quota.pause, 2);
    exchange(account, 3);
    expect(account.tally()).toMatchObject({ limitedPrimary: 1, sentAfterTold: 1 });
  });

  test('remembers how close comments were sent, in whatever order they came', () => {
    const account = new AccountLimits('ada', documentedLimits);
    for (const sentAtMs of [5_000, 1_000, 3_500]) exchange(account, 6_000, { kind: 'content', sentAtMs });
    expect(account.tally().leastContentGapMs).toBe(1_500);
  });
});

describe('a refusal', () => {
  test('is 403 or 429, and says of which kind it is in the words of the documentation', () => {
    const primary = refusalOf({ id: 'a', kind: 'primary', untilMs: 60_000 }, 0, 0.2);
    expect(primary).toMatchObject({
      status: 403,
      body: { message: expect.stringMatching(/^API rate limit exceeded/) },
    });
    const secondary = refusalOf({ id: 'a', kind: 'secondary', untilMs: 60_000 }, 500, 0.6);
    expect(secondary).toMatchObject({
      status: 429,
      headers: { 'retry-after': '60' },
      body: { message: expect.stringMatching(/\bsecondary rate limit\b/) },
    });
    expect(refusalOf({ id: 'a', kind: 'secondary', untilMs: 60_000 }, 0, 0.9).headers).not.toHaveProperty(
      'retry-after',
    );
  });
});
