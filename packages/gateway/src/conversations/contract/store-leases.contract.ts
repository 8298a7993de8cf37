import { expect, test } from 'vitest';
import { batchOf, fieldsOf, idOf, inTurn, none, one, start, two, type StoreScene } from './store-scene.contract.ts';

/** Leases: one owner at a time, every new one with a higher generation. */
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

  test('a lease is held until its last millisecond, and free from its end on', async () => {
    await scene.create();
    await scene.lease(one, 'a');
    const other = { owner: 'b', until: start + 9_000 };
    expect(await scene.store.acquire(one, { ...other, now: start + 999 })).toMatchObject({ kind: 'held' });
    expect(await scene.store.acquire(one, { ...other, now: start + 1_000 })).toMatchObject({ kind: 'acquired' });
  });

  test('whoever acquires gets the conversation as it stands, as get gives it', async () => {
    await scene.create(one, { fields: fieldsOf({ title: 'T', taskId: 't1', task: { confirmed: true } }) });
    await scene.write(await scene.lease(one, 'a'), { session: inTurn, batch: batchOf(1, 'a') });
    const result = await scene.store.acquire(one, { owner: 'b', now: start, until: start + 1, takeFrom: 'a' });
    if (result.kind !== 'acquired') throw new Error(result.kind);
    expect(result.conversation).toEqual(await scene.store.get(one));
  });

  test('its owner moves its end by acquiring again, also to sooner', async () => {
    await scene.create();
    await scene.lease(one, 'a', { until: start + 5_000 });
    await scene.lease(one, 'a', { until: start + 2_000 });
    const other = { owner: 'b', now: start + 1_500, until: start + 9_000 };
    expect(await scene.store.acquire(one, other)).toEqual({ kind: 'held', owner: 'a', until: start + 2_000 });
  });

  test('its owner has it again with the same generation though it ran out, when nobody took it', async () => {
    await scene.create();
    const first = await scene.lease(one, 'a');
    scene.pass(60_000);
    expect(await scene.lease(one, 'a')).toBe(first);
  });

  test('its owner gets a higher generation after it was released, and after another had it', async () => {
    await scene.create();
    const first = await scene.lease(one, 'a');
    await scene.store.release(one, 'a', first);
    const second = await scene.lease(one, 'a');
    expect(second).toBeGreaterThan(first);
    await scene.lease(one, 'b', { takeFrom: 'a' });
    scene.pass(1_000);
    expect(await scene.lease(one, 'a')).toBeGreaterThan(second + 1);
  });

  test('a generation that is asked for is a floor, not a wish', async () => {
    await scene.create();
    expect(await scene.lease(one, 'a', { minGeneration: 40 })).toBe(40);
    expect(await scene.lease(one, 'a', { minGeneration: 7 })).toBe(40);
    expect(await scene.lease(one, 'b', { minGeneration: 7, takeFrom: 'a' })).toBeGreaterThan(40);
  });

  test('its owner who asks for a higher generation fences what it wrote with before', async () => {
    await scene.create();
    const old = await scene.lease(one, 'a');
    const young = await scene.lease(one, 'a', { minGeneration: old + 5 });
    expect(young).toBe(old + 5);
    expect(await scene.write(old, { batch: batchOf(1, 'a') })).toBe('fenced');
    expect(await scene.write(young, { batch: batchOf(1, 'a') })).toBe('written');
  });

  test('naming a dead owner takes nothing from one who has acquired meanwhile', async () => {
    await scene.create();
    await scene.lease(one, 'dead');
    await scene.lease(one, 'b', { takeFrom: 'dead' });
    const late = { owner: 'c', now: start, until: start + 1_000, takeFrom: 'dead' };
    expect(await scene.store.acquire(one, late)).toMatchObject({ kind: 'held', owner: 'b' });
  });

  test('of ten who take it from the same dead owner at once one gets it', async () => {
    await scene.create();
    await scene.lease(one, 'dead');
    const request = { now: start, until: start + 1_000, takeFrom: 'dead' };
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, index) => scene.store.acquire(one, { owner: `g${index}`, ...request })),
    );
    expect(results.filter(({ kind }) => kind === 'acquired')).toHaveLength(1);
  });

  test('renewing moves all of an owner and none of others', async () => {
    for (const id of ['a1', 'a2', 'b1']) await scene.create(idOf(id));
    await scene.lease(idOf('a1'), 'a');
    await scene.lease(idOf('a2'), 'a', { until: start + 500 });
    await scene.lease(idOf('b1'), 'b');
    await scene.store.renew('a', start + 20_000);
    const untilOf = async (id: string): Promise<unknown> => {
      const result = await scene.store.acquire(idOf(id), { owner: 'c', now: start + 1, until: start + 2 });
      return result.kind === 'held' ? result.until : result.kind;
    };
    expect(await Promise.all(['a1', 'a2', 'b1'].map(untilOf))).toEqual([start + 20_000, start + 20_000, start + 1_000]);
  });

  test('renewing brings back neither a lease that was taken nor one that was released', async () => {
    await scene.create(one);
    await scene.create(two);
    await scene.lease(one, 'a');
    await scene.lease(one, 'b', { takeFrom: 'a' });
    await scene.store.release(two, 'a', await scene.lease(two, 'a'));
    await scene.store.renew('a', start + 20_000);
    const other = { owner: 'c', now: start + 1_000, until: start + 2_000 };
    expect(await scene.store.acquire(one, other)).toMatchObject({ kind: 'acquired' });
    expect(await scene.store.acquire(two, other)).toMatchObject({ kind: 'acquired' });
  });

  test('renewing by one who has none is nothing', async () => {
    await scene.create();
    await expect(scene.store.renew('nobody', start + 1)).resolves.toBeUndefined();
  });

  test('a release by another, or of what is not there, changes nothing', async () => {
    await scene.create();
    const generation = await scene.lease(one, 'a');
    await scene.store.release(one, 'b', generation);
    await scene.store.release(none, 'a', generation);
    const other = { owner: 'b', now: start, until: start + 1_000 };
    expect(await scene.store.acquire(one, other)).toMatchObject({ kind: 'held', owner: 'a' });
  });

  test('a release twice is a release once: it does not touch the next owner', async () => {
    await scene.create();
    const generation = await scene.lease(one, 'a');
    await scene.store.release(one, 'a', generation);
    await scene.lease(one, 'b');
    await scene.store.release(one, 'a', generation);
    const other = { owner: 'c', now: start, until: start + 1_000 };
    expect(await scene.store.acquire(one, other)).toMatchObject({ kind: 'held', owner: 'b' });
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
}
