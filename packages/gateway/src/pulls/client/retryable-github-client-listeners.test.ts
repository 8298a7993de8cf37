import { expect, onTestFinished, test } from 'vitest';
import type { GitHubMeter } from '../admission/github-meter.ts';
import { TokenPool } from '../tokens/token-pool.ts';
import { RetryableGitHubClient } from './retryable-github-client.ts';
import { quick, shop } from './testing/client-of.ts';
import { json, plain, startScriptedGitHub, type Answering } from './testing/scripted-github.ts';

const full = (): never => {
  throw new Error('the log is full');
};
const broken: GitHubMeter = { called: full, retried: full, waited: full, quota: full };

/** `ghp_one` is refused; the first write of the other is to come again, the next ones are done, and tell of the quota. */
function oneLimitThenDone(): Answering {
  let writes = 0;
  return (arrived, response) => {
    if (arrived.url.endsWith('/user')) return json({ id: arrived.token })(arrived, response);
    if (arrived.token === 'ghp_one') return json({ message: 'Bad credentials' }, 401)(arrived, response);
    writes += 1;
    const quota = { 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '4990', 'x-ratelimit-reset': '4102444800' };
    if (writes === 1) return plain(429, { 'retry-after': '0' })(arrived, response);
    return json({ number: writes }, 201, quota)(arrived, response);
  };
}

test('what listeners throw changes nothing of a request, nor of those after it, and is printed', async () => {
  const warned = new Set<string>();
  const listen = ({ message }: Error): unknown => warned.add(message.split(' ', 1)[0] ?? '');
  process.on('warning', listen);
  onTestFinished(() => void process.off('warning', listen));
  await using github = await startScriptedGitHub(oneLimitThenDone());
  const tokenPool = new TokenPool(['ghp_one', 'ghp_two'], { onWarning: full });
  const options = { tokenPool, config: quick, baseUrl: github.url, meter: broken, onRetry: full };
  await using client = new RetryableGitHubClient(options);
  const write = async (): Promise<number> => {
    const { data } = await client.request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'Full' });
    return data.number;
  };
  expect([await write(), await write()]).toEqual([2, 3]);
  await expect
    .poll(() => [...warned].sort())
    .toEqual(['meter.called', 'meter.quota', 'meter.retried', 'meter.waited', 'onRetry', 'onWarning']);
});
