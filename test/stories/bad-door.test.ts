import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestGateway } from '../support/gateway.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { TestViewer, type ViewerOptions } from '../support/viewer.ts';

/** One gateway, with projects that differ in who may enter; it must still work at the end. */
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await TestGateway.start({
    config: (dir) => `projects:
  - { id: shop, members: ['*'], workspace: { local: ${dir}/shop } }
  - { id: other, members: ['*'], workspace: { local: ${dir}/shop } }
  - { id: hers, members: [grace], workspace: { local: ${dir}/shop } }
  - { id: strict, members: ['*'], agents: [claude], workspace: { local: ${dir}/shop } }
  - { id: nowhere, members: ['*'], workspace: { local: ${dir}/not-there } }
`,
    env: { ALLOWED_ORIGINS: 'https://console.example, https://other.example:8443', PATH: '/usr/bin:/bin' },
  });
});

afterAll(() => gateway.end());

const open = (options: Partial<ViewerOptions> = {}): Promise<TestViewer> =>
  TestViewer.open({ url: gateway.url, query: { conversation: 'new' }, ...options });
async function refusal(options: Partial<ViewerOptions>): Promise<{ code: number; reason: string }> {
  const viewer = new TestViewer({ url: gateway.url, query: { conversation: 'new' }, ...options });
  const closed = await viewer.closed;
  expect(viewer.messages).toEqual([]);
  expect(closed.reason).toMatch(/\.$/);
  expect(Buffer.byteLength(closed.reason)).toBeLessThanOrEqual(123);
  return closed;
}

describe('the WebSocket door', () => {
  test.each<[string, Partial<ViewerOptions>, number]>([
    ['no token', { token: null }, 4401],
    ['a wrong token', { token: 'ada-tokem' }, 4401],
    ['a token that is a part of one', { token: 'ada' }, 4401],
    ['a token in the query string', { token: null, query: { token: 'ada-token', access_token: 'ada-token' } }, 4401],
    ['another scheme', { token: null, headers: { Authorization: 'Basic ada-token' } }, 4401],
    ['a scheme without a token', { token: null, headers: { Authorization: 'Bearer ' } }, 4401],
    ['a project that is not there', { project: 'nobody' }, 4404],
    ['a project with a name that cannot be', { project: 'No%2FBody' }, 4404],
    ['an agent that is not there', { agent: 'nobody' }, 4404],
    ['an agent named like every object has it', { agent: '__proto__' }, 4404],
    ['a conversation that is not there', { query: { conversation: 'nobody' } }, 4404],
    ['an agent that is not allowed', { project: 'strict' }, 4403],
    ['a project of others', { project: 'hers' }, 4403],
    ['a conversation id that cannot be', { query: { conversation: '../../etc/passwd' } }, 4400],
    ['a cursor without its epoch', { query: { after: '1' } }, 4400],
    ['an epoch without a number', { query: { epoch: 'e' } }, 4400],
    ['a cursor that is no number', { query: { after: 'x', epoch: 'e' } }, 4400],
    ['a cursor below zero', { query: { after: '-1', epoch: 'e' } }, 4400],
    ['a cursor that is not whole', { query: { after: '1.5', epoch: 'e' } }, 4400],
    ['a cursor beyond all numbers', { query: { after: '9'.repeat(30), epoch: 'e' } }, 4400],
    ['an epoch that cannot be', { query: { after: '1', epoch: 'a b' } }, 4400],
    ['a foreign origin', { headers: { Origin: 'https://evil.example' } }, 4403],
    ['the origin of a file', { headers: { Origin: 'null' } }, 4403],
    ['an allowed origin on another port', { headers: { Origin: 'https://console.example:444' } }, 4403],
    ['an allowed origin without TLS', { headers: { Origin: 'http://console.example' } }, 4403],
  ])('%s', async (_name, options, code) => {
    expect(await refusal(options)).toMatchObject({ code });
  });

  test.each(['https://console.example', 'https://other.example:8443'])(
    'lets in %s, which is allowed',
    async (Origin) => {
      await (await open({ headers: { Origin } })).close();
    },
  );

  test('lets in its own origin, and the token by header', async () => {
    const headers = { Origin: gateway.url, Authorization: 'Bearer grace-token' };
    await (await open({ project: 'hers', token: null, headers })).close();
  });

  test('does not know a conversation of another project, or with another agent', async () => {
    const viewer = await open();
    await viewer.turn('say secret');
    const query = { conversation: viewer.init.conversationId };
    expect(await refusal({ project: 'other', query })).toMatchObject({ code: 4404 });
    expect(await refusal({ agent: 'claude', query })).toMatchObject({ code: 4404 });
    expect(await refusal({ project: 'hers', token: 'grace-token', query })).toMatchObject({ code: 4404 });
    await viewer.close();
  });

  test('a reason that is long is cut to what a close frame can carry', async () => {
    expect(await refusalCut({ agent: 'ä'.repeat(250) })).toBe(4404);
  });
  async function refusalCut(options: Partial<ViewerOptions>): Promise<number> {
    const { code, reason } = await new TestViewer({ url: gateway.url, ...options }).closed;
    expect(Buffer.byteLength(reason)).toBeGreaterThan(118);
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
    expect(reason).not.toMatch(/\ufffd/);
    return code;
  }

  test.each([
    ['/projects/shop/agent/demo/', 4404],
    ['/projects/shop', 4404],
    ['/', 4404],
    ['/projects/shop/agent/%E0%A4%A', 4404],
    ['//', 4404],
    ['//[', 4404],
    ['/%00?conversation=%00', 4404],
    ['*', 4404],
    ['http://elsewhere.example/projects/shop', 4404],
    ['/projects/shop/agent/demo?conversation=%ff', 4400],
  ])('an upgrade to %s is refused with %i', async (target, code) => {
    const raw = await RawSocket.open({ port: gateway.port, target });
    expect(raw.status).toBe(101);
    expect(await raw.closed()).toMatchObject({ code });
    raw.end();
  });

  test.each([
    ['without a key', { 'Sec-WebSocket-Key': '' }, 400],
    ['with a key that is none', { 'Sec-WebSocket-Key': 'short' }, 400],
    ['of another version', { 'Sec-WebSocket-Version': '12' }, 400],
  ])('an upgrade %s is no upgrade', async (_name, headers, status) => {
    const raw = await RawSocket.open({ port: gateway.port, target: '/projects/shop/agent/demo', headers });
    expect(raw.status).toBe(status);
    raw.end();
  });

  test('a request to speak another protocol is answered in HTTP', async () => {
    const headers = { Upgrade: 'h2c', 'HTTP2-Settings': randomBytes(8).toString('base64'), 'Sec-WebSocket-Key': '' };
    const raw = await RawSocket.open({ port: gateway.port, target: '/livez', headers });
    expect(raw.status).toBe(200);
    raw.end();
  });
});

