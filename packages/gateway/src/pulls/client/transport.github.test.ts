import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { clientOf, countingDoor, quick, shop } from './testing/client-of.ts';
import { cutAtOnce, json, plain, silence, startScriptedGitHub, type Answering } from './testing/scripted-github.ts';

const repository = 'GET /repos/{owner}/{repo}';
const comment = 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments';
const said = { ...shop, issue_number: 1, body: 'hello' } as const;

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

  test('that never ends is the answer after five', async () => {
    await using github = await startScriptedGitHub(to('/repositories/7', 301));
    expect(await clientOf(github).request(repository, shop)).toMatchObject({ data: '' });
    expect(github.arrived).toHaveLength(6);
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

  test('without a body is one', async () => {
    await using github = await startScriptedGitHub(plain(204));
    const answer = await clientOf(github).request('DELETE /repos/{owner}/{repo}/git/refs/{ref}', {
      ...shop,
      ref: 'heads/x',
    });
    expect(answer).toMatchObject({ status: 204 });
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
