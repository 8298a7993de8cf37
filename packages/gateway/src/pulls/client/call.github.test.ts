import { request as octokit } from '@octokit/request';
import { describe, expect, test } from 'vitest';
import { callOnce, readCall } from './call.github.ts';
import { isRefusedCall } from './refused-routes.ts';
import { RetryableGitHubClient } from './retryable-github-client.ts';
import { clientOf, countingDoor, quick, shop } from './testing/client-of.ts';
import { json, plain, silence, startScriptedGitHub } from './testing/scripted-github.ts';

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

  test('is what the caller says that it was', async () => {
    const { make } = faultyMethods(answered(502));
    const client = new RetryableGitHubClient({ githubService: make, admission: countingDoor(), config: quick });
    expect(await client.call('createIssue', { title: 'x' }, { question: { method: 'GET' } })).toBe('x');
  });

  test.each(['GET', 'PUT'])(
    'that writes is one whatever it was at last (%s): it may have written before',
    async (at) => {
      const { make, tokens } = faultyMethods(answered(502, {}, at));
      const client = new RetryableGitHubClient({ githubService: make, admission: countingDoor(), config: quick });
      await expect(client.call('createIssue', { title: 'x' })).rejects.toMatchObject({ stop: 'unknown_outcome' });
      expect(tokens).toHaveLength(1);
    },
  );

  test('that reads by its name is a write where its error says so', async () => {
    const { make, tokens } = faultyMethods(answered(502, {}, 'POST'));
    const client = new RetryableGitHubClient({ githubService: make, admission: countingDoor(), config: quick });
    await expect(client.call('getRepository', shop)).rejects.toMatchObject({ stop: 'unknown_outcome' });
    expect(tokens).toHaveLength(1);
  });

  test('of Octokit is the one request that its error says it was', async () => {
    await using github = await startScriptedGitHub(plain(502), json({ merged: 1 }));
    const addLabels = octokit.defaults({ method: 'PUT', url: '/labels', baseUrl: github.url });
    const client = new RetryableGitHubClient<{ addLabels: (parameters: object) => Promise<{ data: unknown }> }>({
      githubService: () => ({ addLabels }),
      admission: countingDoor(),
      config: quick,
    });
    expect(await client.call('addLabels', {})).toMatchObject({ data: { merged: 1 } });
  });

  test('whose GraphQL query is limited waits, or goes on with another token', async () => {
    const limited = Object.assign(new Error('API rate limit exceeded'), {
      errors: [{ type: 'RATE_LIMITED' }],
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '4102444800' },
      request: { query: '{ a }' },
    });
    const { make, tokens } = faultyMethods(limited);
    const admission = countingDoor(['ghp_one', 'ghp_two']);
    const client = new RetryableGitHubClient({ githubService: make, admission, config: quick });
    expect(await client.call('getRepository', shop)).toBe('acme/shop');
    expect(tokens).toEqual(['ghp_one', 'ghp_two']);
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
      const whole = { request: send, graphql: send, paginate: send };
      const client = new RetryableGitHubClient({ githubService: whole, admission: countingDoor(), config: quick });
      const merge = 'PUT /repos/acme/shop/pulls/1/merge';
      await expect(client.call(name as 'request', merge)).rejects.toMatchObject({ code: 'forbidden' });
      expect(sent).toEqual([]);
    },
  );

  test.each(['setStatusCheckContexts', 'removeTeamAccessRestrictions', 'delete_access_restrictions'])(
    'that changes the protection of a branch is not made: %s',
    (name) => expect(isRefusedCall(name)).toBe(true),
  );

  test.each(['getOrCreateLabel', 'get_or_create_label', 'check_and_close'] as const)(
    'that gets something or makes it is a write: %s',
    async (name) => {
      const called: string[] = [];
      const make = async (label: string): Promise<void> => {
        called.push(label);
        throw answered(502);
      };
      const client = new RetryableGitHubClient({
        githubService: () => ({ getOrCreateLabel: make, get_or_create_label: make, check_and_close: make }),
        admission: countingDoor(),
        config: quick,
      });
      await expect(client.call(name, 'bot')).rejects.toMatchObject({ stop: 'unknown_outcome' });
      expect(called).toEqual(['bot']);
    },
  );

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

  test('that begins when nobody waits for it any more is over at once', async () => {
    const never = async (): Promise<never> => new Promise(() => {});
    const came = await callOnce(() => ({ never }), readCall('never', {}, undefined), AbortSignal.abort(), 60_000);
    expect(came).toMatchObject({ kind: 'failed', answer: { kind: 'no_answer', reason: 'timeout' } });
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

  test.each(['getRepository', 'createIssue'] as const)(
    'throws a fault of the service as it is, at once, and counts as sent: %s',
    async (name) => {
      const fault = new TypeError('x is not a function');
      const { make, tokens } = faultyMethods(fault);
      const admission = countingDoor();
      const client = new RetryableGitHubClient({ githubService: make, admission, config: quick });
      await expect(client.call(name, { ...shop, title: 'x' })).rejects.toBe(fault);
      expect(tokens).toHaveLength(1);
      expect(admission).toMatchObject({ open: 0, ended: 1, unused: 0 });
    },
  );

  test('that writes and meets a fault of the service is looked up', async () => {
    const { make, tokens } = faultyMethods(new Error('odd'));
    const client = new RetryableGitHubClient({ githubService: make, admission: countingDoor(), config: quick });
    expect(await client.call('createIssue', { title: 'x' }, { lookUp: async () => 'found' })).toBe('found');
    expect(tokens).toHaveLength(1);
  });

  test('of a method that is not there sends nothing', async () => {
    const admission = countingDoor();
    const client = new RetryableGitHubClient({ githubService: () => ({}), admission, config: quick });
    await expect(client.call('getNothing' as never)).rejects.toMatchObject({ code: 'bad_message' });
    expect(admission).toMatchObject({ open: 0, ended: 0, unused: 1 });
  });

  test('of a service with a token of its own is tried again, without the pool', async () => {
    const { make, tokens } = faultyMethods(answered(502));
    const admission = countingDoor([]);
    const client = new RetryableGitHubClient({ githubService: make('its own'), admission, config: quick });
    expect(await client.call('getRepository', shop)).toBe('acme/shop');
    expect(tokens).toEqual(['its own', 'its own']);
  });
});

