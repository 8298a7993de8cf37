import { beforeEach, describe, expect, test } from 'vitest';
import type { ConversationId, MessageId, ProjectId, UserId } from '@holdfast/protocol';
import { newSessionState } from '../conversations/conversation.ts';
import { LogBatchWriter } from '../conversations/log-batch.ts';
import { MemoryConversationStore } from '../conversations/store.memory.ts';
import type { NewConversation } from '../conversations/store.ts';
import { TokenIdentity } from '../identity/identity.ts';
import { Secret } from '../lib/secret.ts';
import type { Logger } from '../lib/logger.ts';
import { ProjectDirectory } from '../projects/directory.ts';
import { noChecks, type Project } from '../projects/project.ts';
import { Sessions } from '../sessions/sessions.ts';
import { createApi } from './api.ts';
import type { CheckRoutesParts } from './checks.ts';

const project = (id: string, members: readonly string[]): Project => ({
  id: id as ProjectId,
  name: id,
  members,
  agents: undefined,
  workspace: { kind: 'local', path: '/srv' },
  env: {},
  checks: noChecks,
});
const ignore = (): void => undefined;
const log: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => log };

let store: MemoryConversationStore;
let ask: (path: string, options?: { as?: string; method?: string; body?: string }) => Promise<Answer>;
type Answer = { readonly status: number; readonly text: string; readonly body: Body };
/** All that an answer may have; which of it a test looks at, it knows. */
type Body = {
  readonly conversations: readonly { readonly conversationId: string }[];
  readonly nextCursor: string | null;
  readonly messages: readonly { readonly seq: number }[];
  readonly nextAfter: number | null;
  readonly pending: unknown;
  readonly error: { readonly code: string; readonly message: string };
};

beforeEach(() => {
  store = new MemoryConversationStore({ ttlMs: null });
  const sessions = new Sessions({ store, workplaceOf: () => undefined, log });
  const identity = new TokenIdentity(
    ['ada', 'grace', 'eve'].map((name) => ({ userId: name as UserId, token: new Secret(name) })),
  );
  const projects = new ProjectDirectory([project('shop', ['ada', 'grace']), project('lab', ['ada'])]);
  const checks = {} as CheckRoutesParts['checks'];
  const metrics = { read: async () => ({ contentType: 'text/plain', text: '' }) };
  const app = createApi({ identity, projects, store, sessions, checks, metrics, health: [], startedAt: 0, log });
  ask = async (path, { as = 'ada', method = 'GET', body } = {}) => {
    const headers = { Authorization: `Bearer ${as}` };
    const answer = await app.request(`/api/conversations${path}`, { method, headers, ...(body && { body }) });
    const text = await answer.text();
    return { status: answer.status, text, body: JSON.parse(text || 'null') as Body };
  };
});

async function create(id: string, rest: { by?: string; in?: string; at?: number } & Partial<NewConversation> = {}) {
  const { by = 'ada', in: projectId = 'shop', at = 1_000, ...more } = rest;
  const conversation = {
    conversationId: id as ConversationId,
    userId: by as UserId,
    projectId: projectId as ProjectId,
  };
  await store.create({ ...conversation, agent: 'demo', epoch: `e-${id}`, at, ...more });
}
const idsOf = ({ body }: Answer): string[] => body.conversations.map(({ conversationId }) => conversationId);
const runs = (id: string) =>
  store.addCommand(id as ConversationId, { id: 'p' as MessageId, userId: 'ada' as UserId, message: { type: 'abort' } });

