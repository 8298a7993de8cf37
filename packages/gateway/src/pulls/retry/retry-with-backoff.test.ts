import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RetryError } from './retry-error.ts';
import type { RetrySettings } from './retry-settings.ts';
import { retryWithBackoff, type RetryAttempt, type RetryNotice, type RetryOptions } from './retry-with-backoff.ts';

const startMs = Date.parse('2026-01-05T10:00:00Z');

beforeEach(() => {
  vi.useFakeTimers({ now: startMs, toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  const left = vi.getTimerCount();
  vi.useRealTimers();
  if (left > 0) throw new Error(`${left} timers are left, which would keep a program alive`);
});

/** As Octokit throws it. */
function answered(status: number, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Error {
  return Object.assign(new Error(`HTTP ${status}`), { status, response: { status, headers }, request: { method } });
}

const plain = { jitter: false } as const;

/** Calls until it settles, and tells the attempts with their times in seconds. */
async function play(
  steps: readonly (Error | string)[],
  config: Partial<RetrySettings> = plain,
  options: RetryOptions = {},
): Promise<{ outcome: unknown; atS: readonly number[]; attempts: readonly RetryAttempt[] }> {
  const attempts: RetryAttempt[] = [];
  const atS: number[] = [];
  const call = retryWithBackoff(
    config,
    options,
  )((attempt) => {
    attempts.push(attempt);
    atS.push((Date.now() - startMs) / 1000);
    const step = steps[Math.min(attempts.length, steps.length) - 1];
    return step instanceof Error ? Promise.reject(step) : Promise.resolve(step);
  });
  const settled = call().catch((error: unknown) => error);
  await vi.runAllTimersAsync();
  return { outcome: await settled, atS, attempts };
}

describe('a call', () => {
  test('that succeeds is made once', async () => {
    expect(await play(['fine'])).toMatchObject({ outcome: 'fine', atS: [0], attempts: [{ attempt: 1 }] });
  });

  test('is tried again after 1, 2 and 4 seconds', async () => {
    const result = await play([answered(502), answered(503), answered(500), 'fine']);
    expect(result).toMatchObject({ outcome: 'fine', atS: [0, 1, 3, 7] });
  });

  test('waits with jitter for any part of that', async () => {
    const result = await play([answered(502), answered(502), 'fine'], {}, { random: () => 0.25 });
    expect(result).toMatchObject({ outcome: 'fine', atS: [0, 0.25, 0.75] });
  });

  test('waits for as long as the server asks', async () => {
    const reset = String(startMs / 1000 + 300);
    const steps = [
      answered(403, { 'retry-after': '90' }),
      answered(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }),
      'fine',
    ];
    expect(await play(steps)).toMatchObject({ outcome: 'fine', atS: [0, 90, 300] });
  });

  test('waits longer with each secondary limit that names no time', async () => {
    const limited = answered(429);
    expect(await play([limited, limited, 'fine'])).toMatchObject({ outcome: 'fine', atS: [0, 60, 180] });
  });

  test.each([
    ['a refusal', answered(404)],
    ['a fault of the program', new TypeError('undefined is not a function')],
  ])('that fails with %s throws that, and is not made again', async (_what, error) => {
    const result = await play([error]);
    expect(result.outcome).toBe(error);
    expect(result.atS).toEqual([0]);
  });

  test('by GraphQL waits for a limit, which comes with status 200, and may be made again when it reads', async () => {
    const reset = String(startMs / 1000 + 10);
    const limited = Object.assign(new Error('no'), {
      errors: [{ type: 'RATE_LIMITED' }],
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset },
      request: { query: '{ a }' },
    });
    const request = { method: 'POST', url: 'https://api.github.com/graphql', body: { query: '{ a }' } };
    const { outcome, atS } = await play([limited, Object.assign(answered(502), { request }), 'fine']);
    expect([outcome, atS]).toEqual(['fine', [0, 10, 12]]);
  });

  test('tells of each wait as it begins', async () => {
    const notices: RetryNotice[] = [];
    const error = answered(502, { 'x-github-request-id': 'AB:1' });
    await play([error, 'fine'], plain, { onRetry: (notice) => notices.push(notice) });
    expect(notices).toEqual([{ attempt: 1, delayMs: 1000, verdict: 'transient', status: 502, requestId: 'AB:1' }]);
  });

  test('can be made again and again with one wrapper', async () => {
    let made = 0;
    const call = retryWithBackoff(plain)(() => Promise.resolve((made += 1)));
    expect([await call(), await call()]).toEqual([1, 2]);
  });
});

describe('a call that is given up', () => {
  test('says how often it was tried, how long it waited, and what came last', async () => {
    const last = answered(502, { 'x-github-request-id': 'AB:1' });
    const { outcome } = await play([last]);
    expect(outcome).toBeInstanceOf(RetryError);
    expect(outcome).toMatchObject({
      code: 'unavailable',
      stop: 'exhausted',
      attempts: 4,
      waitsMs: [1000, 2000, 4000],
      status: 502,
      requestId: 'AB:1',
      cause: last,
    });
    expect(String(outcome)).toContain(
      'Maximum retries exceeded: 4 attempts, waits 1 s, 2 s, 4 s; the last answer was 502, request id AB:1.',
    );
  });

  test.each([
    [Object.assign(new Error('no'), { code: 'ENOTFOUND' }), plain, 'See whether its address is right (GITHUB_API_URL)'],
    [answered(502), plain, 'raise GITHUB_API_MAX_RETRIES.'],
    [answered(502), { ...plain, totalTimeout: 2 }, 'raise totalTimeout.'],
  ])('says what to do about it: %s, %o', async (error, config, wayOut) => {
    const { outcome } = await play([error], config);
    expect(String(outcome)).toContain(wayOut);
  });

  test('for a limit that ends too late fails at once and names the time', async () => {
    const reset = String(startMs / 1000 + 3600);
    const { outcome, atS } = await play([answered(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset })]);
    expect(atS).toEqual([0]);
    expect(outcome).toMatchObject({ code: 'rate_limit', stop: 'over_budget', retryAfterMs: 3_600_000 });
    expect(String(outcome)).toContain('until 2026-01-05T11:00:00.000Z (in 3600 s)');
  });

  test('for a limit that no calendar knows the end of still has a sentence', async () => {
    const { outcome } = await play([answered(403, { 'retry-after': '999999999999999' })]);
    expect(String(outcome)).toContain('a time far away');
  });

  test('after limits says when they end', async () => {
    const { outcome } = await play([answered(429, { 'retry-after': '5' })], { ...plain, maxRetries: 0 });
    expect(outcome).toMatchObject({ code: 'rate_limit', stop: 'exhausted', availableAtMs: startMs + 5000 });
    expect(String(outcome)).toContain('Maximum retries exceeded: 1 attempt; the last answer was 429.');
  });

  test('by its deadline is so whether or not the function heeds its signal', async () => {
    const signals: AbortSignal[] = [];
    const call = retryWithBackoff({ ...plain, totalTimeout: 30 })(({ signal }) => {
      signals.push(signal);
      return new Promise<never>(() => {});
    });
    const settled = call().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await settled).toMatchObject({ code: 'timeout', stop: 'over_budget', attempts: 1 });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});

describe('a write whose outcome is unknown', () => {
  const lost = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } });
  const question = { method: 'POST' } as const;

  test('is not sent again', async () => {
    const { outcome, atS } = await play([answered(502, {}, 'POST'), 'twice']);
    expect(atS).toEqual([0]);
    expect(outcome).toMatchObject({ code: 'unavailable', stop: 'unknown_outcome' });
    expect(String(outcome)).toContain('Look it up before it is sent again.');
  });

  test('is called again by who looks it up first, and is told so from then on', async () => {
    const steps = [lost, answered(429, { 'retry-after': '1' }), 'fine'];
    const { outcome, attempts } = await play(steps, plain, { question, looksUp: true });
    expect(outcome).toBe('fine');
    expect(attempts.map(({ outcomeUnknown }) => outcomeUnknown)).toEqual([false, true, true]);
  });

  test('is another thing than one that a limit kept out', async () => {
    const { outcome, attempts } = await play([answered(403, { 'retry-after': '1' }, 'POST'), 'fine']);
    expect(outcome).toBe('fine');
    expect(attempts.map(({ outcomeUnknown }) => outcomeUnknown)).toEqual([false, false]);
  });
});

