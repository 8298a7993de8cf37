import { expect, test } from 'vitest';
import { newSessionState } from '../conversation.ts';
import {
  abortOf,
  batchOf,
  idOf,
  inTurn,
  messageId,
  none,
  one,
  start,
  type StoreScene,
} from './store-scene.contract.ts';

/** What there is to drive, and how far it has come: for gateways that start or share the store with others. */
export function describeUnfinished(scene: StoreScene): void {
  test('unfinished are those with a turn or an open command, and no others', async () => {
    for (const id of ['idle', 'asked', 'turn', 'done']) await scene.create(idOf(id));
    for (const id of ['asked', 'done']) await scene.store.addCommand(idOf(id), abortOf('a'));
    for (const [id, rest] of [
      ['turn', { session: inTurn }],
      ['done', { commands: [{ id: messageId('a'), state: 'done' as const }] }],
    ] as const) {
      await scene.write(await scene.lease(idOf(id)), { conversationId: idOf(id), ...rest });
    }
    const unfinished = await scene.store.unfinished(10);
    expect(unfinished.map(({ id }) => id).toSorted()).toEqual(['asked', 'turn']);
    expect(unfinished.find(({ id }) => id === 'turn')?.owner).toBe('gateway-1');
    expect(await scene.store.unfinished(1)).toHaveLength(1);
  });

  test('heads tell newest numbers and new commands of those that are there', async () => {
    await scene.create();
    await scene.write(await scene.lease(), { batch: batchOf(1, 'a', 'b') });
    expect([...(await scene.store.heads([one, none]))]).toEqual([[one, { lastSeq: 2, hasNewCommands: false }]]);
    await scene.store.addCommand(one, abortOf('a'));
    expect((await scene.store.heads([one])).get(one)?.hasNewCommands).toBe(true);
  });

  test('unfinished ones come oldest activity first, so many as are asked for', async () => {
    for (const [index, id] of ['c', 'a', 'd', 'b'].entries()) {
      await scene.create(idOf(id), { at: start + index });
      await scene.store.addCommand(idOf(id), abortOf('p1'));
    }
    await scene.write(await scene.lease(idOf('c')), { conversationId: idOf('c'), status: 'waiting', at: start + 9 });
    const idsOf = async (limit: number): Promise<readonly string[]> =>
      (await scene.store.unfinished(limit)).map(({ id }) => id);
    expect(await idsOf(10)).toEqual(['a', 'd', 'b', 'c']);
    expect(await idsOf(3)).toEqual(['a', 'd', 'b']);
  });

  test('an unfinished one tells its lease: held, run out, released, never given', async () => {
    for (const id of ['held', 'out', 'released', 'never']) {
      await scene.create(idOf(id));
      await scene.store.addCommand(idOf(id), abortOf('p1'));
    }
    await scene.lease(idOf('held'), 'a', { until: start + 9_000 });
    await scene.lease(idOf('out'), 'b', { until: start + 10 });
    await scene.store.release(idOf('released'), 'c', await scene.lease(idOf('released'), 'c'));
    scene.pass(5_000);
    const found = await scene.store.unfinished(10);
    const byId = new Map(found.map((row) => [row.id as string, row]));
    expect(byId.get('held')).toEqual({ id: 'held', owner: 'a', until: start + 9_000 });
    expect(byId.get('out')).toEqual({ id: 'out', owner: 'b', until: start + 10 });
    expect(byId.get('released')?.owner).toBeNull();
    expect(byId.get('never')?.owner).toBeNull();
  });

  test('one with turn and commands is unfinished once, until both are through', async () => {
    await scene.create();
    const generation = await scene.lease();
    for (const id of ['p1', 'p2']) await scene.store.addCommand(one, abortOf(id));
    await scene.write(generation, { session: inTurn });
    expect(await scene.store.unfinished(10)).toHaveLength(1);
    const commands = ['p1', 'p2'].map((id) => ({ id: messageId(id), state: 'done' as const }));
    await scene.write(generation, { commands });
    expect(await scene.store.unfinished(10)).toHaveLength(1);
    await scene.write(generation, { session: newSessionState });
    expect(await scene.store.unfinished(10)).toEqual([]);
  });

  test('heads follow every write, durable or not, and tell new commands from those looked at', async () => {
    await scene.create();
    const generation = await scene.lease();
    const head = async (): Promise<unknown> => (await scene.store.heads([one])).get(one);
    expect(await head()).toEqual({ lastSeq: 0, hasNewCommands: false });
    await scene.write(generation, { batch: batchOf(1, 'a', 'b', 'c'), durable: false, runnerOffset: 3 });
    await scene.store.addCommand(one, abortOf('p1'));
    expect(await head()).toEqual({ lastSeq: 3, hasNewCommands: true });
    await scene.write(generation, { batch: batchOf(4, 'd'), commands: [{ id: messageId('p1'), state: 'logged' }] });
    expect(await head()).toEqual({ lastSeq: 4, hasNewCommands: false });
  });

  test('heads of none are none; of many, also named twice, each', { timeout: 60_000 }, async () => {
    const ids = Array.from({ length: 30 }, (_, index) => idOf(`c${index}`));
    for (const id of ids) await scene.create(id);
    expect((await scene.store.heads([])).size).toBe(0);
    const asked = [...ids, ...ids, ...Array.from({ length: 90 }, (_, index) => idOf(`none${index}`))];
    expect([...(await scene.store.heads(asked)).keys()].toSorted()).toEqual(ids.toSorted());
  });
}