describe('the HTTP door', () => {
  const ask = (path: string, init: RequestInit & { token?: string } = {}): Promise<Response> => {
    const { token, ...rest } = init;
    return fetch(`${gateway.url}${path}`, {
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      ...rest,
    });
  };
  const fault = (code: string): object => ({ error: { code, message: expect.stringMatching(/\.$/) } });

  test.each([
    ['/api/me', 'no', undefined, 401, 'unauthorized'],
    ['/api/projects', 'a wrong', 'nobody', 401, 'unauthorized'],
    ['/api/me?token=ada-token', 'a token in the query string and no', undefined, 401, 'unauthorized'],
    ['/api/nothing', 'a', 'ada-token', 404, 'not_found'],
    ['/nothing', 'no', undefined, 404, 'not_found'],
    ['/api/projects/nobody', 'a', 'ada-token', 404, 'not_found'],
    ['/api/projects/hers', 'another person’s', 'ada-token', 404, 'not_found'],
    ['/api/projects/%E0%A4%A', 'a', 'ada-token', 404, 'not_found'],
  ])('%s with %s token', async (path, _whose, token, status, code) => {
    const answer = await ask(path, token === undefined ? {} : { token });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await answer.json()).toEqual(fault(code));
  });

  test('a verb that is not known here is not found', async () => {
    const answer = await ask('/api/me', { method: 'DELETE', token: 'ada-token' });
    expect([answer.status, await answer.json()]).toEqual([404, fault('not_found')]);
  });

  test('shows each person their own projects', async () => {
    const idsOf = async (token: string): Promise<unknown> => {
      const { projects } = (await (await ask('/api/projects', { token })).json()) as { projects: { id: string }[] };
      return projects.map(({ id }) => id);
    };
    expect(await idsOf('ada-token')).toEqual(['shop', 'other', 'strict', 'nowhere']);
    expect(await idsOf('grace-token')).toEqual(['shop', 'other', 'hers', 'strict', 'nowhere']);
  });

  test('tells strangers how it is, and nothing else', async () => {
    expect(await (await ask('/livez')).json()).toEqual({ status: 'alive' });
    for (const path of ['/health', '/readyz']) {
      const answer = await ask(path);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual({ status: 'healthy', checks: { db: true }, uptime: expect.any(Number) });
    }
  });
});

describe('what a project needs and is not there', () => {
  test.each([
    ['the agent’s program', { agent: 'claude' }, /claude/i],
    ['the workspace', { project: 'nowhere' }, /not-there/],
  ])('%s: agent_unavailable, one done, and the same again for the next prompt', async (_name, where, sentence) => {
    const viewer = await open(where);
    for (let turn = 1; turn <= 2; turn++) {
      expect(await viewer.turn('say hello')).toMatchObject({ reason: 'error' });
      const errors = viewer.log.filter((message) => message.type === 'error');
      expect(errors).toHaveLength(turn);
      expect(errors.at(-1)).toMatchObject({ code: 'agent_unavailable', error: expect.stringMatching(sentence) });
    }
    expect(viewer.count('done')).toBe(2);
    expect(viewer.fault).toBeUndefined();
    await viewer.close();
  });
});

test('after all this the gateway works', async () => {
  const viewer = await open();
  expect(await viewer.turn('say all is well')).toMatchObject({ reason: 'completed' });
  await viewer.close();
});
