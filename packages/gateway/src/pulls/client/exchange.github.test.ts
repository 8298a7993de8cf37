import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Admission } from '../admission/admission.ts';
import { clientOf, countingDoor, quick, shop } from './testing/client-of.ts';
import { cutAtOnce, json, plain, silence, startScriptedGitHub, type Answering } from './testing/scripted-github.ts';

const repository = 'GET /repos/{owner}/{repo}';
const comment = 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments';
const said = { ...shop, issue_number: 1, body: 'hello' } as const;

const usedUp = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '4102444800' };
const to = (location: string, status: number): Answering => plain(status, { location });

describe('a redirect', () => {
  test.each([301, 302, 307, 308])('of a read (%i) is followed on the same host, with the token', async (status) => {
    await using github = await startScriptedGitHub(to('/repositories/7', status), json({ id: 7 }));
    expect(await clientOf(github).request(repository, shop)).toMatchObject({ data: { id: 7 } });
    expect(github.arrived.map(({ url, token }) => [url, token])).toEqual([
      ['/repos/acme/shop', 'ghp_one'],
      ['/repositories/7', 'ghp_one'],
    ]);
  });

  test.each([307, 308])('of a write (%i) is followed with its method and body', async (status) => {
    await using github = await startScriptedGitHub(
      to('/repositories/7/issues/1/comments', status),
      json({ id: 7 }, 201),
    );
    expect(await clientOf(github).request(comment, said)).toMatchObject({ status: 201 });
    expect(github.arrived[1]).toMatchObject({ method: 'POST', body: '{"body":"hello"}' });
  });

  test.each([301, 302, 303])('of a write (%i) that would make it a read is an error', async (status) => {
    await using github = await startScriptedGitHub(to('/repositories/7/issues/1/comments', status));
    await expect(clientOf(github).request(comment, said)).rejects.toMatchObject({ name: 'HttpError', status });
    expect(github.arrived).toHaveLength(1);
  });

  test('to another host is the answer: the token goes to nobody else', async () => {
    await using other = await startScriptedGitHub();
    await using github = await startScriptedGitHub(to(`${other.url}/archive.zip`, 302));
    const archive = 'GET /repos/{owner}/{repo}/zipball/{ref}';
    const answer = await clientOf(github).request(archive, { ...shop, ref: 'main' });
    expect(answer).toMatchObject({ status: 302, headers: { location: `${other.url}/archive.zip` } });
    expect(other.arrived).toEqual([]);
  });

  test('of a write to another host is an error', async () => {
    await using other = await startScriptedGitHub();
    await using github = await startScriptedGitHub(to(`${other.url}/`, 307));
    await expect(clientOf(github).request(comment, said)).rejects.toMatchObject({ name: 'HttpError' });
    expect(other.arrived).toEqual([]);
  });

  test('to what this client never does is not followed', async () => {
    await using github = await startScriptedGitHub(to('/repositories/7/pulls/1/merge', 307));
    const admission = countingDoor();
    await expect(clientOf(github, { admission }).request(comment, said)).rejects.toMatchObject({ code: 'forbidden' });
    expect(github.arrived).toHaveLength(1);
    expect(admission).toMatchObject({ open: 0, ended: 1 });
  });

  test.each([plain(301), to('http://', 301), to('', 302)])('that leads nowhere is an error', async (nowhere) => {
    await using github = await startScriptedGitHub(nowhere);
    await expect(clientOf(github).request(repository, shop)).rejects.toMatchObject({ name: 'HttpError' });
  });

  test('that never ends is an error after five, each of them counted', async () => {
    await using github = await startScriptedGitHub(to('/repositories/7', 301));
    const admission = countingDoor();
    const call = clientOf(github, { admission }).request(repository, shop);
    await expect(call).rejects.toMatchObject({ name: 'HttpError', status: 301 });
    await expect(call).rejects.toThrow(/\/repositories\/7 was sent on to .* too often/);
    expect(github.arrived).toHaveLength(6);
    expect(admission).toMatchObject({ open: 0, ended: 6 });
  });

  const toComments = { location: '/repositories/7/issues/1/comments' };
  const lastOfQuota = plain(307, { ...toComments, ...usedUp });

  test('that uses up the quota is followed with another token', async () => {
    await using github = await startScriptedGitHub(lastOfQuota, json({ id: 7 }));
    const admission = countingDoor(['ghp_one', 'ghp_two']);
    expect(await clientOf(github, { admission }).request(repository, shop)).toMatchObject({ data: { id: 7 } });
    expect(github.arrived.map(({ token }) => token)).toEqual(['ghp_one', 'ghp_two']);
    expect(admission).toMatchObject({ open: 0, ended: 2 });
  });

  test.each([repository, comment] as const)(
    'that uses up the last quota is not followed: %s fails and names the time',
    async (route) => {
      // The hour after the next one; our clock may be said to be some seconds ahead of the server's.
      const reset = new Date((Math.floor(Date.now() / 3_600_000) + 2) * 3_600_000);
      const last = { ...toComments, ...usedUp, 'x-ratelimit-reset': String(reset.getTime() / 1000) };
      await using github = await startScriptedGitHub(plain(307, last), json({ id: 7 }));
      const notices: unknown[] = [];
      const client = clientOf(github, { onRetry: (notice) => notices.push(notice) });
      await expect(client.call(route, said)).rejects.toMatchObject({
        code: 'rate_limit',
        stop: 'over_budget',
        attempts: 1,
        status: 307,
        message: expect.stringMatching(
          new RegExp(`leave no room until ${reset.toISOString().slice(0, 17)}0.*the last answer was 307`),
        ),
      });
      expect(github.arrived).toHaveLength(1);
      expect(notices).toEqual([]);
    },
  );

  test('that is waited for after it is ended by the signal', async () => {
    const seconds = plain(301, {
      location: '/repositories/7',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 300),
    });
    await using github = await startScriptedGitHub(seconds);
    const controller = new AbortController();
    const door = countingDoor();
    const reason = new Error('the user left');
    const { promise: isAsked, resolve } = Promise.withResolvers<unknown>();
    let asked = 0;
    const admission: Admission = {
      admit: (ask, options) => {
        asked += 1;
        if (asked === 2) queueMicrotask(() => resolve(undefined));
        return door.admit(ask, options);
      },
    };
    const call = clientOf(github, { admission }).request(repository, shop, { signal: controller.signal });
    call.catch(() => {});
    await isAsked;
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(door).toMatchObject({ open: 0, ended: 1 });
    expect(github.arrived).toHaveLength(1);
  });

  test('leads to an answer that is kept under the address that it came from', async () => {
    const moved: Answering = (arrived, response) => {
      const holds = arrived.headers['if-none-match'] === '"7"';
      if (arrived.url === '/repositories/7') {
        response.writeHead(holds ? 304 : 200, { 'content-type': 'application/json', etag: '"7"' });
        response.end(holds ? undefined : '{"id": 7}');
        return;
      }
      expect(arrived.headers['if-none-match']).toBeUndefined();
      to('/repositories/7', 301)(arrived, response);
    };
    await using github = await startScriptedGitHub(moved);
    const client = clientOf(github, { admission: countingDoor(['ghp_one', 'ghp_two']) });
    expect(await client.request(repository, shop)).toMatchObject({ source: 'github', data: { id: 7 } });
    expect(await client.request(repository, shop)).toMatchObject({ source: 'cache', data: { id: 7 } });
  });

  test.each([301, 302])('of a GraphQL query (%i) is an error, not an answer without data', async (status) => {
    await using github = await startScriptedGitHub(to('/api/graphql', status));
    await expect(clientOf(github).graphql('{ a }')).rejects.toMatchObject({ name: 'HttpError', status });
  });
});

