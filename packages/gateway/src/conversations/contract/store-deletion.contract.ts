import { describe, expect, test } from 'vitest';
import type { ConversationStore } from '../store.ts';
import {
  abortOf,
  ada,
  batchOf,
  dayMs,
  fieldsOf,
  hourMs,
  inTurn,
  none,
  one,
  shop,
  start,
  two,
  type StoreScene,
} from './store-scene.contract.ts';

/** Deletion: all of it goes, and nothing late brings it back. */
export function describeDeletion(scene: StoreScene): void {
  async function expectGone(store: ConversationStore = scene.store): Promise<void> {
    expect(await store.get(one)).toBeUndefined();
    expect(await store.read(one)).toBeUndefined();
    expect(await store.readLog(one, 0, 1_000)).toEqual([]);
    expect(await store.openCommands(one)).toEqual([]);
    expect(await store.unfinished(10)).toEqual([]);
    expect([...(await store.heads([one]))]).toEqual([]);
    expect((await store.list({ limit: 10 })).conversations).toEqual([]);
    expect(await store.newest({ userId: ada, projectId: shop, agent: 'demo' })).toBeUndefined();
  }

  test('takes record, document, log, commands and head', async () => {
    await scene.create(one, { fields: fieldsOf({ taskId: 't', task: { confirmed: true } }) });
    await scene.write(await scene.lease(), { batch: batchOf(1, 'a') });
    expect(await scene.store.delete(one)).toBe('deleted');
    await expectGone();
  });

  test('of what is not there is missing, and the id stays free', async () => {
    expect(await scene.store.delete(none)).toBe('missing');
    expect(await scene.store.delete(none, { force: true })).toBe('missing');
    expect(await scene.store.create(scene.fresh(none))).toMatchObject({ kind: 'created' });
  });

  test('twice: the second finds nothing', async () => {
    await scene.create();
    expect(await scene.store.delete(one)).toBe('deleted');
    expect(await scene.store.delete(one)).toBe('missing');
    expect(await scene.store.delete(one, { force: true })).toBe('missing');
  });

  test('ten times at once: one did it', async () => {
    await scene.create();
    const results = await Promise.all(Array.from({ length: 10 }, () => scene.store.delete(one)));
    expect(results.toSorted()).toEqual(['deleted', ...Array.from({ length: 9 }, () => 'missing')]);
  });

  test('leaves the others alone', async () => {
    await scene.create(one);
    const other = await scene.create(two);
    await scene.write(await scene.lease(two), { conversationId: two, batch: batchOf(1, 'b') });
    await scene.store.addCommand(two, abortOf('p1'));
    await scene.store.delete(one);
    expect(await scene.store.get(two)).toMatchObject({ epoch: other.epoch, lastSeq: 1 });
    expect(await scene.texts(0, two)).toEqual(['b']);
    expect(await scene.commandIds(two)).toEqual(['p1']);
  });

  test.each([
    ['a turn', async () => scene.write(await scene.lease(), { session: inTurn })],
    ['a command that is not done', () => scene.store.addCommand(one, abortOf('p1'))],
  ])('of one with %s is refused as open and changes nothing, unless it is forced', async (_name, open) => {
    await scene.create();
    await open();
    const before = await scene.read();
    expect(await scene.store.delete(one)).toBe('open');
    expect(await scene.store.delete(one, { force: false })).toBe('open');
    expect(await scene.read()).toEqual(before);
    expect(await scene.store.unfinished(10)).toHaveLength(1);
    expect(await scene.store.delete(one, { force: true })).toBe('deleted');
    await expectGone();
  });

  test('a lease alone does not keep one from being deleted', async () => {
    await scene.create();
    await scene.lease();
    expect(await scene.store.delete(one)).toBe('deleted');
  });

  describe('by force, of one that is driven', () => {
    test('fences who drives it, and its lease, commands and renewal find nothing', async () => {
      await scene.create();
      const generation = await scene.lease(one, 'a');
      await scene.write(generation, { session: inTurn, batch: batchOf(1, 'a') });
      await scene.store.delete(one, { force: true });
      expect(await scene.write(generation, { batch: batchOf(2, 'b') })).toBe('fenced');
      expect(await scene.write(generation, { batch: batchOf(2, 'b'), durable: false, runnerOffset: 1 })).toBe('fenced');
      expect(await scene.write(generation, { status: 'completed' })).toBe('fenced');
      await scene.store.renew('a', start + 60_000);
      await scene.store.release(one, 'a', generation);
      const request = { owner: 'a', now: start, until: start + 1_000 };
      expect(await scene.store.acquire(one, request)).toEqual({ kind: 'missing' });
      expect(await scene.store.addCommand(one, abortOf('p1'))).toEqual({ kind: 'missing' });
      await expectGone();
    });

    test('while writes are under way: what is written before it goes too, what comes after is fenced', async () => {
      await scene.create();
      const generation = await scene.lease();
      const writes = [1, 2, 3, 4, 5].map((seq) => scene.write(generation, { batch: batchOf(seq, 'x') }));
      const deletion = scene.store.delete(one, { force: true });
      const late = scene.write(generation, { batch: batchOf(6, 'x'), session: inTurn });
      await Promise.all([...writes, late]);
      expect(await deletion).toBe('deleted');
      expect(await scene.write(generation, { batch: batchOf(1, 'x') })).toBe('fenced');
      await expectGone();
    });
  });

  describe('is not undone', () => {
    test('by a late save, of any version', async () => {
      const { version } = await scene.create();
      await scene.store.delete(one);
      for (const late of [version, version + 1, version + 2]) {
        expect(await scene.store.save(one, late, fieldsOf(), start)).toEqual({ kind: 'deleted' });
      }
      await expectGone();
    });

    test('by a late create', async () => {
      await scene.create();
      await scene.store.delete(one);
      expect(await scene.store.create(scene.fresh())).toEqual({ kind: 'deleted' });
      await expectGone();
    });

    test('by a create, a save and a command at the same moment', async () => {
      const { version } = await scene.create();
      const deletion = scene.store.delete(one, { force: true });
      await Promise.all([
        scene.store.create(scene.fresh()),
        scene.store.save(one, version, fieldsOf(), start),
        scene.store.addCommand(one, abortOf('p1')),
        scene.store.acquire(one, { owner: 'a', now: start, until: start + 1_000 }),
      ]);
      expect(await deletion).toBe('deleted');
      await expectGone();
    });

    test('for 30 days, to the millisecond; then the id is free for a new, empty one', async () => {
      await scene.create();
      await scene.write(await scene.lease(), { batch: batchOf(1, 'old') });
      await scene.store.delete(one);
      scene.pass(30 * dayMs - 1);
      expect(await scene.store.create(scene.fresh())).toEqual({ kind: 'deleted' });
      scene.pass(1);
      expect(await scene.create()).toMatchObject({ version: 1, lastSeq: 0, createdAt: scene.now });
      expect(await scene.texts()).toEqual([]);
      expect(await scene.saveTask({ confirmed: true })).toMatchObject({ kind: 'saved' });
    });

    test('by a cleanup that comes by within the 30 days', async () => {
      await scene.create();
      await scene.store.delete(one);
      scene.pass(29 * dayMs);
      expect(await scene.store.cleanup({ before: scene.now })).toBe(0);
      expect(await scene.store.create(scene.fresh())).toEqual({ kind: 'deleted' });
      scene.pass(dayMs + hourMs);
      await scene.store.cleanup({ before: scene.now });
      expect(await scene.store.create(scene.fresh())).toMatchObject({ kind: 'created' });
    });
  });

  test('after the 30 days a late save finds nothing, and a new one has nothing of the old', async () => {
    const { version } = await scene.create();
    await scene.saveTask({ previewMessage: 'old' });
    await scene.store.delete(one);
    scene.pass(30 * dayMs);
    expect(await scene.store.save(one, version, fieldsOf(), scene.now)).toEqual({ kind: 'missing' });
    await scene.create();
    expect((await scene.read()).task).toEqual({});
  });
}
