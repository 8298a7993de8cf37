import { describe, expect, test } from 'vitest';
import { EtagCache } from './etag-cache.ts';
import { clientOf, countingDoor, shop } from './testing/client-of.ts';
import { json, startScriptedGitHub, type Answering } from './testing/scripted-github.ts';

const repository = 'GET /repos/{owner}/{repo}';

/** Answers as GitHub does, with a version that changes when it is told to. */
function versioned(): { readonly answer: Answering; readonly change: () => void } {
  let version = 1;
  return {
    answer: (arrived, response) => {
      const of = arrived.token.replace('ghp_', '');
      const etag = `W/"${version}-${of}"`;
      const holds = arrived.headers['if-none-match'] === etag;
      const headers = { 'content-type': 'application/json', etag, 'x-request': String(Math.random()) };
      response.writeHead(holds ? 304 : 200, headers);
      response.end(holds ? undefined : JSON.stringify({ version, of }));
    },
    change: () => {
      version += 1;
    },
  };
}

describe('a read that is repeated', () => {
  test('is given what was kept when GitHub says that it still holds', async () => {
    const { answer } = versioned();
    await using github = await startScriptedGitHub(answer);
    const client = clientOf(github);
    const first = await client.request(repository, shop);
    const second = await client.request(repository, shop);
    expect(first).toMatchObject({ status: 200, source: 'github', data: { version: 1 } });
    expect(second).toMatchObject({ status: 200, source: 'cache', data: { version: 1 } });
    expect(github.arrived[1]?.headers['if-none-match']).toBe('W/"1-one"');
    expect(second.headers['x-request']).not.toBe(first.headers['x-request']);
  });

  test('is given what is new when it has changed, and that from then on', async () => {
    const { answer, change } = versioned();
    await using github = await startScriptedGitHub(answer);
    const client = clientOf(github);
    await client.request(repository, shop);
    change();
    expect(await client.request(repository, shop)).toMatchObject({ source: 'github', data: { version: 2 } });
    expect(await client.request(repository, shop)).toMatchObject({ source: 'cache', data: { version: 2 } });
  });

  test('is not harmed by what was done to the answer before', async () => {
    await using github = await startScriptedGitHub(versioned().answer);
    const client = clientOf(github);
    const first = await client.request(repository, shop);
    Object.assign(first.data, { version: 'mine' });
    expect(await client.request(repository, shop)).toMatchObject({ data: { version: 1 } });
  });

  test('is asked with the token under which it is known', async () => {
    await using github = await startScriptedGitHub(versioned().answer);
    const client = clientOf(github, { admission: countingDoor(['ghp_one', 'ghp_two']) });
    for (let reads = 0; reads < 4; reads += 1) await client.request(repository, shop);
    expect(github.arrived.map(({ token }) => token)).toEqual(Array(4).fill('ghp_one'));
  });

  test('is never given what another token was answered', async () => {
    const { answer } = versioned();
    const limited = json({ message: 'API rate limit exceeded' }, 403, { 'retry-after': '3000' });
    await using github = await startScriptedGitHub(answer, limited, answer, answer);
    const client = clientOf(github, { admission: countingDoor(['ghp_one', 'ghp_two']) });
    await client.request(repository, shop);
    const second = await client.request(repository, shop);
    expect(second).toMatchObject({ source: 'github', data: { of: 'two' } });
    expect(github.arrived[2]?.headers['if-none-match']).toBeUndefined();
    expect(await client.request(repository, shop)).toMatchObject({ source: 'cache', data: { of: 'two' } });
  });

  test('in another form, or of another page, is another read', async () => {
    await using github = await startScriptedGitHub(versioned().answer);
    const client = clientOf(github);
    const issues = 'GET /repos/{owner}/{repo}/issues';
    await client.request(issues, { ...shop, page: 1 });
    await client.request(issues, { ...shop, page: 2 });
    const raw = { ...shop, page: 2, mediaType: { format: 'raw' } };
    expect(await client.request(issues, raw)).toMatchObject({ source: 'github' });
  });

  test('with a date instead of a name asks whether it has changed since', async () => {
    const date = 'Thu, 05 Jul 2012 15:31:30 GMT';
    const answer: Answering = (arrived, response) => {
      const holds = arrived.headers['if-modified-since'] === date;
      response.writeHead(holds ? 304 : 200, { 'content-type': 'application/json', 'last-modified': date });
      response.end(holds ? undefined : '{"id": 7}');
    };
    await using github = await startScriptedGitHub(answer);
    const client = clientOf(github);
    await client.request(repository, shop);
    expect(await client.request(repository, shop)).toMatchObject({ source: 'cache', data: { id: 7 } });
  });

  test('with a condition of the caller’s own is answered as GitHub does', async () => {
    await using github = await startScriptedGitHub(versioned().answer);
    const client = clientOf(github);
    const headers = { 'if-none-match': 'W/"1-one"' };
    await expect(client.request(repository, { ...shop, headers })).rejects.toMatchObject({
      status: 304,
    });
  });
});

describe('the cache', () => {
  const answer = (size: number, headers: Readonly<Record<string, string>> = { etag: '"1"' }) => ({
    headers,
    body: new Uint8Array(size),
  });

  test('holds no more bytes than it may, and forgets what was not used for longest', () => {
    const cache = new EtagCache({ maxBytes: 10_000 });
    for (const name of ['a', 'b', 'c']) cache.keep(name, 'token-1', answer(2500));
    cache.find('a', 'token-1');
    cache.keep('d', 'token-1', answer(2500));
    expect(['a', 'b', 'c', 'd'].map((name) => cache.find(name, 'token-1') !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect(cache.bytes).toBeLessThanOrEqual(10_000);
  });

  test('holds no more entries than it may', () => {
    const cache = new EtagCache({ maxEntries: 2 });
    for (const label of ['token-1', 'token-2', 'token-3']) cache.keep('a', label, answer(1));
    expect(cache.find('a', 'token-1')).toBeUndefined();
    expect(cache.labelOf('a')).toBe('token-3');
  });

  test('weighs what it replaces no more', () => {
    const cache = new EtagCache();
    cache.keep('a', 'token-1', answer(100));
    const { bytes } = cache;
    for (let kept = 0; kept < 10; kept += 1) cache.keep('a', 'token-1', answer(100));
    expect(cache.bytes).toBe(bytes);
  });

  test.each([
    ['has no name', answer(1, {})],
    ['is not to be kept', answer(1, { etag: '"1"', 'cache-control': 'private, no-store' })],
    ['is larger than all it may hold', answer(2000)],
  ])('forgets an answer whose successor %s', (_what, next) => {
    const cache = new EtagCache({ maxBytes: 1500 });
    cache.keep('a', 'token-1', answer(1));
    cache.keep('a', 'token-1', next);
    expect(cache.find('a', 'token-1')).toBeUndefined();
    expect(cache.bytes).toBe(0);
  });
});
