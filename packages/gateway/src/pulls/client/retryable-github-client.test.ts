import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { RetryNotice } from '../retry/call-until-done.ts';
import { RetryError } from '../retry/retry-error.ts';
import { TokenPool } from '../tokens/token-pool.ts';
import { noMeter, type GitHubMeter } from '../admission/github-meter.ts';
import { RetryableGitHubClient } from './retryable-github-client.ts';
import { startClientClock } from './testing/client-clock.ts';
import { clientOf, countingDoor, quick, shop } from './testing/client-of.ts';
import { cutAtOnce, cutInBody, json, plain, startScriptedGitHub, type Answering } from './testing/scripted-github.ts';

const repository = 'GET /repos/{owner}/{repo}';
const found = json({ id: 7 });
/** Each token is of another user. */
const eachItsUser: Answering = (arrived, response) =>
  (arrived.url.endsWith('/user') ? json({ id: arrived.token }) : found)(arrived, response);

describe('a request', () => {
  test('is sent with what Octokit makes of its route, a token, and a name of ours', async () => {
    await using github = await startScriptedGitHub(found);
    const answer = await clientOf(github).request('GET /repos/{owner}/{repo}/issues', { ...shop, state: 'closed' });
    expect(answer).toMatchObject({ status: 200, data: { id: 7 }, source: 'github' });
    expect(github.arrived).toMatchObject([
      {
        method: 'GET',
        url: '/repos/acme/shop/issues?state=closed',
        token: 'ghp_one',
        headers: { 'user-agent': expect.stringMatching(/^holdfast/), 'x-github-api-version': '2022-11-28' },
      },
    ]);
  });

  test('goes with each token in turn', async () => {
    await using github = await startScriptedGitHub(eachItsUser);
    const client = new RetryableGitHubClient({
      tokenPool: new TokenPool(['ghp_one', 'ghp_two']),
      config: quick,
      baseUrl: `${github.url}/api/v3/`,
    });
    for (let sent = 0; sent < 4; sent += 1) await client.request(repository, shop);
    const sent = github.arrived.filter(({ url }) => url === '/api/v3/repos/acme/shop');
    expect(sent.map(({ token }) => token).toSorted()).toEqual(['ghp_one', 'ghp_one', 'ghp_two', 'ghp_two']);
  });

  test.each([
    ['a bad gateway', plain(502)],
    ['an error with a page', plain(503, {}, '<html>Unicorn!</html>', 'text/html')],
    ['a cut before the answer', cutAtOnce],
    ['a cut in the answer', cutInBody],
    ['JSON that is none', plain(200, {}, '{"id": 7', 'application/json')],
    ['an empty answer', plain(200, {}, '', 'application/json')],
    ['a pause that is over', plain(429, { 'retry-after': '0' })],
  ])('that meets %s is sent again', async (_what, fault) => {
    await using github = await startScriptedGitHub(fault, fault, found);
    const door = countingDoor();
    expect(await clientOf(github, { admission: door }).request(repository, shop)).toMatchObject({ data: { id: 7 } });
    expect(door).toMatchObject({ open: 0, ended: 3, unused: 0 });
  });

  test('that is refused throws Octokit’s error, with what GitHub said', async () => {
    await using github = await startScriptedGitHub(json({ message: 'Not Found' }, 404));
    await expect(clientOf(github).request(repository, shop)).rejects.toMatchObject({
      name: 'HttpError',
      status: 404,
      response: { data: { message: 'Not Found' } },
    });
    expect(github.arrived).toHaveLength(1);
  });

  test('that nobody answers well is given up after the last retry', async () => {
    await using github = await startScriptedGitHub(plain(502, { 'x-github-request-id': 'C0:FFEE' }));
    const error = await clientOf(github)
      .request(repository, shop)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RetryError);
    expect(error).toMatchObject({ code: 'unavailable', stop: 'exhausted', attempts: 4, status: 502 });
    expect(String(error)).toContain('Maximum retries exceeded: 4 attempts');
    expect(String(error)).toContain('request id C0:FFEE');
    expect(github.arrived).toHaveLength(4);
  });

  test('to nobody is tried as often, and says so', async () => {
    const github = await startScriptedGitHub();
    await github[Symbol.asyncDispose]();
    await expect(clientOf(github).request(repository, shop)).rejects.toMatchObject({ stop: 'exhausted', attempts: 4 });
  });

  test('without a token fails before anything is sent', async () => {
    await using github = await startScriptedGitHub();
    const door = countingDoor([]);
    await expect(clientOf(github, { admission: door }).request(repository, shop)).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringContaining('GITHUB_TOKEN'),
    });
    expect(github.arrived).toEqual([]);
  });
});

const usedUp = (inS: number): Readonly<Record<string, string>> => ({
  'x-ratelimit-remaining': '0',
  'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + inS),
});
const limited = json({ message: 'API rate limit exceeded for user ID 1.' }, 403, usedUp(3600));

