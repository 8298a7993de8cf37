import { describe, expect, test } from 'vitest';
import { TokenPool } from '../tokens/token-pool.ts';
import { RetryableGitHubClient } from './retryable-github-client.ts';
import { useClientClock } from './testing/client-clock.ts';
import { clientOf, countingDoor, quick, shop } from './testing/client-of.ts';
import { plain, startScriptedGitHub } from './testing/scripted-github.ts';

const repository = 'GET /repos/{owner}/{repo}';
const said = { code: 'unavailable', message: /disposed/ };

useClientClock();

describe('a client that was disposed', () => {
  test.each([
    ['a pool', { tokenPool: new TokenPool(['ghp_one']) }],
    ['a door', { admission: countingDoor() }],
  ])('with %s of its caller’s says so', async (_what, options) => {
    const client = new RetryableGitHubClient({ ...options, config: quick });
    await client[Symbol.asyncDispose]();
    await expect(client.request(repository, shop)).rejects.toMatchObject(said);
  });

  test('calls no service, also not one with a token of its own', async () => {
    const called: unknown[] = [];
    const methods = { getRepository: async (what: object) => called.push(what) };
    const client = new RetryableGitHubClient({ githubService: methods, tokenPool: new TokenPool([]), config: quick });
    await client[Symbol.asyncDispose]();
    await expect(client.call('getRepository', shop)).rejects.toMatchObject(said);
    expect(called).toEqual([]);
  });

  test.each([
    ['as it begins', (dispose: () => void) => dispose()],
    ['once it has begun', (dispose: () => void) => void setImmediate(dispose)],
  ])('ends the wait between two attempts, %s', async (_when, later) => {
    await using github = await startScriptedGitHub(plain(502, { 'retry-after': '300' }));
    const client = clientOf(github, { onRetry: () => later(() => void client[Symbol.asyncDispose]()) });
    await expect(client.request(repository, shop)).rejects.toMatchObject(said);
    expect(github.arrived).toHaveLength(1);
  });

  test('does not say that a write was not sent which may have arrived', async () => {
    await using github = await startScriptedGitHub(plain(502, { 'retry-after': '300' }));
    const client = clientOf(github, { onRetry: () => void client[Symbol.asyncDispose]() });
    const lookUp = async (): Promise<undefined> => void (await client.request(repository, shop));
    const write = client.request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'x' }, { lookUp });
    await expect(write).rejects.toMatchObject({ stop: 'unknown_outcome', cause: said });
  });
});
