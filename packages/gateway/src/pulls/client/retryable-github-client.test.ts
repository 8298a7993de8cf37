import { expect, test } from 'vitest';
import { TokenPool } from '../tokens/token-pool.ts';
import { RetryableGitHubClient } from './retryable-github-client.ts';
import { cutAtOnce, json, plain, startScriptedGitHub } from './testing/scripted-github.ts';

const quick = { baseDelay: 0.001, maxDelay: 0.002, jitter: false };

test('x', async () => {
  await using github = await startScriptedGitHub(plain(502), cutAtOnce, json({ id: 7 }));
  const client = new RetryableGitHubClient({
    tokenPool: new TokenPool(['one', 'two']),
    config: quick,
    baseUrl: github.url,
  });
  const answer = await client.request('GET /repos/{owner}/{repo}', { owner: 'o', repo: 'r' });
  expect(answer).toMatchObject({ status: 200, data: { id: 7 }, source: 'github' });
  expect(github.arrived.map(({ token }) => token)).toEqual(['one', 'two', 'one']);
});