describe('an answer', () => {
  test('that is too long is an error at once, and its connection is closed', async () => {
    const endless: Answering = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
      };
      response.on('drain', write);
      write();
    };
    await using github = await startScriptedGitHub(endless);
    const admission = countingDoor();
    await expect(
      clientOf(github, { admission, maxAnswerBytes: 100_000 }).request(repository, shop),
    ).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('longer than 100000 bytes'),
    });
    await github.untilNoConnection();
    expect(github.arrived).toHaveLength(1);
    expect(admission).toMatchObject({ open: 0, ended: 1 });
  });

  test('to a write that is too long leaves its outcome unknown, which may be looked up', async () => {
    const long = json({ id: 7, text: 'x'.repeat(1000) }, 201);
    await using github = await startScriptedGitHub(long);
    const client = clientOf(github, { maxAnswerBytes: 100 });
    await expect(client.request(comment, said)).rejects.toMatchObject({ stop: 'unknown_outcome' });
    const found = await client.request(comment, said, { lookUp: async () => ({ id: 7 }) as never });
    expect(found).toMatchObject({ data: { id: 7 }, source: 'look_up' });
    expect(github.arrived).toHaveLength(2);
  });

  test('in a JSON that Octokit does not read is the text that it is', async () => {
    const type = 'application/problem+json; charset=utf-8';
    await using github = await startScriptedGitHub(plain(200, {}, '{"a": 1}', type));
    expect(await clientOf(github).request('GET /zen', {})).toMatchObject({ data: '{"a": 1}' });
  });

  test.each([plain(200, {}, '<html>Log in to the hotel</html>', 'text/html'), plain(204)])(
    'to GraphQL that is no answer to it is asked for again, and is not taken for one without data',
    async (nonsense) => {
      await using github = await startScriptedGitHub(nonsense, json({ data: { a: 1 } }));
      expect(await clientOf(github).graphql('{ a }')).toEqual({ a: 1 });
    },
  );

  test('without a body is one', async () => {
    await using github = await startScriptedGitHub(plain(204));
    const answer = await clientOf(github).request('DELETE /repos/{owner}/{repo}/git/refs/{ref}', {
      ...shop,
      ref: 'heads/x',
    });
    expect(answer).toMatchObject({ status: 204 });
  });

  test('of a file as it is is asked for by its media type', async () => {
    await using github = await startScriptedGitHub(
      plain(200, {}, '{', 'application/vnd.github.raw+json; charset=utf-8'),
    );
    const file = { ...shop, path: 'broken.json', mediaType: { format: 'raw' } };
    const contents = 'GET /repos/{owner}/{repo}/contents/{path}';
    const { data } = await clientOf(github).request(contents, file, { signal: undefined });
    expect(data).toBe('{');
    expect(github.arrived[0]?.headers.accept).toBe('application/vnd.github.v3.raw');
  });

  test('that is no JSON and does not say so is a text', async () => {
    await using github = await startScriptedGitHub(plain(200, {}, 'Keep it logically awesome.'));
    expect(await clientOf(github).request('GET /zen', {})).toMatchObject({ data: 'Keep it logically awesome.' });
  });
});

