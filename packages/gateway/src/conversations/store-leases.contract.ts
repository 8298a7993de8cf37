import { expect, test } from 'vitest';
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

/** Leases: one owner at a time, every new one with a higher generation; and what there is to drive. */
export function describeLeases(scene: StoreScene): void {
  test('a lease that is held is refused, and names its owner', async () => {
    await scene.create();
    await scene.lease(one, 'gateway-1');
    const other = { owner: 'gateway-2', now: start + 500, until: start + 1_500 };
    expect(await scene.store.acquire(one, other)).toEqual({ kind: 'held', owner: 'gateway-1', until: start + 1_000 });
  });

  test('its owner has it again with the same generation', async () => {
    await scene.create();
    const first = await scene.lease();
    scene.pass(500);
    expect(await scene.lease()).toBe(first);
  });

  test('a lease that ran out, was released, or whose owner is named dead, is given with a higher generation', async () => {
    await scene.create();
    const first = await scene.lease(one, 'a');
    scene.pass(1_000);
    const second = await scene.lease(one, 'b');
    await scene.store.release(one, 'b', second);
    const third = await scene.lease(one, 'c');
    const fourth = await scene.lease(one, 'd', { takeFrom: 'c' });
    expect([first < second, second < third, third < fourth]).toEqual([true, true, true]);
  });

  test('a lease is not taken from somebody else than the one who was named dead', async () => {
    await scene.create();
    await scene.lease(one, 'a');
    const request = { owner: 'c', now: start + 100, until: start + 1_000, takeFrom: 'b' };
    expect(await scene.store.acquire(one, request)).toMatchObject({ kind: 'held', owner: 'a' });
  });

  test('a lease can be asked for with a generation above one that was seen elsewhere', async () => {
    await scene.create();
    expect(await scene.lease(one, 'a', { minGeneration: 40 })).toBe(40);
  });

  test('renewing moves the end of all leases of an owner', async () => {
    await scene.create();
    await scene.lease(one, 'a');
    await scene.store.renew('a', start + 9_000);
    const other = { owner: 'b', now: start + 5_000, until: start + 6_000 };
    expect(await scene.store.acquire(one, other)).toEqual({ kind: 'held', owner: 'a', until: start + 9_000 });
  });

  test('a release with an old generation changes nothing', async () => {
    await scene.create();
    const generation = await scene.lease(one, 'a');
    await scene.store.release(one, 'a', generation - 1);
    const other = { owner: 'b', now: start + 100, until: start + 1_000 };
    expect(await scene.store.acquire(one, other)).toMatchObject({ kind: 'held' });
  });

  test('the lease of a conversation that is not there is missing', async () => {
    expect(await scene.store.acquire(none, { owner: 'a', now: start, until: start + 1 })).toEqual({ kind: 'missing' });
  });

  test('of 20 who want a lease at once one gets it', async () => {
    await scene.create();
    const wanted = { now: start, until: start + 1_000 };
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => scene.store.acquire(one, { owner: `g${index}`, ...wanted })),
    );
    expect(results.filter((result) => result.kind === 'acquired')).toHaveLength(1);
  });

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
}
