import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ConversationId, MessageId, ProjectId, UserId } from '@holdfast/protocol';
import { runConversations } from '../../packages/gateway/src/commands/conversations/conversations.ts';
import { openStore } from '../../packages/gateway/src/compose.ts';
import type { ConversationStore, NewConversation } from '../../packages/gateway/src/conversations/store.ts';
import { TestGateway } from '../support/gateway.ts';
import { runHoldfast, type Ended } from '../support/holdfast-command.ts';
import { until } from '../support/until.ts';
import { TestViewer } from '../support/viewer.ts';

let dir: string;
let env: Record<string, string>;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'story-'));
  env = { PERSISTENCE_ADAPTER: 'sqlite', SQLITE_DB_PATH: join(dir, 'store', 'holdfast.db') };
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const run = (...args: readonly string[]): Promise<Ended> => runHoldfast(['conversations', ...args], { cwd: dir, env });
const hoursAgo = (hours: number): number => Date.now() - hours * 3_600_000;

async function withStore(act: (store: ConversationStore) => Promise<unknown>): Promise<void> {
  const store = await openStore({
    store: { kind: 'sqlite', path: env['SQLITE_DB_PATH'] ?? '' },
    conversationTtlMs: null,
  });
  await act(store);
  await store.close();
}

type Seed = Partial<NewConversation> & { readonly by?: string; readonly in?: string };
async function create(store: ConversationStore, id: string, { by = 'ada', in: project = 'shop', ...rest }: Seed = {}) {
  const who = { userId: by as UserId, projectId: project as ProjectId, agent: 'demo', epoch: 'e' };
  await store.create({ conversationId: id as ConversationId, ...who, at: hoursAgo(1), ...rest });
}
const fieldsOf = (title: string, rest: Partial<NonNullable<NewConversation['fields']>> = {}) => ({
  taskId: null,
  title,
  status: 'completed' as const,
  task: {},
  ...rest,
});
/** One that is open: somebody's command is not done. */
const ask = (store: ConversationStore, id: string) =>
  store.addCommand(id as ConversationId, { id: 'p' as MessageId, userId: 'ada' as UserId, message: { type: 'abort' } });

/** Runs it as on a terminal, in this process. */
async function onTerminal(columns: number, ...args: readonly string[]): Promise<string> {
  let out = '';
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns });
  stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const streams = { stdout, stderr: new PassThrough(), isColoured: false, interrupt: new AbortController().signal };
  expect(await runConversations(args, env, streams)).toBe(0);
  return out;
}

describe('holdfast conversations list', () => {
  beforeEach(() =>
    withStore(async (store) => {
      await create(store, 'newest', { at: hoursAgo(1), fields: fieldsOf('Tabs\tand\nlines \u001b[31mred') });
      await create(store, 'older', {
        ...{ at: hoursAgo(30), by: 'grace', in: 'lab' },
        fields: fieldsOf('Old', { status: 'waiting', taskId: 't-1' }),
      });
      await create(store, 'oldest', { at: hoursAgo(100), fields: fieldsOf('Käse 🧀') });
    }),
  );

  test('is a line each for scripts: tabs between, no control characters, newest activity first', async () => {
    const { code, stdout, stderr } = await run('list');
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.split('\t').length)).toEqual([7, 7, 7]);
    expect(lines.map((line) => line.split('\t')[0])).toEqual(['newest', 'older', 'oldest']);
    expect(lines[0]).toMatch(/^newest\tcompleted\tshop\tdemo\tada\t\d{4}-\d\d-\d\dT[\d:.]+Z\tTabs and lines red$/);
  });

  test.each([
    [['--status', 'waiting,interrupted'], ['older']],
    [['--project', 'lab'], ['older']],
    [
      ['--user', 'ada'],
      ['newest', 'oldest'],
    ],
    [['--task', 't-1'], ['older']],
    [
      ['--since', '2d'],
      ['newest', 'older'],
    ],
    [['--since', '2d', '--user', 'ada'], ['newest']],
    [['--limit', '1'], ['newest']],
    [['--user', 'nobody'], []],
  ])('%j finds %j', async (args, ids) => {
    const { code, stdout } = await run('list', '--json', ...args);
    expect(code).toBe(0);
    const found = stdout
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line).conversationId as string]));
    expect(found).toEqual(ids);
  });

  test('is for machines what the HTTP door gives', async () => {
    const [line = ''] = (await run('list', '--json', '--task', 't-1')).stdout.split('\n');
    expect(JSON.parse(line)).toMatchObject({
      ...{ conversationId: 'older', taskId: 't-1', taskName: 'Old', assignedAgent: 'demo', status: 'waiting' },
      ...{ previewReady: false, checksStatus: 'none', draftPrPayloadExists: false, artifactsUrls: [] },
      lastActivityAt: expect.stringMatching(/Z$/),
    });
  });

  test('is a table on a terminal, as wide as that, and says when there is more', async () => {
    const wide = (await onTerminal(120, 'list', '--limit', '2')).split('\n');
    expect(wide[0]).toMatch(/^ID +STATUS +PROJECT +AGENT +USER +ACTIVE +TITLE$/);
    expect(wide[1]).toMatch(/^newest +completed +shop +demo +ada +1 h ago +Tabs and lines red$/);
    expect(wide[3]).toBe('These are the newest 2; --limit N or --all shows more.');
    const narrow = (await onTerminal(50, 'list')).split('\n');
    expect(narrow[0]).toMatch(/^ID +STATUS +ACTIVE +TITLE$/);
    expect(Math.max(...narrow.map((line) => line.length))).toBeLessThanOrEqual(50);
    expect(await onTerminal(80, 'list', '--user', 'nobody')).toBe('There is no such conversation.\n');
  });

  test('goes on to the end with --all, page by page', async () => {
    await withStore(async (store) => {
      for (let index = 0; index < 1_200; index++) await create(store, `more-${index}`);
    });
    expect((await run('list')).stdout.trimEnd().split('\n')).toHaveLength(50);
    expect((await run('list', '--all')).stdout.trimEnd().split('\n')).toHaveLength(1_203);
    expect((await run('list', '--limit', '1100')).stdout.trimEnd().split('\n')).toHaveLength(1_100);
  });
});

