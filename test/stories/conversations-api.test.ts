import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { ConversationId, ProjectId, UserId } from '@holdfast/protocol';
import { openStore } from '../../packages/gateway/src/compose.ts';
import { TestGateway, type StoryOptions } from '../support/gateway.ts';
import { until } from '../support/until.ts';
import { TestViewer } from '../support/viewer.ts';

/** `shop` is everybody's, `lab` is ada's alone. */
const config = (dir: string): string =>
  `projects:
  - { id: shop, members: ['*'], workspace: { local: ${dir}/shop } }
  - { id: lab, members: [ada], workspace: { local: ${dir}/shop } }
`;

let gateway: TestGateway;
const others: TestGateway[] = [];
const viewers: TestViewer[] = [];
afterEach(async () => {
  for (const viewer of viewers.splice(0)) viewer.ws.terminate();
  await Promise.all(others.splice(0).map((other) => other.kill('SIGTERM')));
  await gateway.end();
});

async function start(options: StoryOptions = {}): Promise<void> {
  gateway = await TestGateway.start({ config, ...options });
}
async function sibling(): Promise<TestGateway> {
  const other = await gateway.sibling();
  others.push(other);
  return other;
}
async function open(options: Partial<Parameters<typeof TestViewer.open>[0]> = {}): Promise<TestViewer> {
  const viewer = await TestViewer.open({ url: gateway.url, query: { conversation: 'new' }, ...options });
  viewers.push(viewer);
  return viewer;
}
type Answer = { readonly status: number; readonly text: string; readonly body: Body };
type Body = {
  readonly [name: string]: unknown;
  readonly conversations: readonly { readonly conversationId: string }[];
  readonly messages: readonly { readonly seq: number }[];
  readonly nextAfter: number | null;
};
async function ask(path: string, init: RequestInit & { as?: string; at?: TestGateway } = {}): Promise<Answer> {
  const { as = 'ada', at = gateway, ...rest } = init;
  const headers = { Authorization: `Bearer ${as}-token` };
  const answer = await fetch(`${at.url}/api/conversations${path}`, { ...rest, headers });
  const text = await answer.text();
  return { status: answer.status, text, body: JSON.parse(text || '{}') as Body };
}
const remove = (id: string, query = '', at = gateway): Promise<Answer> =>
  ask(`/${id}${query}`, { method: 'DELETE', at });
const cleanup = (body: BodyInit): Promise<Answer> =>
  ask('/cleanup', { method: 'POST', body, ...({ duplex: 'half' } as object) });
const idsOf = ({ body }: Answer): string[] => body.conversations.map(({ conversationId }) => conversationId);
const asked = (message: { type: string; tool?: { status: string } }): boolean =>
  message.type === 'tool_use' && message.tool?.status === 'pending';

