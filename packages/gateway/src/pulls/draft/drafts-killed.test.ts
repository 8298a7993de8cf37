import { describe, expect, test } from 'vitest';
import { silent } from '../../../../../test/support/github/loggers.ts';
import { until } from '../../../../../test/support/until.ts';
import type { EntryStore } from '../../conversations/entry-store.ts';
import { settledMs } from './dead-owners.ts';
import { giveUpAfterMs } from './outbox.ts';
import { DraftsScene } from './testing/drafts-scene.ts';
import { all, draftOf, published } from './testing/scripted-target.ts';

const claimMs = 60_000;

describe('whatever is killed when', () => {
  /** Dies at its nth chance: nothing that it waits for comes any more. */
  class Mortal {
    readonly dead = Promise.withResolvers<void>();
    #left: number;

    constructor(chances: number) {
      this.#left = chances;
    }

    readonly live = async (): Promise<void> => {
      this.#left -= 1;
      if (this.#left >= 0) return;
      this.dead.resolve();
      await new Promise<never>(() => undefined);
    };

    store(entries: EntryStore): EntryStore {
      const around = async <Result>(call: () => Promise<Result>): Promise<Result> => {
        await this.live();
        const result = await call();
        await this.live();
        return result;
      };
      return {
        readEntry: (key) => around(() => entries.readEntry(key)),
        changeEntry: (key, change) => around(() => entries.changeEntry(key, change)),
        entriesIn: (list, limit) => around(() => entries.entriesIn(list, limit)),
        sweepEntries: (options) => around(() => entries.sweepEntries(options)),
      };
    }
  }

  test('each step takes effect once, and the draft is published', async () => {
    const draft = draftOf('x'.repeat(200_000));
    let isSurvived = false;
    let chances = 0;
    for (; !isSurvived; chances += 1) {
      const scene = new DraftsScene();
      const mortal = new Mortal(chances);
      const first = scene.gateway('a', { entries: mortal.store(scene.entries) });
      scene.target.around = mortal.live;
      const survived = first
        .request(draft)
        .then(() => first.publish('d-1'))
        .then(() => true);
      isSurvived = await Promise.race([survived, mortal.dead.promise.then(() => false)]);
      scene.target.around = async () => undefined;
      scene.clock.advance(claimMs);
      const second = scene.gateway('b');
      await second.request(draft);
      expect(await second.publish('d-1')).toEqual(published);
      expect(scene.target.done()).toEqual(all);
      expect(scene.target.published).toEqual([draft]);
      expect(await scene.entries.entriesIn('drafts', 10)).toEqual([]);
      expect(await scene.parts()).toBe(0);
    }
    expect(chances).toBeGreaterThan(50);
  });

  test('a gateway that comes back under the same name goes on before the claim is over, once nothing of it can arrive', async () => {
    const scene = new DraftsScene();
    await scene.gateway().request(draftOf());
    const { reached } = scene.holdAt('branch');
    const death = new AbortController();
    const dying = scene.gateway('a', { entries: scene.entries }).publish('d-1', { signal: death.signal });
    await reached;
    const diedAt = scene.clock.now();
    scene.target.around = async () => undefined;
    expect(await scene.pass(scene.gateway('a').publish('d-1'))).toEqual(published);
    expect(scene.clock.now() - diedAt).toBeGreaterThanOrEqual(settledMs);
    expect(scene.clock.now() - diedAt).toBeLessThan(claimMs / 2);
    death.abort(new Error('killed'));
    await expect(dying).rejects.toThrow('killed');
    expect(scene.target.done()).toEqual(all);
  });

  test('a draft that kills each gateway that takes it up is put off, and is taken up again later', async () => {
    const scene = new DraftsScene();
    await scene.gateway().request(draftOf());
    for (let death = 1; death <= 5; death += 1) {
      scene.clock.advance(claimMs);
      await killAt(scene, 'tree');
    }
    const putOff = await scene.pass(scene.gateway('a').publish('d-1'));
    expect(putOff).toMatchObject({ kind: 'open', step: 'tree', lastError: expect.stringContaining('broken off') });
    scene.clock.advance(claimMs);
    expect(await scene.gateway('a').publish('d-1')).toEqual(published);
    expect(scene.target.done()).toEqual(all);
  });

  test('a draft that has killed gateways for a day fails as soon as it is taken up, and that is told and logged once', async () => {
    const scene = new DraftsScene();
    await scene.gateway().request(draftOf());
    for (let death = 1; death <= 3; death += 1) {
      await killAt(scene, 'tree');
      scene.clock.advance(claimMs);
    }
    scene.clock.advance(giveUpAfterMs);
    const logged: (readonly [object, string])[] = [];
    const log = { ...silent, info: (fields: object, message: string) => void logged.push([fields, message]) };
    const end = { kind: 'failed', code: 'unavailable', message: expect.stringMatching(/24 hours.*broken off/) };
    const last = scene.gateway('b', { log });
    expect([await last.publish('d-1'), await last.publish('d-1')]).toEqual([end, end]);
    expect(scene.ends).toEqual([end]);
    expect(logged).toEqual([[{ draftId: 'd-1', ...end }, 'draft failed']]);
  });

  test.each([
    ['noted', false],
    ['not noted, because the store was away', true],
  ])(
    'what was called off and %s is looked for by the same gateway once it can no longer arrive',
    async (_what, isAway) => {
      const scene = new DraftsScene();
      let isDown = false;
      const drafts = scene.gateway('a', { entries: storeOf(scene.entries, () => isDown) });
      await drafts.request(draftOf());
      const { reached } = scene.holdAt('pull');
      const abort = new AbortController();
      const publishing = drafts.publish('d-1', { signal: abort.signal });
      await reached;
      isDown = isAway;
      const abortedAt = scene.clock.now();
      abort.abort(new Error('called off'));
      await expect(publishing).rejects.toThrow(isAway ? 'store down' : 'called off');
      isDown = false;
      let againAt = 0;
      scene.target.around = async () => void (againAt ||= scene.clock.now());
      expect(await scene.pass(drafts.publish('d-1'))).toEqual(published);
      expect(againAt - abortedAt).toBeGreaterThanOrEqual(settledMs);
      expect(againAt - abortedAt).toBeLessThan(claimMs / 2);
      expect(scene.target.done()).toEqual(all);
    },
  );
});

describe('the claim', () => {
  test('is renewed while a step lasts, so nobody else begins', async () => {
    const scene = new DraftsScene();
    const [a, b] = [scene.gateway('a'), scene.gateway('b')];
    await a.request(draftOf());
    const { reached, goOn } = scene.holdAt('tree');
    const publishing = a.publish('d-1');
    await reached;
    const waiting = b.publish('d-1');
    const start = scene.clock.now();
    await until('ten minutes to pass', () => {
      scene.clock.advance(15_000);
      return scene.clock.now() - start > 600_000;
    });
    expect(await b.read('d-1')).toMatchObject({ kind: 'open', step: 'tree', isRunning: true });
    goOn();
    expect(await scene.pass(Promise.all([publishing, waiting]))).toEqual([published, published]);
    expect(scene.target.done()).toEqual(all);
  });

  test('ends the send before its time is over when the store does not answer', async () => {
    const scene = new DraftsScene();
    let isDown = false;
    const a = scene.gateway('a', { entries: storeOf(scene.entries, () => isDown) });
    await a.request(draftOf());
    const { reached } = scene.holdAt('pull');
    const publishing = a.publish('d-1');
    const signal = await reached;
    isDown = true;
    const start = scene.clock.now();
    await until('the claim to be given up', () => {
      if (!signal.aborted) scene.clock.advance(1000);
      return signal.aborted;
    });
    expect(scene.clock.now() - start).toBeLessThan(claimMs);
    await expect(publishing).rejects.toThrow('store down');
    scene.target.around = async () => undefined;
    expect(await scene.pass(scene.gateway('b').publish('d-1'))).toEqual(published);
    expect(scene.target.done()).toEqual(all);
  });

  test('that ran out because the store was away for a while is taken again by whoever waits for the end', async () => {
    const scene = new DraftsScene();
    let isDown = false;
    const a = scene.gateway('a', { entries: storeOf(scene.entries, () => isDown) });
    await a.request(draftOf());
    const { reached } = scene.holdAt('pull');
    const publishing = a.publish('d-1');
    const signal = await reached;
    isDown = true;
    signal.addEventListener('abort', () => {
      isDown = false;
      scene.target.around = async () => undefined;
    });
    expect(await scene.pass(publishing)).toEqual(published);
    expect(scene.target.done()).toEqual(all);
  });
});

describe('stopping', () => {
  test('lets the step that is under way end and begins no other; whoever comes next goes on at once', async () => {
    const scene = new DraftsScene();
    const drafts = scene.gateway();
    await drafts.request(draftOf());
    const { reached, goOn } = scene.holdAt('tree');
    drafts.start();
    await reached;
    const stopped = drafts.stop();
    goOn();
    await stopped;
    expect(scene.target.done()).toEqual(['base', 'blobs', 'tree']);
    expect(await scene.gateway('b').publish('d-1')).toEqual(published);
    expect(scene.target.done()).toEqual(all);
    await drafts.stop();
  });

  test('aborts after five seconds a step that does not end', async () => {
    const scene = new DraftsScene();
    const drafts = scene.gateway();
    await drafts.request(draftOf());
    const { reached } = scene.holdAt('tree');
    const publishing = drafts.publish('d-1');
    const signal = await reached;
    const start = scene.clock.now();
    const stopped = drafts.stop();
    await until('the step to be aborted', () => {
      if (!signal.aborted) scene.clock.advance(1000);
      return signal.aborted;
    });
    expect(scene.clock.now() - start).toBe(5000);
    await stopped;
    expect(await publishing).toMatchObject({ kind: 'open', step: 'tree' });
    const abortedAt = scene.clock.now();
    let againAt = 0;
    scene.target.around = async () => void (againAt ||= scene.clock.now());
    // What was sent before it was aborted may still arrive.
    expect(await scene.pass(scene.gateway('b').publish('d-1'))).toEqual(published);
    expect(againAt - abortedAt).toBeGreaterThanOrEqual(12_000);
    expect(againAt - abortedAt).toBeLessThan(20_000);
  });
});

/** A gateway takes the draft up and is killed before this step is carried out. */
async function killAt(scene: DraftsScene, step: string): Promise<void> {
  const { reached } = scene.holdAt(step);
  const killed = new AbortController();
  const entries = storeOf(scene.entries, () => killed.signal.aborted);
  const dying = scene.gateway('a', { entries }).publish('d-1', { signal: killed.signal });
  await reached;
  killed.abort(new Error('killed'));
  await expect(dying).rejects.toThrow('store down');
  scene.target.around = async () => undefined;
}

/** Takes no change while it is down. */
function storeOf(entries: EntryStore, isDown: () => boolean): EntryStore {
  return {
    readEntry: (key) => entries.readEntry(key),
    changeEntry: (key, change) =>
      isDown() ? Promise.reject(new Error('store down')) : entries.changeEntry(key, change),
    entriesIn: (list, limit) => entries.entriesIn(list, limit),
    sweepEntries: (options) => entries.sweepEntries(options),
  };
}
