import { expect, test } from 'vitest';
import { hourMs, start, type StoreScene } from './store-scene.contract.ts';

/** Regular work: done by one of those who share the store, and no more often than it is due. */
export function describeWork(scene: StoreScene): void {
  function begin(name: string, owner: string, now: number, until = now + 1_000): Promise<boolean> {
    return scene.store.beginWork(name, { owner, now, until, everyMs: hourMs });
  }

  test('what was never done is due at once', async () => {
    expect(await begin('sweep', 'a', start)).toBe(true);
  });

  test('while one does it no other does, nor it again', async () => {
    await begin('sweep', 'a', start);
    expect(await begin('sweep', 'b', start + 1)).toBe(false);
    expect(await begin('sweep', 'a', start + 2)).toBe(false);
    expect(await begin('sweep', 'b', start + 999)).toBe(false);
  });

  test('what was begun and not ended is given away from its end on', async () => {
    await begin('sweep', 'a', start);
    expect(await begin('sweep', 'b', start + 1_000)).toBe(true);
    expect(await begin('sweep', 'a', start + 1_001)).toBe(false);
  });

  test('what was ended is due again when its time has gone by, to the millisecond', async () => {
    await begin('sweep', 'a', start);
    await scene.store.endWork('sweep', 'a', start + 500);
    expect(await begin('sweep', 'b', start + 501)).toBe(false);
    expect(await begin('sweep', 'b', start + 500 + hourMs - 1)).toBe(false);
    expect(await begin('sweep', 'b', start + 500 + hourMs)).toBe(true);
  });

  test('how often is asked for by whoever begins', async () => {
    await begin('sweep', 'a', start);
    await scene.store.endWork('sweep', 'a', start);
    const turn = { owner: 'b', now: start + 10, until: start + 20 };
    expect(await scene.store.beginWork('sweep', { ...turn, everyMs: 11 })).toBe(false);
    expect(await scene.store.beginWork('sweep', { ...turn, everyMs: 10 })).toBe(true);
  });

  test('one who is late and was replaced ends nothing', async () => {
    await begin('sweep', 'a', start);
    await begin('sweep', 'b', start + 1_000);
    await scene.store.endWork('sweep', 'a', start + 1_100);
    expect(await begin('sweep', 'c', start + 1_200)).toBe(false);
    // It is still b's, whose end counts.
    await scene.store.endWork('sweep', 'b', start + 1_300);
    expect(await begin('sweep', 'c', start + 2_500)).toBe(false);
    expect(await begin('sweep', 'c', start + 1_300 + hourMs)).toBe(true);
  });

  test('one who is late and was not replaced has done it all the same', async () => {
    await begin('sweep', 'a', start);
    await scene.store.endWork('sweep', 'a', start + 5_000);
    expect(await begin('sweep', 'b', start + 5_001)).toBe(false);
  });

  test('ending what was never begun, or twice, is nothing', async () => {
    await scene.store.endWork('sweep', 'a', start);
    expect(await begin('sweep', 'a', start + 1)).toBe(true);
    await scene.store.endWork('sweep', 'a', start + 2);
    await scene.store.endWork('sweep', 'a', start + hourMs);
    expect(await begin('sweep', 'b', start + 2 + hourMs)).toBe(true);
  });

  test('works of two names have nothing to do with each other', async () => {
    await begin('sweep', 'a', start);
    expect(await begin('backup', 'b', start)).toBe(true);
    await scene.store.endWork('sweep', 'a', start + 1);
    expect(await begin('backup', 'c', start + 2)).toBe(false);
  });

  test('of ten who begin at once one does it', async () => {
    const told = await Promise.all(Array.from({ length: 10 }, (_, index) => begin('sweep', `g${index}`, start)));
    expect(told.filter(Boolean)).toHaveLength(1);
  });

  test('it is no conversation: nobody sees it', async () => {
    await begin('sweep', 'a', start);
    expect((await scene.store.list({ limit: 10 })).conversations).toEqual([]);
    expect(await scene.store.unfinished(10)).toEqual([]);
    expect(await scene.store.cleanup({ before: start + 10 * hourMs })).toBe(0);
    expect(await begin('sweep', 'b', start + 1)).toBe(false);
  });
}
