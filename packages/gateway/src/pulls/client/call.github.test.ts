import { describe, expect, test } from 'vitest';
import { isRefusedCall } from './refused-routes.ts';
import { RetryableGitHubClient } from './retryable-github-client.ts';
import { clientOf, countingDoor, quick, shop } from './testing/client-of.ts';
import { json, plain, startScriptedGitHub } from './testing/scripted-github.ts';

/** As Octokit throws it. */
function answered(status: number, headers: Readonly<Record<string, string>> = {}, method?: string): Error {
  const request = method === undefined ? {} : { request: { method } };
  return Object.assign(new Error(`HTTP ${status}`), { status, response: { status, headers }, ...request });
}

/** A service that throws these one after the other, then answers; with the tokens that it was made with. */
function faultyMethods(...faults: readonly Error[]) {
  const tokens: string[] = [];
  const left = [...faults];
  const once = async <Result>(token: string, result: Result): Promise<Result> => {
    tokens.push(token);
    const fault = left.shift();
    if (fault) throw fault;
    return result;
  };
  const make = (token: string) => ({
    getRepository: ({ owner, repo }: { owner: string; repo: string }) => once(token, `${owner}/${repo}`),
    createIssue: ({ title }: { title: string }) => once(token, title),
    mergePullRequest: () => once(token, 'merged'),
    never: (): Promise<string> => new Promise(() => {}),
  });
  return { make, tokens };
}

describe('a call of a method', () => {
  test('is tried again after what passes, each time with the token that may', async () => {
    const limited = answered(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '4102444800' });
    const { make, tokens } = faultyMethods(answered(502), limited, answered(401));
    const admission = countingDoor(['ghp_one', 'ghp_two', 'ghp_three', 'ghp_four']);
    const client = new RetryableGitHubClient({ githubService: make, admission, config: quick });
    expect(await client.call('getRepository', shop)).toBe('acme/shop');
    expect(tokens).toEqual(['ghp_one', 'ghp_two', 'ghp_three', 'ghp_four']);
    expect(admission).toMatchObject({ open: 0, ended: 4, unused: 0 });
  });

  test('throws what is final as it is', async () => {
    const refused = answered(404);
    const { make } = faultyMethods(refused);
    const client = new RetryableGitHubClient({ githubService: make, admission: countingDoor(), config: quick });
    await expect(client.call('getRepository', shop)).rejects.toBe(refused);
  });

  test('is a write when its name does not say that it reads, and is not made twice', async () => {
    const { make, tokens } = faultyMethods(answered(502));
    const client = new RetryableGitHubClient({ githubService: make, admission: countingDoor(), config: quick });
    await expect(client.call('createIssue', { title: 'x' })).rejects.toMatchObject({ stop: 'unknown_outcome' });
    expect(tokens).toHaveLength(1);
  });

  test('that was looked up is what was found', async () => {
    const { make, tokens } = faultyMethods(answered(502));
    const client = new RetryableGitHubClient({ githubService: make, admission: countingDoor(), config: quick });
    const lookUp = async (): Promise<string> => 'found';
    expect(await client.call('createIssue', { title: 'x' }, { lookUp })).toBe('found');
    expect(tokens).toHaveLength(1);
  });

  test('is what the error says that it was, or the caller', async () => {
    const first = faultyMethods(answered(502, {}, 'PUT'));
    const options = { admission: countingDoor(), config: quick };
    const client = new RetryableGitHubClient({ githubService: first.make, ...options });
    expect(await client.call('createIssue', { title: 'x' })).toBe('x');
    const second = faultyMethods(answered(502));
    const other = new RetryableGitHubClient({ githubService: second.make, ...options });
    expect(await other.call('createIssue', { title: 'x' }, { question: { method: 'GET' } })).toBe('x');
  });

  test('that merges is not made', async () => {
    const { make, tokens } = faultyMethods();
    const client = new RetryableGitHubClient({ githubService: make, admission: countingDoor(), config: quick });
    await expect(client.call('mergePullRequest')).rejects.toMatchObject({ code: 'forbidden' });
    expect(tokens).toEqual([]);
  });

  test.each(['request', 'graphql', 'paginate'])(
    'of Octokit’s own %s is not made: it could be anything',
    async (name) => {
      const sent: unknown[] = [];
      const send = async (what: unknown): Promise<void> => void sent.push(what);
      const octokit = { request: send, graphql: send, paginate: send };
      const client = new RetryableGitHubClient({ githubService: octokit, admission: countingDoor(), config: quick });
      const merge = 'PUT /repos/acme/shop/pulls/1/merge';
      await expect(client.call(name as 'request', merge)).rejects.toMatchObject({ code: 'forbidden' });
      expect(sent).toEqual([]);
    },
  );

  test.each(['setStatusCheckContexts', 'removeTeamAccessRestrictions', 'delete_access_restrictions'])(
    'that changes the protection of a branch is not made: %s',
    (name) => expect(isRefusedCall(name)).toBe(true),
  );

  test('that gets something or makes it is a write', async () => {
    const called: string[] = [];
    const getOrCreateLabel = async (label: string): Promise<void> => {
      called.push(label);
      throw answered(502);
    };
    const client = new RetryableGitHubClient({
      githubService: () => ({ getOrCreateLabel }),
      admission: countingDoor(),
      config: quick,
    });
    await expect(client.call('getOrCreateLabel', 'bot')).rejects.toMatchObject({ stop: 'unknown_outcome' });
    expect(called).toEqual(['bot']);
  });

  test('that never ends is a timeout', async () => {
    const { make } = faultyMethods();
    const admission = countingDoor();
    const options = { admission, config: { ...quick, maxRetries: 0 }, attemptTimeoutMs: 5 };
    const client = new RetryableGitHubClient({ githubService: make, ...options });
    await expect(client.call('never', undefined, { question: { method: 'GET' } })).rejects.toMatchObject({
      code: 'timeout',
      stop: 'exhausted',
    });
    expect(admission).toMatchObject({ open: 0, ended: 1 });
  });

  test('ends with its signal', async () => {
    const { make } = faultyMethods();
    const admission = countingDoor();
    const client = new RetryableGitHubClient({ githubService: make, admission, config: quick });
    const controller = new AbortController();
    const call = client.call('never', undefined, { signal: controller.signal });
    controller.abort(new Error('the user left'));
    await expect(call).rejects.toThrow('the user left');
    expect(admission.open).toBe(0);
  });

  test('throws a fault of the service as it is, at once', async () => {
    const fault = new TypeError('x is not a function');
    const { make } = faultyMethods(fault);
    const admission = countingDoor();
    const client = new RetryableGitHubClient({ githubService: make, admission, config: quick });
    await expect(client.call('getRepository', shop)).rejects.toBe(fault);
    expect(admission.open).toBe(0);
  });

  test('of a service with a token of its own is tried again, without the pool', async () => {
    const { make, tokens } = faultyMethods(answered(502));
    const admission = countingDoor([]);
    const client = new RetryableGitHubClient({ githubService: make('its own'), admission, config: quick });
    expect(await client.call('getRepository', shop)).toBe('acme/shop');
    expect(tokens).toEqual(['its own', 'its own']);
  });
});

