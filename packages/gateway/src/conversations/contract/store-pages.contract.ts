import type { ConversationId } from '@holdfast/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareInList, matches, type ListFilter, type ListPosition } from '../list.ts';
import type { ConversationSummary } from '../record.ts';
import {
  ada,
  bank,
  bob,
  eve,
  fieldsOf,
  idOf,
  inTurn,
  mill,
  shop,
  start,
  ttlMs,
  type StoreScene,
} from './store-scene.contract.ts';

/** Pages: they follow each other by position, not by count. */
export function describePages(scene: StoreScene): void {
  /** All pages of a list, each with at most `limit`; `between` is called after each. */
  async function walk(
    filter: ListFilter,
    limit: number,
    between: (page: number) => Promise<unknown> = async () => {},
  ): Promise<ConversationSummary[][]> {
    const pages: ConversationSummary[][] = [];
    let after: ListPosition | undefined;
    do {
      const page = await scene.store.list({ ...filter, limit, ...(after && { after }) });
      pages.push([...page.conversations]);
      after = page.next ?? undefined;
      if (after !== undefined) await between(pages.length);
      if (pages.length > 200) throw new Error('the pages have no end');
    } while (after !== undefined);
    return pages;
  }

  async function createAll(...ids: string[]): Promise<void> {
    for (const [index, id] of ids.entries()) await scene.create(idOf(id), { at: start + index });
  }

  const idsOf = (page: readonly ConversationSummary[]): string => page.map((row) => row.conversationId).join('');

  async function touch(id: string, at: number): Promise<void> {
    const { version } = await scene.read(idOf(id));
    await scene.store.save(idOf(id), version, fieldsOf(), at);
  }

  test.each([
    [1, ['e', 'd', 'c', 'b', 'a']],
    [2, ['ed', 'cb', 'a']],
    [4, ['edcb', 'a']],
    [5, ['edcba']],
    [6, ['edcba']],
    [1_000, ['edcba']],
  ])('five by %s: every one once, and the last page says that it is the last', async (limit, expected) => {
    await createAll('a', 'b', 'c', 'd', 'e');
    expect((await walk({}, limit)).map(idsOf)).toEqual(expected);
  });

  test.each([
    ['a user', { userId: ada }],
    ['a project', { projectId: shop }],
    ['a status', { statuses: ['completed'] }],
    ['several statuses', { statuses: ['waiting', 'completed'] }],
    ['a task', { taskId: 't1' }],
    ['what is visible', { visibleTo: { userId: ada, projectIds: [shop] } }],
  ] as const)('as many as the limit by %s: there is no next page', async (_what, filter) => {
    for (const id of ['a', 'b', 'c']) await scene.create(idOf(id), { fields: fieldsOf({ taskId: 't1' }) });
    const page = await scene.store.list({ ...filter, limit: 3 });
    expect(idsOf(page.conversations)).toBe('cba');
    expect(page.next).toBeNull();
  });

  test('of the same millisecond a page boundary between them loses and repeats none', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    for (const id of ids) await scene.create(idOf(id));
    for (const limit of [1, 2, 3]) {
      expect((await walk({}, limit)).map(idsOf).join('')).toBe('gfedcba');
      expect((await walk({ userId: ada, since: start }, limit)).map(idsOf).join('')).toBe('gfedcba');
    }
  });

  test('the next page is told by the last row of this one', async () => {
    await createAll('a', 'b', 'c');
    const { next } = await scene.store.list({ limit: 2 });
    expect(next).toEqual({ lastActivityAt: start + 1, conversationId: 'b' });
  });

  test('a position where nothing stands is a place in the order all the same', async () => {
    await createAll('a', 'b', 'd', 'e');
    const after = async (position: ListPosition): Promise<string> =>
      idsOf((await scene.store.list({ limit: 10, after: position })).conversations);
    expect(await after({ lastActivityAt: start + 2, conversationId: idOf('c') })).toBe('ba');
    expect(await after({ lastActivityAt: start + 2, conversationId: idOf('zz') })).toBe('dba');
    expect(await after({ lastActivityAt: start + 99, conversationId: idOf('a') })).toBe('edba');
    expect(await after({ lastActivityAt: start, conversationId: idOf('a') })).toBe('');
    expect(await after({ lastActivityAt: start - 1, conversationId: idOf('z') })).toBe('');
  });

  test('conversations that come between two pages do not move the next one', async () => {
    await createAll('a', 'b', 'c', 'd');
    const pages = await walk({}, 2, () => scene.create(idOf('x'), { at: start + 50 }));
    expect(pages.map(idsOf)).toEqual(['dc', 'ba']);
  });

  test('one that was shown and moves to the front is not shown again', async () => {
    await createAll('a', 'b', 'c', 'd');
    const pages = await walk({}, 2, () => touch('d', start + 50));
    expect(pages.map(idsOf)).toEqual(['dc', 'ba']);
  });

  test('one that was not shown yet and moves to the front is not on the later pages', async () => {
    await createAll('a', 'b', 'c', 'd');
    const pages = await walk({}, 2, () => touch('a', start + 50));
    expect(pages.map(idsOf)).toEqual(['dc', 'b']);
  });

  test('what is deleted between two pages, the one at the boundary too, costs no other its place', async () => {
    await createAll('a', 'b', 'c', 'd', 'e');
    const pages = await walk({}, 2, (page) => scene.store.delete(idOf(page === 1 ? 'd' : 'c')));
    expect(pages.map(idsOf)).toEqual(['ed', 'cb', 'a']);
  });

  test('many that do not match between those that do: full pages, and an end', { timeout: 60_000 }, async () => {
    for (let index = 0; index < 60; index++) {
      const fields = fieldsOf({ status: index % 20 === 0 ? 'waiting' : 'completed' });
      await scene.create(idOf(`c${index}`), { at: start + index, fields, userId: index % 2 === 0 ? ada : eve });
    }
    const pages = await walk({ statuses: ['waiting', 'interrupted'], projectId: shop }, 2);
    expect(pages.map((page) => page.map((row) => row.conversationId))).toEqual([['c40', 'c20'], ['c0']]);
    const visible = await walk({ statuses: ['waiting'], visibleTo: { userId: ada, projectIds: [] } }, 3);
    expect(visible.map((page) => page.length)).toEqual([3]);
  });

  test('many expired ones before the live ones: a full page, and an end', { timeout: 60_000 }, async () => {
    const opened = idOf('open');
    await scene.create(opened, { at: start - 10 });
    await scene.write(await scene.lease(opened), { conversationId: opened, session: inTurn, at: start - 10 });
    for (let index = 0; index < 30; index++) await scene.create(idOf(`old${index}`));
    scene.pass(ttlMs);
    await scene.create(idOf('new'));
    expect((await walk({}, 1)).map((page) => page.map((row) => row.conversationId))).toEqual([['new'], ['open']]);
    expect(await scene.store.list({ limit: 2, userId: ada })).toMatchObject({ next: null });
  });

  test('any filter, any page size, any ties: the pages are the list', { timeout: 120_000 }, async () => {
    const there: ConversationId[] = [];
    const users = [ada, bob, eve];
    const projects = [shop, bank, mill];
    const statuses = ['in-progress', 'waiting', 'interrupted', 'completed', 'draft-preview'] as const;
    const row = fc.record({
      at: fc.nat(3).map((tick) => start + tick),
      userId: fc.constantFrom(...users),
      projectId: fc.constantFrom(...projects),
      fields: fc
        .record({ status: fc.constantFrom(...statuses), taskId: fc.constantFrom('t1', 't2', null) })
        .map(fieldsOf),
    });
    const filter: fc.Arbitrary<ListFilter> = fc.record(
      {
        statuses: fc.uniqueArray(fc.constantFrom(...statuses)),
        userId: fc.constantFrom(...users),
        projectId: fc.constantFrom(...projects),
        taskId: fc.constantFrom('t1', 't2'),
        since: fc.nat(4).map((tick) => start + tick),
        visibleTo: fc.record({
          userId: fc.constantFrom(...users),
          projectIds: fc.uniqueArray(fc.constantFrom(...projects)),
        }),
      },
      { requiredKeys: [] },
    );
    const queries = fc.array(fc.tuple(filter, fc.integer({ min: 1, max: 7 })), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 6 }), queries, async (rows, asked) => {
        // The store grows from run to run, so that later runs have longer lists.
        for (const rest of rows) there.push((await scene.create(idOf(`c${there.length}`), rest)).conversationId);
        const all = (await scene.store.list({ limit: 1_000 })).conversations;
        expect(all.map(({ conversationId }) => conversationId).toSorted()).toEqual(there.toSorted());
        for (const [wanted, limit] of asked) {
          const pages = await walk(wanted, limit);
          const expected = all.filter((summary) => matches(wanted, summary)).toSorted(compareInList);
          expect(pages.flat()).toEqual(expected);
          expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true);
          expect(pages.length).toBe(Math.max(1, Math.ceil(expected.length / limit)));
        }
      }),
      { numRuns: 8, endOnFailure: true },
    );
  });
}
