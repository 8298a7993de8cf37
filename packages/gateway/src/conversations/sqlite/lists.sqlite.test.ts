import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConversationId, ProjectId, UserId } from '@holdfast/protocol';
import type { ListFilter } from '../list.ts';
import { freshRows, oldOpenRows, type Statement } from './lists.sqlite.ts';
import { summaryColumns } from './rows.sqlite.ts';
import { SQLiteConversationStore } from '../store.sqlite.ts';
import { inFile, newConversation, SQLiteFolder } from '../testing/sqlite-file.ts';

const folder = new SQLiteFolder();
const path = folder.freshPath();
let store: SQLiteConversationStore;
beforeAll(() => {
  store = new SQLiteConversationStore(path, { ttlMs: null });
});
afterAll(async () => {
  await store.close();
  folder[Symbol.dispose]();
});

const ada = 'ada' as UserId;
const [shop, bank] = ['shop', 'bank'] as [ProjectId, ProjectId];
const visibleTo = { userId: ada, projectIds: [shop, bank] };

const filters: readonly (readonly [name: string, filter: ListFilter])[] = [
  ['no filter', {}],
  ['a status', { statuses: ['waiting'] }],
  ['several statuses', { statuses: ['waiting', 'completed', 'waiting'] }],
  ['a user', { userId: ada }],
  ['a project', { projectId: shop }],
  ['a project and a status', { projectId: shop, statuses: ['waiting'] }],
  ['a user and a project', { userId: ada, projectId: shop }],
  ['a task', { taskId: 't', statuses: ['waiting'], userId: ada, visibleTo }],
  ['who may see it', { visibleTo }],
  ['who may see it, and a status', { visibleTo, statuses: ['waiting'] }],
  ['a project that one may not see', { visibleTo, projectId: 'mill' as ProjectId }],
  ['another user, and who may see it', { visibleTo, userId: 'bob' as UserId }],
];

function planOf({ sql, values }: Statement): readonly string[] {
  return inFile(path, (db) =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...values)
      .map(({ detail }) => String(detail)),
  );
}

describe('a list', () => {
  test.each(filters)('by %s scans no table and sorts nothing', (_name, filter) => {
    const after = { lastActivityAt: 5, conversationId: 'c' as ConversationId };
    const query = { ...filter, limit: 200, after, since: 2 };
    const plans = [...freshRows(summaryColumns, query, 1), oldOpenRows(summaryColumns, query, 1)].map(planOf);
    for (const line of plans.flat()) expect(line).not.toMatch(/SCAN|TEMP B-TREE/);
    // Each part is bounded in its index by where the page begins and how old it may be.
    for (const line of plans.flat().filter((text) => text.startsWith('SEARCH'))) {
      expect(line).toMatch(/last_activity_at>\? AND .*last_activity_at<\?|\(last_activity_at,id\)<\(\?,\?\)/);
    }
  });

  test('by status is answered by the index alone', () => {
    const [statement] = freshRows(summaryColumns, { statuses: ['waiting'], limit: 200 }, 1);
    expect(planOf(statement as Statement).join()).toContain('USING COVERING INDEX conversations_by_status');
  });

  test('of who may see hundreds of projects is put together from several statements', async () => {
    const projectIds = Array.from({ length: 300 }, (_, index) => `p${index}` as ProjectId);
    for (const index of [7, 70, 299]) {
      const projectId = projectIds[index] as ProjectId;
      await store.create(newConversation(`of-${index}`, { userId: 'eve' as UserId, projectId, at: index }));
    }
    const query = { visibleTo: { userId: ada, projectIds }, limit: 2 };
    expect(freshRows(summaryColumns, query, 0).length).toBeGreaterThan(1);
    const first = await store.list(query);
    expect(first.conversations.map((row) => row.conversationId)).toEqual(['of-299', 'of-70']);
    const second = await store.list({ ...query, after: first.next as NonNullable<typeof first.next> });
    expect(second.conversations.map((row) => row.conversationId)).toEqual(['of-7']);
    expect(second.next).toBeNull();
  });

  test('a damaged digest says nothing, and keeps nothing out', async () => {
    const fields = { taskId: 'd', title: 'T', status: 'waiting' as const, task: { taskDetails: { name: 'N' } } };
    await store.create(newConversation('damaged', { fields }));
    expect((await store.list({ limit: 5, taskId: 'd' })).conversations[0]?.taskName).toBe('N');
    inFile(path, (db) => db.exec(`UPDATE conversations SET digest = '{' WHERE id = 'damaged'`));
    expect((await store.list({ limit: 5, taskId: 'd' })).conversations[0]?.taskName).toBe('T');
  });
});