describe('a token', () => {
  /** A proxy that tells what it was asked. */
  const tellAll =
    (status: number): Answering =>
    ({ headers }, response) => {
      response.writeHead(status, { 'content-type': 'application/json', 'x-asked-with': headers.authorization ?? '' });
      response.end(JSON.stringify({ message: `you sent ${headers.authorization}`, headers }));
    };
  const lookUp = async (): Promise<undefined> => {};

  test.each<readonly [string, Answering, typeof lookUp | undefined]>([
    ['a refusal', tellAll(422), undefined],
    ['a bad token', tellAll(401), undefined],
    ['errors to the end', tellAll(502), lookUp],
    ['an unknown outcome', tellAll(500), undefined],
    ['a limit', tellAll(429), undefined],
    ['a cut connection', cutAtOnce, lookUp],
    ['silence', silence, lookUp],
    ['an odd redirect', to('/repositories/7/pulls/1/merge', 307), undefined],
    ['a redirect that is not followed', tellAll(301), undefined],
    ['JSON that is none', plain(200, {}, '{"', 'application/json'), undefined],
  ])('is in no error after %s, nor in what caused it', async (_what, fault, look) => {
    await using github = await startScriptedGitHub(fault);
    const token = 'ghp_verysecret';
    const client = clientOf(github, {
      admission: countingDoor([token]),
      config: { ...quick, maxRetries: 1, totalTimeout: 5 },
      attemptTimeoutMs: 20,
    });
    const options = look && { lookUp: look };
    const error = await client.request(comment, said, options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    const told: string[] = [];
    for (let one = error; one instanceof Error; one = one.cause) {
      told.push(inspect(one, { depth: 20, showHidden: true }), JSON.stringify(one), String(one.stack));
    }
    expect(told.join('\n')).not.toContain(token);
  });
});