describe('options', () => {
  test.each([
    [{ lookUp: true }, 'there is no option lookUp; looksUp is one'],
    [{ looksUp: 'yes' }, 'looksUp must be true or false, and is a text of length 3'],
    [{ question: { method: 'post' } }, 'question must be an object whose method is in capitals, and is an object'],
    [{ onRetry: 5 }, 'onRetry must be a function, and is 5'],
    [null, 'options are an object, and this is null'],
  ])('that are wrong are refused before anything is called: %o', (options, fault) => {
    expect(() => retryWithBackoff(plain, options as RetryOptions)).toThrow(
      expect.objectContaining({ code: 'bad_message', message: `retryWithBackoff: ${fault}.` }),
    );
  });
});

describe('a signal', () => {
  test('ends a wait at once', async () => {
    const reason = new Error('the user left');
    const controller = new AbortController();
    let made = 0;
    const call = retryWithBackoff(plain)(() => {
      made += 1;
      return Promise.reject(answered(429, { 'retry-after': '300' }));
    });
    const settled = call({ signal: controller.signal }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1000);
    controller.abort(reason);
    expect(await settled).toBe(reason);
    expect(made).toBe(1);
  });

  test('ends an attempt that is under way', async () => {
    const reason = new Error('the user left');
    const controller = new AbortController();
    const call = retryWithBackoff(plain)(() => new Promise<never>(() => {}));
    const settled = call({ signal: controller.signal }).catch((error: unknown) => error);
    controller.abort(reason);
    expect(await settled).toBe(reason);
  });

  test('that has aborted already lets no call be made', async () => {
    let made = 0;
    const call = retryWithBackoff(plain)(() => Promise.resolve((made += 1)));
    await expect(call({ signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
    expect(made).toBe(0);
  });
});
