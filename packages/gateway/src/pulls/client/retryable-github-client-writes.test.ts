import { describe, expect, test } from 'vitest';
import { clientOf, countingDoor, quick, shop } from './testing/client-of.ts';
import { cutAtOnce, cutInBody, json, plain, startScriptedGitHub, type Answering } from './testing/scripted-github.ts';

const comment = 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments';
const said = { ...shop, issue_number: 1, body: 'hello' } as const;
/** Routes have more in their answers than a test wants to say. */
const made = { id: 7 } as never;
const created = json({ id: 7 }, 201);

describe('a write whose outcome is unknown', () => {
  test.each([
    ['a bad gateway', plain(502), 502],
    ['a cut connection', cutAtOnce, undefined],
    ['a cut answer', cutInBody, undefined],
    ['JSON that is none', plain(201, {}, '{"id', 'application/json'), 201],
  ])('after %s is not sent again when nobody can look', async (_what, fault, status) => {
    await using github = await startScriptedGitHub(fault, created);
    const admission = countingDoor();
    await expect(clientOf(github, { admission }).request(comment, said)).rejects.toMatchObject({
      stop: 'unknown_outcome',
      attempts: 1,
      status,
    });
    expect(github.arrived).toHaveLength(1);
    expect(admission).toMatchObject({ open: 0, ended: 1 });
  });

  test('is the answer that the look finds', async () => {
    await using github = await startScriptedGitHub(plain(502), created);
    const answer = await clientOf(github).request(comment, said, { lookUp: async () => made });
    expect(answer).toEqual({ status: 200, headers: {}, data: { id: 7 }, source: 'look_up' });
    expect(github.arrived).toHaveLength(1);
  });

  test('is sent again when the look finds nothing', async () => {
    await using github = await startScriptedGitHub(cutAtOnce, created);
    let looks = 0;
    const lookUp = async (): Promise<undefined> => {
      looks += 1;
    };
    expect(await clientOf(github).request(comment, said, { lookUp })).toMatchObject({ status: 201, source: 'github' });
    expect([github.arrived.length, looks]).toEqual([2, 1]);
  });

  test('is looked for with the same client while it is made', async () => {
    await using github = await startScriptedGitHub(cutAtOnce, json([{ id: 7 }]));
    const client = clientOf(github);
    const lookUp = async (): Promise<never> => {
      const { data } = await client.request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', said);
      return data[0] as never;
    };
    expect(await client.request(comment, said, { lookUp })).toMatchObject({ data: { id: 7 }, source: 'look_up' });
  });

  test('is looked for once more when it is sent again and refused: perhaps because it is there already', async () => {
    await using github = await startScriptedGitHub(plain(502), json({ message: 'already exists' }, 422));
    const looks = [undefined, made];
    const answer = await clientOf(github).request(comment, said, { lookUp: async () => looks.shift() });
    expect(answer).toMatchObject({ data: { id: 7 }, source: 'look_up' });
    expect(github.arrived).toHaveLength(2);
  });

  test('is refused with GitHub’s own error when it is not there', async () => {
    await using github = await startScriptedGitHub(plain(502), json({ message: 'too long' }, 422));
    await expect(clientOf(github).request(comment, said, { lookUp: async () => undefined })).rejects.toMatchObject({
      status: 422,
    });
  });

  test('is looked for once more before it is given up', async () => {
    await using github = await startScriptedGitHub(plain(502));
    const looks = [undefined, made];
    const client = clientOf(github, { config: { ...quick, maxRetries: 1 } });
    expect(await client.request(comment, said, { lookUp: async () => looks.shift() })).toMatchObject({
      source: 'look_up',
    });
    expect(github.arrived).toHaveLength(2);
  });

  test('stays unknown when the look fails, and says why', async () => {
    await using github = await startScriptedGitHub(plain(502));
    const fault = new Error('nobody knows');
    const lookUp = async (): Promise<undefined> => {
      throw fault;
    };
    await expect(clientOf(github).request(comment, said, { lookUp })).rejects.toMatchObject({
      stop: 'unknown_outcome',
      cause: fault,
    });
    expect(github.arrived).toHaveLength(1);
  });

  test('is given up by the signal while it is looked for', async () => {
    await using github = await startScriptedGitHub(plain(502));
    const controller = new AbortController();
    const reason = new Error('the user left');
    const lookUp = (): Promise<never> => {
      controller.abort(reason);
      return new Promise<never>(() => {});
    };
    await expect(clientOf(github).request(comment, said, { lookUp, signal: controller.signal })).rejects.toBe(reason);
  });

  test('is known once it was looked for: it is only late when its turn does not come again', async () => {
    const usedUp = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '4102444800' };
    await using github = await startScriptedGitHub(plain(502, usedUp));
    const lookUp = async (): Promise<undefined> => {};
    await expect(clientOf(github).request(comment, said, { lookUp })).rejects.toMatchObject({ stop: 'over_budget' });
  });
});

describe('a write that did not arrive', () => {
  test('because of a limit is sent again without a look', async () => {
    await using github = await startScriptedGitHub(plain(429, { 'retry-after': '0' }), created);
    expect(await clientOf(github).request(comment, said)).toMatchObject({ status: 201 });
  });

  test('because nobody listened is sent again without a look', async () => {
    const github = await startScriptedGitHub();
    await github[Symbol.asyncDispose]();
    await expect(clientOf(github).request(comment, said)).rejects.toMatchObject({ stop: 'exhausted', attempts: 4 });
  });
});

test('a write that may be sent twice is sent again', async () => {
  await using github = await startScriptedGitHub(cutAtOnce, plain(502), json([]));
  const labels = 'PUT /repos/{owner}/{repo}/issues/{issue_number}/labels';
  await clientOf(github).request(labels, { ...shop, issue_number: 1, labels: ['draft'] });
  expect(github.arrived.map(({ body }) => body)).toEqual(Array(3).fill('{"labels":["draft"]}'));
});

test('what changes while a request waits is not sent in its place', async () => {
  const parameters = { ...shop, issue_number: 1, labels: ['one'] };
  const change: Answering = (arrived, response) => {
    parameters.issue_number = 2;
    plain(502)(arrived, response);
  };
  await using github = await startScriptedGitHub(change, json([]));
  await clientOf(github).request('PUT /repos/{owner}/{repo}/issues/{issue_number}/labels', parameters);
  expect(github.arrived.map(({ url }) => url)).toEqual(Array(2).fill('/repos/acme/shop/issues/1/labels'));
});