describe('a token that is limited', () => {
  test('is changed for another at once', async () => {
    await using github = await startScriptedGitHub(limited, found);
    const admission = countingDoor(['ghp_one', 'ghp_two']);
    await clientOf(github, { admission }).request(repository, shop);
    expect(github.arrived.map(({ token }) => token)).toEqual(['ghp_one', 'ghp_two']);
  });

  test('costs no retry the first time, however many there are', async () => {
    await using github = await startScriptedGitHub(limited, limited, limited, limited, plain(502), found);
    const tokens = ['ghp_one', 'ghp_two', 'ghp_three', 'ghp_four', 'ghp_five'];
    const client = clientOf(github, { admission: countingDoor(tokens), config: { ...quick, maxRetries: 1 } });
    expect(await client.request(repository, shop)).toMatchObject({ data: { id: 7 } });
    expect(github.arrived.map(({ token }) => token)).toEqual([...tokens, 'ghp_five']);
  });

  test('and is the last one fails the call at once when its limit ends too late, and names the time', async () => {
    await using github = await startScriptedGitHub(limited);
    const error = await clientOf(github)
      .request(repository, shop)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'rate_limit', stop: 'over_budget', attempts: 1, status: 403 });
    expect(String(error)).toMatch(/rate limits leave no room until \d{4}-/);
    expect(github.arrived).toHaveLength(1);
  });

  test('by the answer to something else fails the call at once too, and names the time', async () => {
    await using github = await startScriptedGitHub(plain(502, usedUp(3600)));
    const error = await clientOf(github)
      .request(repository, shop)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'rate_limit', stop: 'over_budget', attempts: 1, status: 502 });
    expect(String(error)).toMatch(/rate limits leave no room until \d{4}-/);
  });

  test('until a time that is over is asked with again once, and then less and less often', async () => {
    await using github = await startScriptedGitHub(json({ message: 'API rate limit exceeded' }, 403, usedUp(-30)));
    const delays: number[] = [];
    const config = { baseDelay: 0.002, maxDelay: 0.1, jitter: false };
    const onRetry = ({ delayMs }: RetryNotice): void => void delays.push(delayMs);
    await expect(clientOf(github, { config, onRetry }).request(repository, shop)).rejects.toMatchObject({
      stop: 'exhausted',
    });
    expect(delays).toEqual([0, 2, 4, 8]);
  });

  test('is not asked with again before its time by any other call', async () => {
    await using github = await startScriptedGitHub(limited);
    const client = clientOf(github);
    const calls = Array.from({ length: 10 }, () => client.request(repository, shop).catch((thrown: unknown) => thrown));
    await Promise.all(calls);
    const underWay = github.arrived.length;
    expect(await client.request(repository, shop).catch((thrown: unknown) => thrown)).toMatchObject({
      code: 'rate_limit',
      attempts: 0,
      message: expect.stringContaining('nothing was sent'),
    });
    expect(github.arrived).toHaveLength(underWay);
  });

  test('is sent nothing that was queued when the answer came', async () => {
    await using github = await startScriptedGitHub(limited);
    const client = clientOf(github);
    const calls = Array.from({ length: 300 }, () =>
      client.request(repository, shop).catch((thrown: unknown) => thrown),
    );
    const ended = await Promise.all(calls);
    // A hundred may be under way at once; the other two hundred stood in line.
    expect(github.arrived.length).toBeLessThanOrEqual(100);
    expect(ended.every((error) => error instanceof RetryError && error.code === 'rate_limit')).toBe(true);
  });

  test('is never sent with twice where no retries are wanted', async () => {
    await using github = await startScriptedGitHub(limited);
    const admission = countingDoor(['ghp_one', 'ghp_two']);
    const client = clientOf(github, { admission, config: { ...quick, maxRetries: 0 } });
    await expect(client.request(repository, shop)).rejects.toMatchObject({ stop: 'exhausted', attempts: 1 });
    expect(github.arrived).toHaveLength(1);
  });
});

describe('a limit that ends in time', () => {
  let clock: ReturnType<typeof startClientClock>;
  beforeEach(() => {
    clock = startClientClock();
  });
  afterEach(() => clock.stop());

  test.each<readonly [string, Answering, number]>([
    ['retry-after', plain(429, { 'retry-after': '90' }), 90],
    ['nothing but its name', json({ message: 'You have exceeded a secondary rate limit.' }, 403), 60],
    ['when the quota is new', (...given) => json({ message: 'no more' }, 403, usedUp(70))(...given), 70],
  ])('and that tells %s is waited out, and does not count as a retry', async (_what, pause, seconds) => {
    await using github = await startScriptedGitHub(pause, found);
    const notices: RetryNotice[] = [];
    const { promise: isWaiting, resolve } = Promise.withResolvers<void>();
    const onRetry = (notice: RetryNotice): void => {
      notices.push(notice);
      resolve();
    };
    const answer = clientOf(github, { config: { ...quick, maxRetries: 1 }, onRetry }).request(repository, shop);
    await isWaiting;
    await vi.advanceTimersByTimeAsync((seconds - 1) * 1000);
    expect(github.arrived).toHaveLength(1);
    // Headers tell whole seconds.
    await vi.advanceTimersByTimeAsync(3000);
    expect(await answer).toMatchObject({ data: { id: 7 } });
    expect(notices).toMatchObject([{ attempt: 1, delayMs: 0, verdict: 'limited' }]);
    expect(clock.timers()).toBe(0);
  });

  test('is told among the waits when the call fails all the same', async () => {
    await using github = await startScriptedGitHub(plain(429, { 'retry-after': '2' }), plain(502));
    const { promise: isWaiting, resolve: onRetry } = Promise.withResolvers<unknown>();
    const config = { ...quick, baseDelay: 0, maxRetries: 1 };
    const call = clientOf(github, { config, onRetry }).request(repository, shop);
    call.catch(() => {});
    await isWaiting;
    await vi.advanceTimersByTimeAsync(2_000);
    await expect(call).rejects.toMatchObject({ stop: 'exhausted', attempts: 3, waitsMs: [2_000, 0] });
  });
});