describe('a call of a route', () => {
  test('is a request', async () => {
    await using github = await startScriptedGitHub(plain(502), json({ full_name: 'acme/shop' }));
    const answer = await clientOf(github).call('GET /repos/{owner}/{repo}', shop);
    expect(answer.data.full_name).toBe('acme/shop');
  });
});

describe('GraphQL', () => {
  test('gives the data of a query, which may be sent again', async () => {
    await using github = await startScriptedGitHub(plain(502), json({ data: { viewer: { login: 'ada' } } }));
    const query = 'query($first: Int) { viewer { login } }';
    expect(await clientOf(github).graphql(query, { first: 1 })).toEqual({ viewer: { login: 'ada' } });
    expect(github.arrived[1]).toMatchObject({
      url: '/graphql',
      body: JSON.stringify({ query, variables: { first: 1 } }),
    });
  });

  test('changes the token when one is used up, which it says with status 200', async () => {
    const limited = json({ errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }] }, 200, {
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '4102444800',
      'x-ratelimit-resource': 'graphql',
    });
    await using github = await startScriptedGitHub(limited, json({ data: { a: 1 } }));
    const client = clientOf(github, { admission: countingDoor(['ghp_one', 'ghp_two']) });
    expect(await client.graphql('{ a }')).toEqual({ a: 1 });
    expect(github.arrived.map(({ token }) => token)).toEqual(['ghp_one', 'ghp_two']);
  });

  test('throws what is wrong with a query, with what there is of an answer', async () => {
    const errors = [{ type: 'NOT_FOUND', message: 'Could not resolve' }];
    await using github = await startScriptedGitHub(json({ data: { a: null }, errors }));
    await expect(clientOf(github).graphql('{ a }')).rejects.toMatchObject({
      name: 'HttpError',
      message: 'Could not resolve',
      response: { data: { data: { a: null }, errors } },
    });
  });

  test('is beside the REST API of an Enterprise Server', async () => {
    await using github = await startScriptedGitHub(json({ data: {} }));
    await clientOf(github, { baseUrl: `${github.url}/api/v3` }).graphql('{ a }');
    expect(github.arrived[0]?.url).toBe('/api/graphql');
  });

  test('sends no mutation', async () => {
    await using github = await startScriptedGitHub();
    await expect(clientOf(github).graphql('mutation { closeIssue { id } }')).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(github.arrived).toEqual([]);
  });
});