describe('conversations over HTTP', () => {
  test('are what their viewers see: listed with their title and status, their messages byte for byte', async () => {
    await start();
    const viewer = await open();
    await viewer.turn('say hello\nstream 30');
    await viewer.until((message) => message.type === 'status' && message.status === 'completed');
    const { conversationId, epoch } = viewer.init;
    const list = await ask('?status=completed&project=shop&user=ada&limit=10');
    expect(list.body).toMatchObject({
      conversations: [
        { conversationId, title: 'say hello', taskName: 'say hello', assignedAgent: 'demo', status: 'completed' },
      ],
      nextCursor: null,
    });
    expect((await ask('?status=waiting')).body.conversations).toEqual([]);
    const record = await ask(`/${conversationId}`, { as: 'grace' });
    expect(record.body).toMatchObject({ conversationId, epoch, userId: 'ada', lastSeq: viewer.seq, pending: [] });

    const seen: unknown[] = [];
    for (let after: number | null = 0; after !== null;) {
      const { body }: Answer = await ask(`/${conversationId}/messages?after=${after}&limit=7`);
      expect(body.messages.length).toBeLessThanOrEqual(7);
      seen.push(...body.messages);
      after = body.nextAfter;
    }
    expect(seen).toEqual(viewer.log);
  });

  test('show the approvals that wait', async () => {
    await start();
    const viewer = await open();
    viewer.send({ type: 'prompt', prompt: 'run echo hi' });
    const call = await viewer.until(asked);
    const { conversationId } = viewer.init;
    expect((await ask(`/${conversationId}`)).body).toMatchObject({
      status: 'waiting',
      pending: [call.type === 'tool_use' ? call.tool : {}],
    });
    expect(idsOf(await ask('?status=waiting,interrupted'))).toEqual([conversationId]);
    viewer.send({ type: 'abort' });
    await viewer.until((message) => message.type === 'done');
  });

  test('of a project that one is not in are there neither over HTTP nor over the socket', async () => {
    await start();
    const { conversationId } = (await open({ project: 'lab' })).init;
    const shared = (await open()).init.conversationId;
    expect(idsOf(await ask('')).toSorted()).toEqual([conversationId, shared].toSorted());
    expect(idsOf(await ask('', { as: 'grace' }))).toEqual([shared]);
    expect((await ask(`/${conversationId}`, { as: 'grace' })).status).toBe(404);
    expect((await ask(`/${conversationId}/messages`, { as: 'grace' })).status).toBe(404);
    expect((await ask(`/${conversationId}`, { as: 'grace', method: 'DELETE' })).status).toBe(404);
    const query = { conversation: conversationId };
    const inside = new TestViewer({ url: gateway.url, project: 'lab', token: 'grace-token', query });
    expect(await inside.closed).toMatchObject({ code: 4403 });
    const outside = new TestViewer({ url: gateway.url, project: 'shop', token: 'grace-token', query });
    expect(await outside.closed).toMatchObject({ code: 4404 });
  });

  test.each([
    ['that says how large it is', (): BodyInit => 'x'.repeat(2_000_000)],
    [
      'that does not',
      // It has an end: when the connection is gone fetch may go on pulling, and would fill the memory of the machine.
      (): BodyInit => {
        let sent = 0;
        return new ReadableStream({
          pull(stream) {
            stream.enqueue(Buffer.alloc(65_536, 'x'));
            if (++sent === 128) stream.close();
          },
        });
      },
    ],
  ])('refuse a body of more than 1 MiB %s, and go on', async (_name, body) => {
    await start();
    const answer = await cleanup(body()).catch((error: unknown) => error);
    // Who sends on may see the connection close before the answer.
    if (!(answer instanceof Error))
      expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('1 MiB') });
    expect((await ask('')).status).toBe(200);
    expect((await cleanup('{}')).body).toEqual({ deleted: 0 });
  });
});