describe('the list of conversations', () => {
  test('has the fields of the contract, with times in ISO 8601', async () => {
    await create('c1', {
      at: Date.UTC(2026, 0, 2),
      createdAt: Date.UTC(2026, 0, 1),
      fields: {
        taskId: 't-1',
        title: 'Fix it',
        status: 'draft-preview',
        task: { taskDetails: { name: 'Repair', type: 'bug' }, previewMessage: 'soon', artifactsUrls: ['https://x/1'] },
      },
    });
    const { status, body } = await ask('');
    expect(status).toBe(200);
    expect(body).toEqual({
      conversations: [
        {
          conversationId: 'c1',
          userId: 'ada',
          projectId: 'shop',
          taskId: 't-1',
          taskName: 'Repair',
          taskType: 'bug',
          title: 'Fix it',
          assignedAgent: 'demo',
          status: 'draft-preview',
          previewReady: true,
          checksStatus: 'none',
          draftPrPayloadExists: false,
          artifactsUrls: ['https://x/1'],
          createdAt: '2026-01-01T00:00:00.000Z',
          lastActivityAt: '2026-01-02T00:00:00.000Z',
          version: 1,
        },
      ],
      nextCursor: null,
    });
  });

  test('shows one’s own and those of one’s projects, whatever is asked for', async () => {
    await create('hers', { by: 'ada', in: 'shop' });
    await create('secret', { by: 'ada', in: 'lab' });
    await create('left', { by: 'grace', in: 'lab' });
    await create('gone', { by: 'eve', in: 'nowhere' });
    expect(idsOf(await ask('')).toSorted()).toEqual(['hers', 'left', 'secret']);
    expect(idsOf(await ask('', { as: 'grace' })).toSorted()).toEqual(['hers', 'left']);
    expect(idsOf(await ask('', { as: 'eve' }))).toEqual(['gone']);
    expect(idsOf(await ask('?project=lab&user=ada', { as: 'grace' }))).toEqual([]);
    expect(idsOf(await ask('?user=ada', { as: 'eve' }))).toEqual([]);
  });

  test('is filtered by status, project, user, task and time, all at once', async () => {
    const fields = { taskId: 't', title: '', status: 'waiting', task: {} } as const;
    const at = Date.UTC(2026, 0, 31, 12);
    await create('yes', { by: 'grace', at, fields });
    await create('other-status', { by: 'grace', at, fields: { ...fields, status: 'completed' } });
    await create('other-project', { by: 'ada', in: 'lab', at, fields });
    await create('other-task', { by: 'grace', at, fields: { ...fields, taskId: 'u' } });
    await create('older', { by: 'grace', at: at - 1, fields });
    const query = '?status=waiting,interrupted&project=shop&user=grace&task=t&since=2026-01-31T12:00:00Z';
    expect(idsOf(await ask(query))).toEqual(['yes']);
    expect(idsOf(await ask('?status=waiting&status=completed&since=2026-01-31&project=shop&task=t')).length).toBe(3);
    expect(idsOf(await ask('?since=2026-01-31T13:00:00+01:00&task=t&status=waiting&project=shop'))).toEqual(['yes']);
  });

  test('takes an empty parameter for one that is not there', async () => {
    await create('c1');
    expect(idsOf(await ask('?status=&project=&user=&task=&since=&limit=&cursor='))).toEqual(['c1']);
  });

  test('comes in pages that follow each other, each conversation once, newest activity first', async () => {
    for (let index = 0; index < 25; index++) await create(`c${index}`, { at: 1_000 + (index % 5) });
    const seen: string[] = [];
    let cursor: string | null = '';
    let pages = 0;
    while (cursor !== null) {
      const answer = await ask(`?limit=10&cursor=${cursor}`);
      seen.push(...idsOf(answer));
      cursor = answer.body.nextCursor;
      pages++;
    }
    expect(pages).toBe(3);
    expect(new Set(seen).size).toBe(25);
    expect(seen).toEqual(idsOf(await ask('?limit=1000')));
  });

  test('holds 200 unless it is asked for another number', async () => {
    for (let index = 0; index < 205; index++) await create(`c${index}`);
    expect(idsOf(await ask(''))).toHaveLength(200);
    expect(idsOf(await ask('?limit=1'))).toHaveLength(1);
  });

  test.each([
    ['?status=done', /"status" must be of .*draft-preview/],
    ['?status=waiting,', /status/],
    ['?project=../x', /"project"/],
    ['?since=yesterday', /"since" must be a time as in/],
    ['?since=2026-01-31T12:00:00', /"since"/],
    ['?since=2026-13-01', /"since"/],
    ['?limit=0', /"limit" must be a whole number from 1 to 1000/],
    ['?limit=1001', /"limit"/],
    ['?limit=ten', /"limit"/],
    ['?limit=1e2', /"limit"/],
    ['?limit=-1', /"limit"/],
    ['?limit=10&limit=20', /"limit" was given 2 times/],
    ['?cursor=x', /"cursor"/],
    [`?user=${'x'.repeat(257)}`, /"user"/],
  ])('refuses %s with 400 and the way out', async (query, sentence) => {
    const { status, body } = await ask(query);
    expect(status).toBe(400);
    expect(body.error.code).toBe('bad_message');
    expect(body.error.message).toMatch(sentence);
  });

  test('names every fault at once', async () => {
    const { body } = await ask('?status=x&limit=0&since=x&cursor=x&project=X');
    for (const name of ['status', 'limit', 'since', 'cursor', 'project'])
      expect(body.error.message).toContain(`"${name}"`);
  });
});