describe('holdfast conversations beside a gateway that runs', () => {
  let gateway: TestGateway;
  let viewer: TestViewer;
  beforeEach(async () => {
    gateway = await TestGateway.start({ dir });
    viewer = await TestViewer.open({ url: gateway.url, query: { conversation: 'new' } });
  });
  afterEach(async () => {
    viewer.ws.terminate();
    await gateway.end();
  });

  test('shows a conversation, and what was said', async () => {
    await viewer.turn('say **hello**\nthink hm');
    await viewer.until((message) => message.type === 'status' && message.status === 'completed');
    const { conversationId } = viewer.init;
    const plain = await run('show', conversationId, '--messages');
    expect(plain).toMatchObject({ code: 0, stderr: '' });
    expect(plain.stdout).toMatch(/^say \*\*hello\*\*\n  id +\w+\n  status +completed\n/);
    expect(plain.stdout).toMatch(/› say \*\*hello\*\*[^]*hello[^]*— done/);
    const json = await run('show', conversationId, '--messages', '--json');
    const [record, ...messages] = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(record).toMatchObject({ conversationId, userId: 'ada', lastSeq: viewer.seq, pending: [] });
    expect(messages).toEqual(viewer.log);
  });

  test('deletes: the viewers are sent away; what runs is left alone unless it is forced', async () => {
    const { conversationId } = viewer.init;
    viewer.send({ type: 'prompt', prompt: 'sleep 600' });
    await viewer.until((message) => message.type === 'status' && message.status === 'in-progress');
    const refused = await run('delete', conversationId, 'nothing');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toBe(
      `In ${conversationId} a turn runs or waits; abort it first, or delete it with --force.\nThere is no conversation nothing.\n`,
    );
    expect(await run('delete', conversationId, '--force')).toEqual({
      ...{ code: 0, stdout: `Deleted ${conversationId}.\n`, stderr: '' },
    });
    expect(await viewer.closed).toMatchObject({ code: 4404 });
    await until('the agent to be gone', () => gateway.processesOf('run').length === 0);
    expect(await run('show', conversationId)).toMatchObject({ code: 1, stdout: '' });
  });
});