describe('what a method sends', () => {
  /** A service that never answers, and the signals that it was made with. */
  function silentMethods() {
    const signals: AbortSignal[] = [];
    const { promise: isCalled, resolve: onCall } = Promise.withResolvers<unknown>();
    const make = (_token: string, { signal }: { readonly signal: AbortSignal }) => ({
      getRepository: (parameters?: unknown): Promise<never> => {
        signals.push(signal);
        onCall(parameters);
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
      },
    });
    return { make, signals, isCalled };
  }

  test('is ended with the call’s signal, without its reason', async () => {
    const { make, signals, isCalled } = silentMethods();
    const admission = countingDoor();
    const client = new RetryableGitHubClient({ githubService: make, admission, config: quick });
    const controller = new AbortController();
    const reason = new Error('the user left');
    const call = client.call('getRepository', shop, { signal: controller.signal });
    expect(await isCalled).toBe(shop);
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(signals).toMatchObject([{ aborted: true, reason: { name: 'TimeoutError' } }]);
    expect(admission).toMatchObject({ open: 0, ended: 1 });
  });

  test('is ended when the attempt has taken too long', async () => {
    const { make, signals } = silentMethods();
    const options = { admission: countingDoor(), config: { ...quick, maxRetries: 1 }, attemptTimeoutMs: 5 };
    const client = new RetryableGitHubClient({ githubService: make, ...options });
    await expect(client.call('getRepository')).rejects.toMatchObject({ code: 'timeout', attempts: 2 });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  test.each([
    ['made for each token', (methods: object) => () => methods],
    ['with a token of its own', (methods: object) => methods],
  ])('is ended with its connection where the methods are Octokit’s, of a service %s', async (_what, madeOf) => {
    await using github = await startScriptedGitHub(silence);
    // As Octokit makes its methods: https://github.com/octokit/plugin-rest-endpoint-methods.js.
    const get = octokit.defaults({ method: 'GET', url: '/repos/{owner}/{repo}', baseUrl: github.url });
    const made = madeOf({ get });
    const client = new RetryableGitHubClient<{ get: (parameters: object) => Promise<unknown> }>({
      githubService: made as { get: typeof get },
      admission: countingDoor(),
      config: quick,
    });
    const controller = new AbortController();
    const reason = new Error('the user left');
    const call = client.call('get', shop, { signal: controller.signal });
    call.catch(() => {});
    await github.untilArrived(1);
    expect(github.arrived[0]?.url).toBe('/repos/acme/shop');
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await github.untilNoConnection();
    expect(Object.keys(reason)).toEqual([]);
  });

  test('by Octokit is not sent again by a plugin of its own', async () => {
    const given: unknown[] = [];
    const create = Object.assign(async (parameters: object) => given.push(parameters), { endpoint: octokit.endpoint });
    const client = new RetryableGitHubClient({
      githubService: () => ({ create }),
      admission: countingDoor(),
      config: quick,
    });
    await client.call('create', { ...shop, request: { retries: 3 } });
    // https://github.com/octokit/plugin-retry.js#usage
    expect(given).toMatchObject([{ ...shop, request: { retries: 0 } }]);
  });

  test('by Octokit is also ended with a signal that it was given among its parameters', async () => {
    await using github = await startScriptedGitHub(silence);
    const get = octokit.defaults({ method: 'GET', url: '/repos/{owner}/{repo}', baseUrl: github.url });
    const client = new RetryableGitHubClient<{ get: (parameters: object) => Promise<unknown> }>({
      githubService: () => ({ get }),
      admission: countingDoor(),
      config: { ...quick, maxRetries: 0 },
    });
    const controller = new AbortController();
    const call = client.call('get', { ...shop, request: { signal: controller.signal } });
    call.catch(() => {});
    await github.untilArrived(1);
    controller.abort(new Error('stopped by hand'));
    await expect(call).rejects.toThrow('stopped by hand');
    await github.untilNoConnection();
  });
});

describe('a call of a route', () => {
  test('is a request', async () => {
    await using github = await startScriptedGitHub(plain(502), json({ full_name: 'acme/shop' }));
    const answer = await clientOf(github).call('GET /repos/{owner}/{repo}', shop);
    expect(answer.data.full_name).toBe('acme/shop');
  });
});