describe('one conversation', () => {
  test('is its record with the fields of the task beside its own', async () => {
    const task = { taskDetails: { name: 'Repair' }, status: 'not this one', extra: [1, 'ä'] };
    await create('c1', { fields: { taskId: 't', title: 'T', status: 'waiting', task } });
    const { status, body } = await ask('/c1', { as: 'grace' });
    expect(status).toBe(200);
    expect(body).toEqual({
      conversationId: 'c1',
      userId: 'ada',
      projectId: 'shop',
      agent: 'demo',
      taskId: 't',
      title: 'T',
      status: 'waiting',
      createdAt: '1970-01-01T00:00:01.000Z',
      lastActivityAt: '1970-01-01T00:00:01.000Z',
      version: 1,
      epoch: 'e-c1',
      lastSeq: 0,
      pending: [],
      taskDetails: { name: 'Repair' },
      extra: [1, 'ä'],
    });
  });

  test('shows the approvals that wait, and no more of its session', async () => {
    await create('c1');
    const tool = { id: 't1', name: 'Bash', input: {}, status: 'pending' } as const;
    await write('c1', { session: { ...newSessionState, pending: [tool] } });
    const { body } = await ask('/c1');
    expect(body.pending).toEqual([tool]);
    expect(body).not.toHaveProperty('session');
    expect(body).not.toHaveProperty('runnerOffset');
  });

  test.each([
    ['one that is not there', 'nothing', 'ada'],
    ['an id that none has the form of', 'a.b', 'ada'],
    ['one of a stranger', 'c1', 'eve'],
  ])('%s is not found, whatever one wants with it', async (_name, id, as) => {
    await create('c1');
    const answers = [await ask(`/${id}`, { as }), await ask(`/${id}/messages`, { as })];
    answers.push(
      await ask(`/${id}`, { as, method: 'DELETE' }),
      await ask(`/${id}?force=true`, { as, method: 'DELETE' }),
    );
    const body = { error: { code: 'not_found', message: 'There is no such conversation.' } };
    for (const answer of answers) expect(answer).toMatchObject({ status: 404, body });
    expect(await store.get('c1' as ConversationId)).toBeDefined();
  });
});

describe('the messages of a conversation', () => {
  const say = (count: number, content = 'x') => {
    const writer = new LogBatchWriter(1, 1_000);
    for (let index = 1; index <= count; index++) {
      writer.addMessage({ type: 'notice', agent: 'demo', code: 'test', content: `${content}${index}` });
    }
    return writer.finish();
  };

  test('come byte for byte as they are in the log, in pages', async () => {
    await create('c1');
    await write('c1', { batch: say(450, 'ä\u2028') });
    const first = await ask('/c1/messages');
    expect(first.text.startsWith('{"messages":[{"seq":1,"at":"1970-01-01T00:00:01.000Z","type":"notice"')).toBe(true);
    expect(first.body).toMatchObject({ lastSeq: 450, nextAfter: 200 });
    expect(first.body.messages).toHaveLength(200);
    const second = await ask('/c1/messages?after=200&limit=1');
    expect(second.body).toMatchObject({
      lastSeq: 450,
      nextAfter: 201,
      messages: [{ seq: 201, content: 'ä\u2028201' }],
    });
    const last = await ask('/c1/messages?after=440&limit=1000');
    expect(last.body.messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 10 }, (_, index) => 441 + index));
    expect(last.body.nextAfter).toBeNull();
  });

  test('are none in an empty log, at its end, and beyond it', async () => {
    await create('empty');
    await create('c1');
    await write('c1', { batch: say(3) });
    expect((await ask('/empty/messages')).body).toEqual({ messages: [], lastSeq: 0, nextAfter: null });
    expect((await ask('/c1/messages?after=3')).body).toEqual({ messages: [], lastSeq: 3, nextAfter: null });
    expect((await ask('/c1/messages?after=9')).body).toEqual({ messages: [], lastSeq: 3, nextAfter: null });
  });

  test('make a page of some megabytes at most, and lose nothing by that', async () => {
    await create('c1');
    for (let seq = 1; seq <= 12; seq++) {
      const writer = new LogBatchWriter(seq, 1_000);
      writer.addMessage({ type: 'notice', agent: 'demo', code: 'test', content: 'x'.repeat(1_000_000) });
      await write('c1', { batch: writer.finish() });
    }
    const seen: number[] = [];
    for (let after: number | null = 0; after !== null;) {
      const { body, text }: Answer = await ask(`/c1/messages?after=${after}&limit=1000`);
      expect(text.length).toBeLessThan(6_000_000);
      seen.push(...body.messages.map(({ seq }) => seq));
      after = body.nextAfter;
    }
    expect(seen).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
  });

  test.each(['?after=-1', '?after=x', '?limit=0', '?limit=1001'])('refuse %s', async (query) => {
    await create('c1');
    expect(await ask(`/c1/messages${query}`)).toMatchObject({ status: 400, body: { error: { code: 'bad_message' } } });
  });
});