describe('holdfast conversations cleanup', () => {
  beforeEach(() =>
    withStore(async (store) => {
      for (const [id, hours] of [['old', 170] as const, ['hers', 200] as const, ['young', 20] as const]) {
        await create(store, id, { at: hoursAgo(hours), by: id === 'hers' ? 'grace' : 'ada' });
      }
      await create(store, 'runs', { at: hoursAgo(500) });
      await ask(store, 'runs');
    }),
  );
  const left = async (): Promise<readonly string[]> => {
    env['CONVERSATION_TTL_HOURS'] = '0';
    return (await run('list')).stdout
      .split('\n')
      .flatMap((line) => line.split('\t')[0] || [])
      .toSorted();
  };

  test('deletes those of everybody that are a week old, and says how many', async () => {
    expect(await run('cleanup')).toEqual({ code: 0, stdout: 'Deleted 2 conversations.\n', stderr: '' });
    expect(await left()).toEqual(['runs', 'young']);
  });

  test('goes by its option, then by CONVERSATION_TTL_HOURS', async () => {
    env['CONVERSATION_TTL_HOURS'] = '0';
    expect((await run('cleanup')).stdout).toMatch(/^Nothing was deleted: CONVERSATION_TTL_HOURS=0/);
    env['CONVERSATION_TTL_HOURS'] = '190';
    expect((await run('cleanup', '--json')).stdout).toBe('{"deleted":1,"complete":true}\n');
    expect((await run('cleanup', '--ttl-hours', '0.5')).stdout).toBe('Deleted 2 conversations.\n');
    expect(await left()).toEqual(['runs']);
  });

  test('that is interrupted says what it did, and ends with 1', async () => {
    let out = '';
    const stdout = new PassThrough().on('data', (chunk: Buffer) => (out += chunk.toString()));
    const streams = { stdout, stderr: new PassThrough(), isColoured: false, interrupt: AbortSignal.abort() };
    expect(await runConversations(['cleanup'], env, streams)).toBe(1);
    expect(out).toMatch(/^Stopped; \d conversations? had been deleted by then\.\n$/);
  });
});

describe('holdfast conversations backup and restore', () => {
  beforeEach(() => withStore((store) => create(store, 'first')));

  test('bring back what was there, and keep what is replaced', async () => {
    const file = join(dir, 'kept', 'monday.db');
    expect(await run('backup', file)).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining(file) });
    await withStore((store) => create(store, 'second'));
    expect(await run('restore', file)).toMatchObject({ code: 0, stderr: '' });
    const { stdout } = await run('list', '--json');
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).conversationId as string),
    ).toEqual(['first']);
    expect(readdirSync(join(dir, 'store')).some((name) => name.includes('.before-restore-'))).toBe(true);
  });

  test('do not write over a file, take none for one, or replace one that is in use', async () => {
    const file = join(dir, 'monday.db');
    writeFileSync(join(dir, 'other'), 'mine');
    expect(await run('backup', join(dir, 'other'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is there already'),
    });
    expect((await run('backup', file)).code).toBe(0);
    expect(await run('restore', join(dir, 'nothing'))).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('nothing'),
    });
    await withStore(async () => {
      expect(await run('restore', file)).toMatchObject({ code: 1, stderr: expect.stringContaining('in use') });
    });
    expect((await run('restore', file)).code).toBe(0);
  });

  test('are for SQLite: DynamoDB has its own', async () => {
    env = { PERSISTENCE_ADAPTER: 'dynamodb' };
    expect(await run('backup', 'x')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('aws dynamodb create-backup'),
    });
  });
});

describe('holdfast conversations with a wrong word', () => {
  test.each([
    [[], /^Usage: holdfast conversations COMMAND/],
    [['dance'], /conversations dance.*--help/],
    [['list', '--fast'], /--fast.*conversations list --help/],
    [['list', 'x'], /"x"/],
    [['list', '--status', 'done'], /in-progress/],
    [['list', '--since', 'yesterday'], /--since must be/],
    [['list', '--limit', '0'], /--limit/],
    [['list', '--limit', '5', '--all'], /exclude/],
    [['show'], /one ID/],
    [['show', 'a', 'b'], /one ID/],
    [['show', 'a.b'], /"a\.b" is not the id/],
    [['delete'], /one ID or more/],
    [['backup'], /one FILE/],
    [['restore', 'a', 'b'], /one FILE/],
    [['cleanup', '--ttl-hours', 'week'], /--ttl-hours/],
  ])('%j ends with 2 and the way out', async (args, sentence) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/\n\s+at |LOG_LEVEL/);
  });

  test.each(['list', 'show', 'delete', 'cleanup', 'backup', 'restore', 'import'])('%s has --help', async (name) => {
    const { code, stdout, stderr } = await run(name, '--help');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^Usage: holdfast conversations ${name}`));
  });

  test('memory outlives no process: there is nothing to look at', async () => {
    env = {};
    const { code, stderr } = await run('list');
    expect(code).toBe(2);
    expect(stderr).toMatch(/PERSISTENCE_ADAPTER to sqlite or dynamodb/);
  });

  test('a database that is not there is not made', async () => {
    const { code, stderr } = await run('list');
    expect(code).toBe(2);
    expect(stderr).toMatch(/There is no database .*holdfast\.db; SQLITE_DB_PATH/);
    expect((await run('list')).code).toBe(2);
  });

  test('faults of the configuration that are not the store’s do not matter', async () => {
    await withStore((store) => create(store, 'c1'));
    env = { ...env, PORT: 'x', HOLDFAST_CONFIG: '/nowhere.yaml', LOG_FORMAT: 'xml' };
    expect(await run('list')).toMatchObject({ code: 0, stdout: expect.stringContaining('c1') });
  });
});
