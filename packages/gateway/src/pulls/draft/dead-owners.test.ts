import { describe, expect, test } from 'vitest';
import { DraftsScene } from './testing/drafts-scene.ts';
import { draftOf } from './testing/scripted-target.ts';

/** A draft whose owner died while it was at this step; before it was sent, or while. */
async function leftAt(step: string, when: 'noted' | 'sending') {
  const scene = new DraftsScene();
  const first = scene.gateway('dead');
  await first.request(draftOf());
  const reached = Promise.withResolvers<void>();
  const never = new Promise<void>(() => undefined);
  if (when === 'sending') {
    scene.target.around = async (name) => {
      if (name === step) reached.resolve();
      await (name === step ? never : undefined);
    };
    void first.publish('d-1');
  } else {
    const { entries } = scene;
    // Its store is the last that it hears of: the claim is there and nothing was sent.
    const changeEntry: typeof entries.changeEntry = async (key, change) => {
      const result = await entries.changeEntry(key, change);
      reached.resolve();
      return (await never) ?? result;
    };
    const deaf = { ...bound(entries), changeEntry };
    void scene.gateway('dead', { entries: deaf }).publish('d-1');
  }
  await reached.promise;
  scene.target.around = async () => undefined;
  const heir = scene.gateway('heir', { isOwnerDead: (owner) => owner === 'dead' });
  return { scene, heir };
}

function bound(entries: DraftsScene['entries']) {
  return {
    readEntry: entries.readEntry.bind(entries),
    entriesIn: entries.entriesIn.bind(entries),
    sweepEntries: entries.sweepEntries.bind(entries),
  };
}

describe('a draft whose gateway is known to be dead', () => {
  test('is taken over at once when nothing of it can be on its way', async () => {
    const { scene, heir } = await leftAt('base', 'noted');
    const before = scene.clock.now();
    expect(await heir.publish('d-1')).toMatchObject({ kind: 'published' });
    expect(scene.clock.now()).toBe(before);
  });

  test('is left alone while a request of the dead one may still take effect, and taken before its claim is over', async () => {
    const { scene, heir } = await leftAt('pull', 'sending');
    const died = scene.clock.now();
    expect(await scene.pass(heir.publish('d-1'))).toMatchObject({ kind: 'published' });
    expect(scene.clock.now() - died).toBeGreaterThanOrEqual(12_000);
    expect(scene.clock.now() - died).toBeLessThan(60_000);
  });
});