describe('a token that GitHub refuses', () => {
  const refused = json({ message: 'Bad credentials' }, 401);

  test('is changed for another, which is kept', async () => {
    await using github = await startScriptedGitHub(refused, found);
    const client = clientOf(github, { admission: countingDoor(['ghp_one', 'ghp_two']) });
    await client.request(repository, shop);
    await client.request(repository, shop);
    expect(github.arrived.map(({ token }) => token)).toEqual(['ghp_one', 'ghp_two', 'ghp_two']);
  });

  test('and is the last one fails the call with GitHub’s own error', async () => {
    await using github = await startScriptedGitHub(refused);
    const admission = countingDoor(['ghp_one', 'ghp_two']);
    await expect(clientOf(github, { admission }).request(repository, shop)).rejects.toMatchObject({ status: 401 });
    expect(github.arrived).toHaveLength(2);
    expect(admission).toMatchObject({ open: 0, ended: 2 });
  });
});

test('an address with a password in it is not taken', () => {
  expect(() => new RetryableGitHubClient({ admission: countingDoor(), baseUrl: 'https://:word@git.example' })).toThrow(
    /^baseUrl must be/,
  );
});

test('who is to hear of the environment’s tokens hears that two are of one user', async () => {
  vi.stubEnv('GITHUB_API_TOKEN_POOL', 'ghp_one,ghp_two');
  onTestFinished(() => void vi.unstubAllEnvs());
  await using github = await startScriptedGitHub(found);
  const heard: string[] = [];
  await using client = new RetryableGitHubClient({ baseUrl: github.url, onWarning: ({ kind }) => heard.push(kind) });
  await client.request(repository, shop);
  expect(heard).toEqual(['same_user']);
});

describe('tokens of a pool that is given', () => {
  test('are asked whose they are, so that two of one user are not used side by side', async () => {
    await using github = await startScriptedGitHub(found);
    const heard: string[] = [];
    const tokenPool = new TokenPool(['ghp_one', 'ghp_two'], { onWarning: ({ kind }) => heard.push(kind) });
    await using client = new RetryableGitHubClient({ tokenPool, config: quick, baseUrl: github.url });
    for (let sent = 0; sent < 3; sent += 1) await client.request(repository, shop);
    expect(github.arrived.filter(({ url }) => url === '/user')).toHaveLength(2);
    expect(heard).toEqual(['same_user']);
    expect(tokenPool.size()).toBe(1);
  });

  test('go to nobody but a service of one’s own, unless it is said which server that asks', async () => {
    await using github = await startScriptedGitHub(found);
    vi.stubEnv('GITHUB_API_URL', github.url);
    onTestFinished(() => void vi.unstubAllEnvs());
    const tokens: string[] = [];
    const issues = (token: string) => ({ getOne: async () => tokens.push(token) });
    const tokenPool = new TokenPool(['ghp_one', 'ghp_two']);
    await new RetryableGitHubClient({ tokenPool, config: quick, githubService: issues }).call('getOne');
    expect([tokens, github.arrived]).toEqual([['ghp_one'], []]);
    await new RetryableGitHubClient({ tokenPool, config: quick, githubService: issues, baseUrl: github.url }).call(
      'getOne',
    );
    expect(github.arrived.map(({ url }) => url)).toContain('/user');
  });
});

test('a meter is told why something is sent again, by the token that it went with', async () => {
  const refused = json({ message: 'Bad credentials' }, 401);
  const paused = plain(429, { 'retry-after': '0' });
  await using github = await startScriptedGitHub(refused, paused, plain(502), found);
  const retried: string[] = [];
  const meter: GitHubMeter = { ...noMeter, retried: (label, why) => retried.push(`${label} ${why}`) };
  const admission = countingDoor(['ghp_one', 'ghp_two']);
  await clientOf(github, { admission, meter }).request(repository, shop);
  expect(retried).toEqual(['token-2 secondary_limit', 'token-2 transient']);
});
