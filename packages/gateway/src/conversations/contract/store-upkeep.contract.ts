import { describe, expect, test } from 'vitest';
import { newSessionState } from '../conversation.ts';
import {
  abortOf,
  ada,
  batchOf,
  dayMs,
  eve,
  fieldsOf,
  idOf,
  inTurn,
  messageId,
  one,
  start,
  ttlMs,
  two,
  type StoreScene,
} from './store-scene.contract.ts';

/** What an operator sees to: cleaning up, and whether the store is healthy. */
export function describeUpkeep(scene: StoreScene): void {
  async function left(): Promise<string> {
    const { conversations } = await scene.store.list({ limit: 1_000 });
    return conversations.map(({ conversationId }) => conversationId).join('');
  }

  async function createAll(...ids: string[]): Promise<void> {
    for (const [index, id] of ids.entries()) await scene.create(idOf(id), { at: start + index });
  }

  describe('cleanup', () => {
    test('of an empty store deletes none', async () => {
      expect(await scene.store.cleanup({ before: start })).toBe(0);
    });

    test('deletes those whose last activity is not after the time, and counts them', async () => {
      await createAll('a', 'b', 'c', 'd');
      expect(await scene.store.cleanup({ before: start + 1 })).toBe(2);
      expect(await left()).toBe('dc');
      expect(await scene.store.cleanup({ before: start + 1 })).toBe(0);
      expect(await scene.store.cleanup({ before: start + 99 })).toBe(2);
      expect(await left()).toBe('');
    });

    test('goes by the last activity, not by the age', async () => {
      await createAll('a', 'b');
      await scene.write(await scene.lease(idOf('a')), { conversationId: idOf('a'), status: 'waiting', at: start + 50 });
      await scene.create(idOf('c'), { createdAt: start + 40, at: start + 2 });
      expect(await scene.store.cleanup({ before: start + 10 })).toBe(2);
      expect(await left()).toBe('a');
    });

    test('of one person leaves the others alone', async () => {
      await createAll('a', 'b');
      await scene.create(idOf('e'), { userId: eve });
      expect(await scene.store.cleanup({ before: start + 99, userId: eve })).toBe(1);
      expect(await left()).toBe('ba');
      expect(await scene.store.cleanup({ before: start, userId: ada })).toBe(1);
      expect(await left()).toBe('b');
    });

    test('leaves open ones, until they are done', async () => {
      await createAll('a', 'b', 'c', 'd');
      const generation = await scene.lease(idOf('b'));
      await scene.write(generation, { conversationId: idOf('b'), session: inTurn, at: start });
      await scene.store.addCommand(idOf('c'), abortOf('p1'));
      await scene.lease(idOf('d'));
      expect(await scene.store.cleanup({ before: start + 99 })).toBe(2);
      expect((await left()).split('').toSorted().join('')).toBe('bc');
      await scene.write(generation, { conversationId: idOf('b'), session: newSessionState, at: start + 1 });
      const commands = [{ id: messageId('p1'), state: 'done' as const }];
      const done = { conversationId: idOf('c'), commands, at: start + 1 };
      await scene.write(await scene.lease(idOf('c')), done);
      expect(await scene.store.cleanup({ before: start + 99 })).toBe(2);
    });

    test('deletes and counts expired ones, that nobody sees any more', async () => {
      await createAll('a', 'b');
      scene.pass(2 * ttlMs);
      await scene.create(idOf('c'));
      expect(await scene.store.cleanup({ before: scene.now - ttlMs })).toBe(2);
      expect(await scene.store.cleanup({ before: scene.now - ttlMs })).toBe(0);
      expect(await left()).toBe('c');
    });

    test('takes log, commands and document too: the id is free again, and empty', async () => {
      const document = fieldsOf({ taskId: 't1', task: { previewMessage: 'x'.repeat(600_000) } });
      await scene.create(one, { fields: document });
      const generation = await scene.lease();
      await scene.store.addCommand(one, abortOf('p1'));
      await scene.write(generation, { batch: batchOf(1, 'old', 'x'.repeat(600_000)) });
      await scene.write(generation, { batch: batchOf(3, 'old'), commands: [{ id: messageId('p1'), state: 'done' }] });
      expect(await scene.store.cleanup({ before: start })).toBe(1);
      expect(await scene.store.get(one)).toBeUndefined();
      expect(await scene.store.readLog(one, 0, 1_000)).toEqual([]);
      const created = await scene.create();
      expect(await scene.read()).toEqual({ ...created, task: {} });
      expect(created).toMatchObject({ version: 1, lastSeq: 0, taskId: null });
      expect(await scene.texts()).toEqual([]);
      expect(await scene.store.addCommand(one, abortOf('p1'))).toEqual({ kind: 'added' });
    });

    test('late ones find nothing: a save and a command miss it, a write is fenced', async () => {
      const { version } = await scene.create();
      const generation = await scene.lease();
      expect(await scene.store.cleanup({ before: start })).toBe(1);
      expect(await scene.store.save(one, version, fieldsOf(), start)).toEqual({ kind: 'missing' });
      expect(await scene.store.addCommand(one, abortOf('p1'))).toEqual({ kind: 'missing' });
      expect(await scene.write(generation, { batch: batchOf(1, 'late') })).toBe('fenced');
      expect(await scene.store.delete(one)).toBe('missing');
      expect(await left()).toBe('');
    });

    test('that was called off before it began deletes none', async () => {
      await createAll('a', 'b');
      expect(await scene.store.cleanup({ before: start + 99, signal: AbortSignal.abort() })).toBe(0);
      expect(await left()).toBe('ba');
    });

    test('that is called off while it runs counts exactly what is gone', { timeout: 60_000 }, async () => {
      await Promise.all(Array.from({ length: 60 }, (_, index) => scene.create(idOf(`c${index}`))));
      const calling = new AbortController();
      const running = scene.store.cleanup({ before: start, signal: calling.signal });
      calling.abort();
      const count = await running;
      expect((await scene.store.list({ limit: 1_000 })).conversations).toHaveLength(60 - count);
      expect(await scene.store.cleanup({ before: start })).toBe(60 - count);
    });

    test('of hundreds takes them all, while others get on', { timeout: 120_000 }, async () => {
      const ids = Array.from({ length: 120 }, (_, index) => idOf(`c${index}`));
      await Promise.all(ids.map((id) => scene.create(id)));
      await scene.create(idOf('live'), { at: start + 1 });
      const cleaning = scene.store.cleanup({ before: start });
      const generation = await scene.lease(idOf('live'));
      const write = { conversationId: idOf('live'), batch: batchOf(1, 'a'), at: start + 2 };
      expect(await scene.write(generation, write)).toBe('written');
      expect(await cleaning).toBe(120);
      expect(await left()).toBe('live');
    });

    test('twice at once: each conversation is counted by one of them', async () => {
      await createAll('a', 'b', 'c', 'd', 'e', 'f');
      const counts = await Promise.all([1, 2].map(() => scene.store.cleanup({ before: start + 99 })));
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(6);
      expect(await left()).toBe('');
    });

    test('at the moment of a command: it is added and kept, or missing and gone', async () => {
      await createAll('a', 'b', 'c', 'd', 'e', 'f');
      const ids = ['a', 'b', 'c', 'd', 'e', 'f'].map(idOf);
      const cleaning = scene.store.cleanup({ before: start + 99 });
      const added = await Promise.all(ids.map((id) => scene.store.addCommand(id, abortOf('p1'))));
      const count = await cleaning;
      const kept = ids.filter((_id, index) => added[index]?.kind === 'added');
      expect(count).toBe(ids.length - kept.length);
      for (const id of kept) expect(await scene.commandIds(id)).toEqual(['p1']);
      expect((await left()).length).toBe(kept.length);
    });

    test('forgets the ids of the deleted after 30 days, not before', async () => {
      await scene.create(one);
      await scene.store.delete(one);
      scene.pass(10 * dayMs);
      await scene.create(two);
      await scene.store.delete(two);
      scene.pass(20 * dayMs);
      expect(await scene.store.cleanup({ before: scene.now })).toBe(0);
      expect(await scene.store.create(scene.fresh(one))).toMatchObject({ kind: 'created' });
      expect(await scene.store.create(scene.fresh(two))).toEqual({ kind: 'deleted' });
    });
  });

  describe('its own check', () => {
    test('passes, also many at once', async () => {
      await expect(Promise.all(Array.from({ length: 5 }, () => scene.store.check()))).resolves.toHaveLength(5);
    });

    test('leaves nothing that anybody sees', async () => {
      await scene.create();
      await scene.store.check();
      expect(await left()).toBe(one);
      expect(await scene.store.unfinished(10)).toEqual([]);
      expect(await scene.store.cleanup({ before: start + 99 })).toBe(1);
    });
  });
}
