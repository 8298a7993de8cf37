import { expect, test } from 'vitest';
import type { ConversationStore } from '../store.ts';
import { count, empty } from './store-entries.contract.ts';
import { hourMs, start, type StoreScene } from './store-scene.contract.ts';

/** Two stores on the same entries, as two processes have them. */
export function describeSharedEntries(scene: StoreScene): void {
  test('what one changes the other reads at once', async () => {
    const second = await scene.openAgain();
    expect(await count(scene.store, 'a')).toBe(0);
    expect(await count(second, 'a')).toBe(1);
    expect((await scene.store.readEntry('a'))?.body).toBe('2');
    await second.changeEntry('a', () => ({ next: null, result: undefined }));
    expect(await scene.store.readEntry('a')).toBeUndefined();
    expect(await count(scene.store, 'a')).toBe(0);
  });

  test('of many changes in both at once none is lost, and each sees another state', { timeout: 60_000 }, async () => {
    const stores = [scene.store, await scene.openAgain(), await scene.openAgain()];
    const changes = stores.flatMap((store) => Array.from({ length: 20 }, () => count(store, 'a')));
    const seen = await Promise.all(changes);
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, index) => index));
  });

  test('of all who take the same entry at once one has it', async () => {
    const stores = [scene.store, await scene.openAgain()];
    for (let round = 0; round < 5; round++) {
      await scene.store.changeEntry('a', () => ({ next: { ...empty, list: 'open' }, result: undefined }));
      const takes = [0, 1, 2, 3, 4, 5].map((index) =>
        (stores[index % 2] as ConversationStore).changeEntry('a', (current) => ({ next: null, result: current })),
      );
      expect((await Promise.all(takes)).filter((taken) => taken !== undefined)).toHaveLength(1);
    }
  });

  test('a sweep in both at once counts each in one of them', async () => {
    const second = await scene.openAgain();
    for (let index = 0; index < 30; index++) {
      const next = { ...empty, expiresAt: start + 1 };
      await scene.store.changeEntry(`k${index}`, () => ({ next, result: undefined }));
    }
    scene.pass(hourMs);
    const counts = await Promise.all([scene.store.sweepEntries(), second.sweepEntries()]);
    expect(counts.reduce((sum, swept) => sum + swept, 0)).toBe(30);
  });
}
