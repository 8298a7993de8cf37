import { expect, test } from 'vitest';
import { one, type StoreScene } from './store-scene.contract.ts';

/** What an operator sees to: cleaning up, regular work, whether it is healthy, and how it ends. */
export function describeUpkeep(scene: StoreScene): void {
  test('its own check passes', async () => {
    await expect(scene.store.check()).resolves.toBeUndefined();
  });

  test('after close every verb rejects as unavailable, and close may come twice', async () => {
    await scene.create();
    await scene.store.close();
    await scene.store.close();
    const unavailable = expect.objectContaining({ code: 'unavailable' });
    await expect(scene.store.get(one)).rejects.toEqual(unavailable);
    await expect(scene.write(1)).rejects.toEqual(unavailable);
    await expect(scene.store.check()).rejects.toEqual(unavailable);
    await expect(scene.store.readLog(one, 0, 1)).rejects.toEqual(unavailable);
  });
}
