import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Secret } from '../../lib/secret.ts';
import { GitHubAccountReader } from './account-reader.github.ts';
import { GitHubAppTokens } from './app-tokens.github.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const signal = new AbortController().signal;

type Asked = { readonly route: string; readonly authorization: string; readonly body?: unknown };

let server: Server;
let apiUrl: string;
let asked: Asked[];
beforeAll(async () => {
  server = createServer((request, response) => {
    void (async () => {
      const body = request.method === 'POST' ? await json(request) : undefined;
      const route = `${request.method} ${request.url}`;
      asked.push({ route, authorization: request.headers.authorization ?? '', ...(body !== undefined && { body }) });
      if (route.includes('/installations/13/')) return;
      const [status, answer] = route.includes(' /page/') ? [200, {}] : (answers[route] ?? [404, { message: 'No' }]);
      response.writeHead(status, { 'content-type': 'application/json', 'x-oauth-scopes': 'repo' });
      response.end(JSON.stringify(answer));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  asked = [];
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const answers: Readonly<Record<string, readonly [number, unknown]>> = {
  'GET /app/installations?per_page=100&page=1': [
    200,
    [
      { id: 11, account: { login: 'Acme' } },
      { id: 12, account: { slug: 'umbrella' } },
    ],
  ],
  'POST /app/installations/11/access_tokens': [
    201,
    { token: 'ghs_one', expires_at: '2040-01-01T01:00:00Z', permissions: {}, repository_selection: 'all' },
  ],
  'GET /user': [200, { id: 7, login: 'ada' }],
};

function appOf(installationIds: readonly string[] = [], url = apiUrl): GitHubAppTokens {
  return new GitHubAppTokens({ appId: '42', privateKey: new Secret(pem), installationIds, apiUrl: url });
}

describe('a GitHub App', () => {
  test('is asked for its installations with its own key, and for those that are configured only', async () => {
    const app = appOf();
    expect(await app.installations({ signal })).toEqual([
      { id: '11', account: 'acme' },
      { id: '12', account: 'umbrella' },
    ]);
    expect(asked[0]?.authorization).toMatch(/^bearer [\w-]+\.[\w-]+\.[\w-]+$/);
    expect(await appOf(['12', '13']).installations({ signal })).toEqual([
      { id: '12', account: 'umbrella' },
      { id: '13', account: undefined },
    ]);
  });

  test('gives a token that may do what drafts need and no more, and a new one each time', async () => {
    const app = appOf();
    expect((await app.newToken('11', { signal })).secret.reveal()).toBe('ghs_one');
    await app.newToken('11', { signal });
    expect(asked.map(({ route }) => route)).toEqual(Array(2).fill('POST /app/installations/11/access_tokens'));
    expect(asked[0]?.body).toMatchObject({
      permissions: { contents: 'write', pull_requests: 'write', checks: 'write', issues: 'write', metadata: 'read' },
    });
    expect(JSON.stringify(asked[0]?.body)).not.toMatch(/administration|workflows/);
  });

  test.each(['2026-01-05T10:00:00Z', '2050-01-05T10:00:00Z'])(
    'gives a token that is good for an hour by the clock of this machine: %s',
    async (now) => {
      vi.useFakeTimers({ now: Date.parse(now), toFake: ['Date'] });
      onTestFinished(() => void vi.useRealTimers());
      const { expiresAtMs } = await appOf().newToken('11', { signal });
      expect(expiresAtMs).toBe(Date.parse(now) + 3_600_000);
    },
  );

  test('of a server that is not GitHub’s API has neither installations nor a token', async () => {
    const app = appOf([], `${apiUrl}/page`);
    await expect(app.installations({ signal })).rejects.toThrow(/GITHUB_API_URL/);
    await expect(app.newToken('11', { signal })).rejects.toThrow(/GITHUB_API_URL/);
  });

  test('that GitHub does not answer ends with its signal', async () => {
    const controller = new AbortController();
    const fault = new Error('too late');
    const token = appOf().newToken('13', { signal: controller.signal });
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    controller.abort(fault);
    await expect(token).rejects.toThrow(fault.message);
  });

  test('that GitHub does not know is refused with GitHub’s error, without its key', async () => {
    const fault = await appOf()
      .newToken('99', { signal })
      .catch((error: unknown) => error);
    expect(fault).toMatchObject({ status: 404 });
    expect(JSON.stringify(fault)).not.toContain('PRIVATE KEY');
  });
});

describe('who a token acts as', () => {
  test('is told by GitHub, with the headers of its answer', async () => {
    const { answer, user } = await new GitHubAccountReader(apiUrl).read(new Secret('ghp_aaa'), { signal });
    expect(user).toBe('user-7');
    expect(answer).toMatchObject({ kind: 'response', status: 200, headers: { 'x-oauth-scopes': 'repo' } });
    expect(asked).toEqual([{ route: 'GET /user', authorization: 'token ghp_aaa' }]);
  });

  test('is not known when GitHub refuses, is not there, or does not answer in time', async () => {
    const read = (url: string, limit: AbortSignal = signal) =>
      new GitHubAccountReader(url).read(new Secret('ghp_aaa'), { signal: limit });
    expect(await read(`${apiUrl}/elsewhere`)).toMatchObject({ answer: { status: 404 }, user: undefined });
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    gone.close();
    await once(gone, 'close');
    expect(await read(`http://127.0.0.1:${port}`)).toEqual({
      answer: { kind: 'no_answer', reason: 'not_connected' },
      user: undefined,
    });
    expect(await read(apiUrl, AbortSignal.abort(new DOMException('late', 'TimeoutError')))).toEqual({
      answer: { kind: 'no_answer', reason: 'timeout' },
      user: undefined,
    });
  });
});
