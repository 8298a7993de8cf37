import type { ConversationStatus } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import type { ListFilter } from '../list.ts';
import { digestOf, summaryOf, type TaskDocument } from '../record.ts';
import {
  ada,
  bank,
  batchOf,
  bob,
  eve,
  fieldsOf,
  idOf,
  inTurn,
  mill,
  one,
  shop,
  start,
  two,
  type StoreScene,
} from './store-scene.contract.ts';

/** Lists: who is in them, in which order, and what a row shows. */
export function describeLists(scene: StoreScene): void {
  async function idsOf(filter: ListFilter = {}): Promise<readonly string[]> {
    const { conversations, next } = await scene.store.list({ limit: 100, ...filter });
    expect(next).toBeNull();
    return conversations.map(({ conversationId }) => conversationId);
  }

  /** Three people in three projects; the younger the higher the letter, `a` the oldest. */
  async function populate(): Promise<void> {
    const rows = [
      ['a', ada, shop, 'completed', 't1'],
      ['b', ada, bank, 'in-progress', 't1'],
      ['c', bob, shop, 'waiting', null],
      ['d', bob, bank, 'completed', 't2'],
      ['e', eve, shop, 'interrupted', 't1'],
      ['f', eve, mill, 'in-progress', null],
    ] as const;
    for (const [index, [id, userId, projectId, status, taskId]] of rows.entries()) {
      const fields = fieldsOf({ status, taskId });
      await scene.create(idOf(id), { userId, projectId, fields, at: start + index });
    }
  }

  test('of an empty store is empty', async () => {
    expect(await scene.store.list({ limit: 10 })).toEqual({ conversations: [], next: null });
    expect(await scene.store.list({ limit: 10, userId: ada, statuses: ['waiting'] })).toEqual({
      conversations: [],
      next: null,
    });
  });

  const filters: readonly (readonly [what: string, filter: ListFilter, ids: string])[] = [
    ['no condition', {}, 'fedcba'],
    ['one status', { statuses: ['in-progress'] }, 'fb'],
    ['several statuses', { statuses: ['completed', 'waiting'] }, 'dca'],
    ['all statuses', { statuses: ['completed', 'waiting', 'in-progress', 'interrupted', 'draft-preview'] }, 'fedcba'],
    ['one status twice', { statuses: ['waiting', 'waiting'] }, 'c'],
    ['a status that none has', { statuses: ['draft-preview'] }, ''],
    ['no status at all', { statuses: [] }, ''],
    ['a user', { userId: ada }, 'ba'],
    ['a user who has none', { userId: 'zoe' as typeof ada }, ''],
    ['a project', { projectId: shop }, 'eca'],
    ['a project that has none', { projectId: 'none' as typeof shop }, ''],
    ['a task', { taskId: 't1' }, 'eba'],
    ['a task that is nowhere', { taskId: 't9' }, ''],
    ['since, which is inclusive', { since: start + 3 }, 'fed'],
    ['since after everything', { since: start + 6 }, ''],
    ['user and status', { userId: ada, statuses: ['completed'] }, 'a'],
    ['user and project', { userId: eve, projectId: shop }, 'e'],
    ['project and status', { projectId: bank, statuses: ['in-progress', 'completed'] }, 'db'],
    ['project and since', { projectId: shop, since: start + 2 }, 'ec'],
    ['task and user', { taskId: 't1', userId: eve }, 'e'],
    ['task and project and status', { taskId: 't1', projectId: shop, statuses: ['completed'] }, 'a'],
    ['user, status and since', { userId: eve, statuses: ['in-progress', 'interrupted'], since: start + 5 }, 'f'],
    ['everything', { userId: bob, projectId: bank, taskId: 't2', statuses: ['completed'], since: start + 3 }, 'd'],
    ['conditions that exclude each other', { userId: ada, projectId: mill }, ''],
    ['their own anywhere, and all of a visible project, none twice', seen(ada, shop), 'ecba'],
    ['two visible projects', seen(ada, shop, mill), 'fecba'],
    ['no visible project: their own', seen(bob), 'dc'],
    ['a visible project and none of their own', seen('zoe' as typeof ada, mill), 'f'],
    ['a visible project named twice', seen(ada, shop, shop), 'ecba'],
    ['nothing visible', seen('zoe' as typeof ada), ''],
    ['visible ones of another user', { ...seen(ada, shop), userId: eve }, 'e'],
    ['their own as asked for by themselves', { ...seen(ada, shop), userId: ada }, 'ba'],
    ['visible ones in an invisible project', { ...seen(ada, shop), projectId: bank }, 'b'],
    ['visible ones in a project of others only', { ...seen(ada, shop), projectId: mill }, ''],
    ['visible ones by status, task and since', { ...seen(ada, shop), taskId: 't1', since: start + 1 }, 'eb'],
    [
      'visible ones by several statuses',
      { ...seen(bob, shop), statuses: ['waiting', 'interrupted', 'completed'] },
      'edca',
    ],
  ];

  test.each(filters)('by %s', async (_what, filter, ids) => {
    await populate();
    expect((await idsOf(filter)).join('')).toBe(ids);
  });

  test('a conversation stands in all the lists that its newest state belongs to, and in no older one', async () => {
    await populate();
    const { version } = await scene.read(idOf('a'));
    await scene.store.save(idOf('a'), version, fieldsOf({ status: 'waiting', taskId: 't2' }), start + 9);
    expect(await idsOf({ statuses: ['completed'] })).toEqual(['d']);
    expect(await idsOf({ statuses: ['waiting'] })).toEqual(['a', 'c']);
    expect(await idsOf({ taskId: 't1' })).toEqual(['e', 'b']);
    expect(await idsOf({ taskId: 't2' })).toEqual(['a', 'd']);
    expect(await idsOf({ userId: ada, since: start + 9 })).toEqual(['a']);
    expect(await idsOf()).toEqual(['a', 'f', 'e', 'd', 'c', 'b']);
  });

  test('a write moves a conversation to the front and to its new status; progress does neither', async () => {
    await populate();
    const generation = await scene.lease(idOf('b'));
    const write = { conversationId: idOf('b'), batch: batchOf(1, 'x') };
    await scene.write(generation, { ...write, durable: false, at: start + 10 });
    expect((await idsOf()).join('')).toBe('fedcba');
    await scene.write(generation, { conversationId: idOf('b'), status: 'draft-preview', at: start + 11 });
    expect((await idsOf()).join('')).toBe('bfedca');
    expect(await idsOf({ statuses: ['in-progress'] })).toEqual(['f']);
    expect(await idsOf({ statuses: ['draft-preview'], projectId: bank })).toEqual(['b']);
  });

  test('of the same millisecond the greater id comes first, by bytes', async () => {
    const ids = ['a', 'B', '_', '-', '0', 'aa', 'Z9', 'z', 'A'];
    for (const id of ids) await scene.create(idOf(id));
    const expected = ['z', 'aa', 'a', '_', 'Z9', 'B', 'A', '0', '-'];
    expect(await idsOf()).toEqual(expected);
    expect(await idsOf({ userId: ada })).toEqual(expected);
    expect(await idsOf({ statuses: ['completed', 'waiting'], projectId: shop })).toEqual(expected);
  });

  test('activity is compared as a number, whatever the count of its digits', async () => {
    const store = await scene.openFresh(null);
    for (const at of [9, 10, 100, 99, 1_000_000_000_000, 999_999_999_999]) {
      await store.create(scene.fresh(idOf(`c${at}`), { at }));
    }
    const { conversations } = await store.list({ limit: 10 });
    const times = conversations.map(({ lastActivityAt }) => lastActivityAt);
    expect(times).toEqual([1_000_000_000_000, 999_999_999_999, 100, 99, 10, 9]);
    expect((await store.list({ limit: 10, since: 100 })).conversations).toHaveLength(3);
  });

  test('a row shows the record and the digest of its document', async () => {
    const task: TaskDocument = {
      taskDetails: { name: 'Faster checkout', type: 'feature' },
      previewMessage: 'Look',
      checkResults: { allPassed: true, lint: { success: true } },
      draftPrPayload: { title: 'T' },
      artifactsUrls: { report: 'https://a.example/1', log: 'https://a.example/2' },
    };
    await scene.create(one, { createdAt: start - 5, fields: fieldsOf({ taskId: 't1', title: 'T', task }) });
    expect((await scene.store.list({ limit: 1 })).conversations).toEqual([
      {
        conversationId: one,
        userId: ada,
        projectId: shop,
        agent: 'demo',
        taskId: 't1',
        title: 'T',
        status: 'completed',
        createdAt: start - 5,
        lastActivityAt: start,
        version: 1,
        taskName: 'Faster checkout',
        taskType: 'feature',
        previewReady: true,
        checksStatus: 'passed',
        draftPrPayloadExists: true,
        artifactsUrls: ['https://a.example/1', 'https://a.example/2'],
      },
    ]);
  });

  const digests: readonly (readonly [what: string, task: TaskDocument, title: string, shows: object])[] = [
    ['nothing', {}, '', { taskName: null, taskType: null, previewReady: false, artifactsUrls: [] }],
    ['its title when the task has no name', {}, 'My title', { taskName: 'My title' }],
    ['the title of the task when that has no name', { taskDetails: { title: 'T' } }, 'U', { taskName: 'T' }],
    ['the name of the task before its title', { taskDetails: { name: 'N', title: 'T' } }, 'U', { taskName: 'N' }],
    ['failed checks', { checkResults: { allPassed: false } }, '', { checksStatus: 'failed' }],
    ['no checks', { checkResults: null }, '', { checksStatus: 'none' }],
    [
      'simulated checks as none',
      { checkResults: { allPassed: true, tests: { simulated: true } } },
      '',
      { checksStatus: 'none' },
    ],
    ['links in their order', { artifactsUrls: ['b', 'a', 'b'] }, '', { artifactsUrls: ['b', 'a', 'b'] }],
    ['no draft when it is null', { draftPrPayload: null }, '', { draftPrPayloadExists: false }],
    [
      'names with emoji',
      { taskDetails: { name: '🧀'.repeat(90), type: 'é\u0301' } },
      '',
      { taskName: '🧀'.repeat(90) },
    ],
  ];

  test.each(digests)('a row shows %s, as created and as saved', async (_what, task, title, shows) => {
    await scene.create(one, { fields: fieldsOf({ task, title }), at: start + 1 });
    await scene.create(two, { fields: fieldsOf({ task: { previewMessage: 'x', checkResults: { allPassed: true } } }) });
    await scene.store.save(two, 1, fieldsOf({ task, title }), start);
    const { conversations } = await scene.store.list({ limit: 2 });
    expect(conversations).toMatchObject([
      { conversationId: one, ...shows },
      { conversationId: two, ...shows, version: 2 },
    ]);
  });

  test('a row is exactly what record and document say, after creates, saves and writes', async () => {
    await populate();
    const { version } = await scene.read(idOf('c'));
    const task = { taskDetails: { name: 'N' }, checkResults: { allPassed: false }, artifactsUrls: ['x'] };
    await scene.store.save(idOf('c'), version, fieldsOf({ title: 'C', task }), start + 20);
    const change = { session: inTurn, status: 'waiting' as ConversationStatus, title: 'from the log', at: start + 30 };
    await scene.write(await scene.lease(idOf('c')), { conversationId: idOf('c'), ...change });
    const { conversations } = await scene.store.list({ limit: 10 });
    for (const summary of conversations) {
      const { task: document, ...conversation } = await scene.read(summary.conversationId);
      expect(summary).toEqual(summaryOf(conversation, digestOf(document)));
    }
    expect(conversations[0]).toMatchObject({ conversationId: 'c', title: 'from the log', taskName: 'N' });
  });

  test('deleted and expired ones are not in it, and take no room on a page', async () => {
    for (const [index, id] of ['a', 'b', 'c', 'd'].entries()) await scene.create(idOf(id), { at: start + index });
    await scene.store.delete(idOf('c'));
    scene.pass(100);
    await scene.create(idOf('e'));
    await scene.create(idOf('f'));
    await scene.store.delete(idOf('f'));
    expect((await idsOf()).join('')).toBe('edba');
    expect((await scene.store.list({ limit: 4 })).next).toBeNull();
  });
}

function seen(userId: typeof ada, ...projectIds: (typeof shop)[]): ListFilter {
  return { visibleTo: { userId, projectIds } };
}