describe('deleting a conversation', () => {
  test('takes it away', async () => {
    await create('c1');
    expect(await ask('/c1', { method: 'DELETE' })).toMatchObject({ status: 204, text: '' });
    expect((await ask('/c1')).status).toBe(404);
    expect((await ask('/c1', { method: 'DELETE' })).status).toBe(404);
  });

  test('is for its owner, also in a project that others share', async () => {
    await create('c1');
    const answer = await ask('/c1?force=true', { as: 'grace', method: 'DELETE' });
    expect(answer).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } });
    expect((await ask('/c1')).status).toBe(200);
  });

  test('is refused while something runs there, unless it is forced', async () => {
    await create('c1');
    await runs('c1');
    const answer = await ask('/c1', { method: 'DELETE' });
    expect(answer).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } });
    expect(answer.body.error.message).toMatch(/abort it first.*force=true/);
    expect((await ask('/c1?force=false', { method: 'DELETE' })).status).toBe(409);
    expect((await ask('/c1?force=yes', { method: 'DELETE' })).status).toBe(400);
    expect((await ask('/c1?force=true', { method: 'DELETE' })).status).toBe(204);
  });
});

describe('cleaning up', () => {
  const hoursAgo = (hours: number): number => Date.now() - hours * 3_600_000;
  const cleanup = (body?: string, as?: string): Promise<Answer> =>
    ask('/cleanup', { method: 'POST', ...(body !== undefined && { body }), ...(as !== undefined && { as }) });

  test('deletes one’s own that are a week old, and nobody else’s', async () => {
    await create('old', { at: hoursAgo(169) });
    await create('young', { at: hoursAgo(167) });
    await create('hers', { by: 'grace', at: hoursAgo(1_000) });
    await create('runs', { at: hoursAgo(1_000) });
    await runs('runs');
    expect((await cleanup()).body).toEqual({ deleted: 1 });
    expect(idsOf(await ask('')).toSorted()).toEqual(['hers', 'runs', 'young']);
  });

  test('goes by the hours that it is given, none among them', async () => {
    await create('old', { at: hoursAgo(3) });
    await create('young', { at: hoursAgo(1) });
    expect((await cleanup('{"ttlHours":2}')).body).toEqual({ deleted: 1 });
    expect((await cleanup('{"ttlHours":0}')).body).toEqual({ deleted: 1 });
    expect((await cleanup('{}')).body).toEqual({ deleted: 0 });
  });

  test.each([
    '{"ttlHours":-1}',
    '{"ttlHours":"7"}',
    '{"ttlHours":null}',
    '{"ttlHours":1e9}',
    '[]',
    '7',
    'null',
    '{',
    'x',
  ])('refuses the body %s', async (body) => {
    await create('old', { at: 1 });
    const answer = await cleanup(body);
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'bad_message' } } });
    expect(idsOf(await ask(''))).toEqual(['old']);
  });

  test('refuses a body of more than 1 MiB', async () => {
    const answer = await cleanup(`{"x":"${'x'.repeat(1_048_576)}"}`);
    expect(answer).toMatchObject({ status: 400, body: { error: { message: expect.stringContaining('1 MiB') } } });
  });
});

type Change = Pick<Parameters<typeof store.write>[0], 'batch' | 'session'>;

async function write(id: string, change: Change): Promise<void> {
  const conversationId = id as ConversationId;
  const lease = await store.acquire(conversationId, { owner: 'test', now: 1, until: 2 });
  if (lease.kind !== 'acquired') throw new Error(lease.kind);
  await store.write({ conversationId, generation: lease.generation, at: 1_000, durable: true, ...change });
}