describe('deleting a conversation', () => {
  test.each(['sqlite', 'memory'])('sends its viewers away with 4404, and it is gone: %s', async (adapter) => {
    await start({ env: { PERSISTENCE_ADAPTER: adapter } });
    const viewer = await open();
    await viewer.turn('say hello');
    const { conversationId } = viewer.init;
    const second = await open({ token: 'grace-token', query: { conversation: conversationId } });
    const bystander = await open();
    expect((await ask(`/${conversationId}`, { as: 'grace', method: 'DELETE' })).status).toBe(403);
    expect(await remove(conversationId)).toMatchObject({ status: 204, text: '' });
    const away = { code: 4404, reason: 'The conversation was deleted.' };
    expect(await Promise.all([viewer.closed, second.closed])).toEqual([away, away]);
    const again = new TestViewer({ url: gateway.url, query: viewer.cursor });
    expect(await again.closed).toMatchObject({ code: 4404 });
    expect((await remove(conversationId)).status).toBe(404);
    await bystander.turn('say still here');
  });

  test('in which a turn runs needs force, which ends the turn on its machine too', async () => {
    await start();
    const viewer = await open();
    const { conversationId } = viewer.init;
    viewer.send({ type: 'prompt', prompt: 'sleep 600' });
    await viewer.until((message) => message.type === 'status' && message.status === 'in-progress');
    expect(await remove(conversationId)).toMatchObject({ status: 409, text: expect.stringContaining('force=true') });
    await until('the turn to run over there', () => gateway.processesOf('run').length > 0);
    expect((await remove(conversationId, '?force=true')).status).toBe(204);
    expect(await viewer.closed).toMatchObject({ code: 4404 });
    await until('the agent to be gone', () => gateway.processesOf('run').length === 0);
  });

  test('through one gateway reaches viewers, the turn and its tool call at another', { timeout: 60_000 }, async () => {
    await start();
    const other = await sibling();
    const viewer = await open();
    const { conversationId } = viewer.init;
    viewer.send({ type: 'prompt', prompt: 'stream 50 1\nrun echo never' });
    await viewer.until(asked);
    const atOther = await open({ url: other.url, query: { conversation: conversationId } });
    expect((await remove(conversationId, '', other)).status).toBe(409);
    expect((await remove(conversationId, '?force=true', other)).status).toBe(204);
    expect(await Promise.all([viewer.closed, atOther.closed])).toMatchObject([{ code: 4404 }, { code: 4404 }]);
    await until('the agent to be gone', () => gateway.processesOf('run').length === 0);
    expect((await ask(`/${conversationId}`)).status).toBe(404);
    const next = await open();
    expect(await next.turn('say on')).toMatchObject({ reason: 'completed' });
  });

  test('in mid-stream leaves nobody with half an end', { timeout: 60_000 }, async () => {
    await start();
    const other = await sibling();
    const viewer = await open();
    const { conversationId } = viewer.init;
    viewer.send({ type: 'prompt', prompt: 'stream 100000 1' });
    await viewer.until((message) => message.type === 'text');
    expect((await remove(conversationId, '?force=true', other)).status).toBe(204);
    expect(await viewer.closed).toMatchObject({ code: 4404 });
    expect(viewer.fault).toBeUndefined();
    await until('the agent to be gone', () => gateway.processesOf('run').length === 0);
  });
});

describe('cleaning up', () => {
  test.each(['sqlite', 'memory'])('deletes one’s own, and sends away who watches them: %s', async (adapter) => {
    await start({ env: { PERSISTENCE_ADAPTER: adapter } });
    const mine = await open();
    await mine.turn('say mine');
    const hers = await open({ token: 'grace-token' });
    const busy = await open();
    busy.send({ type: 'prompt', prompt: 'sleep 600' });
    await busy.until((message) => message.type === 'status' && message.status === 'in-progress');
    expect((await cleanup('{"ttlHours":1}')).body).toEqual({ deleted: 0 });
    // What is done in the same millisecond is not older than that.
    await until('it to be of the past', async () => (await cleanup('{"ttlHours":0}')).body['deleted'] === 1);
    expect(await mine.closed).toMatchObject({ code: 4404 });
    expect(idsOf(await ask('')).toSorted()).toEqual([hers.init.conversationId, busy.init.conversationId].toSorted());
    busy.send({ type: 'abort' });
    await busy.until((message) => message.type === 'done');
  });

  test('is done by the gateway itself when it starts, once for all that share the store', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'story-'));
    const kept = {
      store: { kind: 'sqlite', path: join(dir, 'store', 'holdfast.db') },
      conversationTtlMs: null,
    } as const;
    const hoursAgo = (hours: number): number => Date.now() - hours * 3_600_000;
    const who = { userId: 'ada' as UserId, projectId: 'shop' as ProjectId, agent: 'demo', epoch: 'e' };
    const store = await openStore(kept);
    for (const [id, at] of [['old', hoursAgo(25)] as const, ['young', hoursAgo(23)] as const]) {
      await store.create({ ...who, conversationId: id as ConversationId, at });
    }
    await store.close();
    await start({ dir, env: { CONVERSATION_TTL_HOURS: '24' } });
    const other = await sibling();
    const done = 'expired conversations deleted';
    await until('the cleanup', () => gateway.log.includes(done));
    await until('the other to be there', () => other.log.includes('listening'));
    expect(gateway.log).toContain('"deleted":1');
    expect(other.log).not.toContain(done);
    const left = await openStore(kept);
    expect((await left.list({ limit: 10 })).conversations.map(({ conversationId }) => conversationId)).toEqual([
      'young',
    ]);
    await left.close();
  });
});
