import { HoldfastError } from '@holdfast/protocol';
import { describe, expect, test } from 'vitest';
import { until } from '../../../../../test/support/until.ts';
import { MemoryEntries } from '../../conversations/entries.memory.ts';
import type { EntryStore } from '../../conversations/entry-store.ts';
import { DraftsScene } from './testing/drafts-scene.ts';
import { draftOf, policy } from './testing/scripted-target.ts';

const all = ['base', 'blobs', 'tree', 'commit', 'branch', 'pull'];
const claimMs = 60_000;
const dayMs = 24 * 3_600_000;

const published = {
  kind: 'published',
  url: 'https://github.test/pull/7',
  number: 7,
  headSha: 'h',
  treeSha: 't',
  branch: 'holdfast/d-1',
};

describe('a draft that is asked for', () => {
  test('is published once, told of once, remembered for 90 days, and its parts are gone', async () => {
    const scene = new DraftsScene();
    const drafts = scene.gateway();
    const draft = draftOf('🙂'.repeat(200_000));
    expect(await drafts.request(draft)).toMatchObject({ kind: 'accepted', state: { kind: 'open', step: 'base' } });
    expect(await scene.parts()).toBe(5);
    expect(await drafts.publish('d-1')).toEqual(published);
    expect(scene.target.published).toEqual([draft]);
    expect(scene.target.done()).toEqual(all);
    expect(scene.ends).toEqual([published]);
    expect(await scene.parts()).toBe(0);
    expect(await scene.entries.entriesIn('drafts', 10)).toEqual([]);
    expect(await drafts.request(draftOf('other'))).toEqual({ kind: 'known', state: published });
    expect(await drafts.publish('d-1')).toEqual(published);
    scene.clock.advance(90 * dayMs - 1);
    expect(await drafts.read('d-1')).toEqual(published);
    scene.clock.advance(1);
    expect(await drafts.read('d-1')).toBeUndefined();
  });

  test('twice at once through two gateways, with other content, is the one that was first', async () => {
    const scene = new DraftsScene();
    const [a, b] = [scene.gateway('a'), scene.gateway('b')];
    const asked = await Promise.all([a.request(draftOf('first')), b.request(draftOf('second'))]);
    expect(asked.map(({ kind }) => kind).toSorted()).toEqual(['accepted', 'known']);
    const first = asked[0]?.kind === 'accepted' ? 'first' : 'second';
    const states = await scene.pass(Promise.all([a.publish('d-1'), b.publish('d-1'), a.publish('d-1')]));
    expect(states).toEqual([published, published, published]);
    expect(scene.target.published).toEqual([draftOf(first)]);
    expect(scene.target.done()).toEqual(all);
    expect(await scene.entries.sweepEntries()).toBe(0);
    scene.clock.advance(91 * dayMs);
    // The entry itself, and nothing of whoever was second.
    expect(await scene.entries.sweepEntries()).toBe(1);
  });

  test('twice at once, and failed before the second was noted, can be tried again', async () => {
    const scene = new DraftsScene();
    scene.target.around = async (step) => {
      if (step === 'tree') throw new HoldfastError('conflict', 'Not now.');
    };
    const a = scene.gateway('a');
    class LateEntries extends MemoryEntries {
      override readEntry = async () => void (await a.request(draftOf()).then(() => a.publish('d-1')));
      override changeEntry: EntryStore['changeEntry'] = (key, change) => scene.entries.changeEntry(key, change);
    }
    expect(await scene.gateway('b', { entries: new LateEntries() }).request(draftOf())).toMatchObject({
      kind: 'known',
      state: { kind: 'failed', message: 'Not now.' },
    });
    scene.target.around = async () => undefined;
    await a.retry('d-1');
    expect(await a.publish('d-1')).toEqual(published);
  });

  test('is refused with everything that is wrong with it, and nothing is kept', async () => {
    const scene = new DraftsScene();
    const draft = { ...draftOf(), draftId: 'a/b', title: 'two\nlines', body: 'x'.repeat(60_001), createdAt: 0.5 };
    const asked = await scene.gateway().request({ ...draft, changeSet: { ...draft.changeSet, files: [] } });
    expect(asked).toMatchObject({ kind: 'refused', faults: expect.any(Array) });
    expect(asked.kind === 'refused' ? asked.faults : []).toHaveLength(5);
    expect(await scene.entries.entriesIn('drafts', 10)).toEqual([]);
  });

  test('for a project without a repository, and one that is unknown, is said by name', async () => {
    const scene = new DraftsScene();
    await expect(scene.gateway('a', { projectOf: () => undefined }).request(draftOf())).rejects.toThrow(/shop.*repo/);
    for (const ask of ['publish', 'cancel', 'retry'] as const) {
      await expect(scene.gateway()[ask]('d-9')).rejects.toMatchObject({ code: 'not_found' });
    }
  });

  test('is held to the policy under which it was accepted', async () => {
    const scene = new DraftsScene();
    await scene.gateway().request(draftOf());
    const later = scene.gateway('a', {
      projectOf: () => ({ target: scene.target, policy: { ...policy, labels: ['new'] } }),
    });
    expect(await later.publish('d-1')).toEqual(published);
    expect(scene.target.policies.at(-1)).toEqual(policy);
  });

  test('is known, and not refused, when the policy or what is sent under its id would not pass any more', async () => {
    const scene = new DraftsScene();
    await scene.gateway().request(draftOf());
    const strict = { ...policy, protectedPaths: ['hello.txt'] };
    const later = scene.gateway('a', { projectOf: () => ({ target: scene.target, policy: strict }) });
    expect(await later.request({ ...draftOf(), title: '' })).toMatchObject({ kind: 'known', state: { kind: 'open' } });
    expect(await later.request(draftOf('hello\n', 'd-2'))).toMatchObject({ kind: 'refused' });
  });
});

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

  test('a gateway that comes back under the same name goes on at once', async () => {
    const scene = new DraftsScene();
    await scene.gateway().request(draftOf());
    const { reached } = scene.holdAt('branch');
    const death = new AbortController();
    const dying = scene.gateway('a', { entries: scene.entries }).publish('d-1', { signal: death.signal });
    await reached;
    scene.target.around = async () => undefined;
    expect(await scene.gateway('a').publish('d-1')).toEqual(published);
    death.abort(new Error('killed'));
    await expect(dying).rejects.toThrow('killed');
    expect(scene.target.done()).toEqual(all);
  });
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
    const entries: EntryStore = {
      readEntry: (key) => scene.entries.readEntry(key),
      changeEntry: (key, change) =>
        isDown ? Promise.reject(new Error('store down')) : scene.entries.changeEntry(key, change),
      entriesIn: (list, limit) => scene.entries.entriesIn(list, limit),
      sweepEntries: (options) => scene.entries.sweepEntries(options),
    };
    const a = scene.gateway('a', { entries });
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
});

describe('a step that goes wrong', () => {
  test('for now is tried again later, by itself', async () => {
    const scene = new DraftsScene();
    const drafts = scene.gateway();
    await drafts.request(draftOf());
    let isBad = true;
    scene.target.around = async (step) => {
      if (isBad && step === 'commit') throw new Error('bad gateway');
    };
    expect(await drafts.publish('d-1')).toMatchObject({
      kind: 'open',
      step: 'commit',
      lastError: 'bad gateway',
      nextAttemptAt: scene.clock.now() + 15_000,
    });
    expect(await drafts.publish('d-1')).toMatchObject({ kind: 'open', lastError: 'bad gateway' });
    isBad = false;
    drafts.start();
    await scene.pass(until('the draft to be published', async () => (await drafts.read('d-1'))?.kind === 'published'));
    await drafts.stop();
    expect(scene.target.done()).toEqual(all);
    expect(scene.ends).toEqual([published]);
  });

  test('for good is the end, with what to do; after that it can be tried again', async () => {
    const scene = new DraftsScene();
    const drafts = scene.gateway();
    await drafts.request(draftOf());
    scene.target.around = async (step) => {
      if (step === 'pull') throw new HoldfastError('forbidden', 'Give the token more permissions.');
    };
    const failed = { kind: 'failed', code: 'forbidden', message: 'Give the token more permissions.' };
    expect(await drafts.publish('d-1')).toEqual(failed);
    expect(await drafts.publish('d-1')).toEqual(failed);
    scene.target.around = async () => undefined;
    expect(await drafts.retry('d-1')).toMatchObject({ kind: 'open', step: 'branch' });
    expect(await drafts.publish('d-1')).toEqual(published);
    expect(scene.target.done()).toEqual(all);
    expect(scene.ends).toEqual([failed, published]);
  });

  test('for long does not keep others that come meanwhile', async () => {
    const scene = new DraftsScene();
    const drafts = scene.gateway();
    await drafts.request(draftOf('slow', 'd-slow'));
    const slow = scene.holdAt('tree');
    drafts.start();
    await slow.reached;
    scene.target.around = async () => undefined;
    await drafts.request(draftOf());
    await scene.pass(until('the other to be published', async () => (await drafts.read('d-1'))?.kind === 'published'));
    expect(await drafts.read('d-slow')).toMatchObject({ kind: 'open', step: 'tree', isRunning: true });
    slow.goOn();
    await drafts.stop();
  });

  test('because the project is not configured here waits for a gateway that knows it', async () => {
    const scene = new DraftsScene();
    await scene.gateway().request(draftOf());
    const state = await scene.gateway('b', { projectOf: () => undefined }).publish('d-1');
    expect(state).toMatchObject({ kind: 'open', lastError: expect.stringContaining('shop') });
    await scene.gateway().retry('d-1');
    expect(await scene.gateway().publish('d-1')).toEqual(published);
  });

  test('after the end, in whoever is told of it, is told again', async () => {
    const scene = new DraftsScene();
    let told = 0;
    const drafts = scene.gateway('a', {
      onFinished: () => {
        told += 1;
        if (told === 1) throw new Error('nobody there');
      },
    });
    await drafts.request(draftOf());
    expect(await drafts.publish('d-1')).toEqual(published);
    drafts.start();
    await scene.pass(
      until('it to be tidied away', async () => (await scene.entries.entriesIn('drafts', 1)).length === 0),
    );
    await drafts.stop();
    expect(told).toBe(2);
    expect(scene.target.done()).toEqual(all);
  });
});

describe('taking a draft back', () => {
  test('works until its branch is about to be made, also while it is under way', async () => {
    const scene = new DraftsScene();
    const drafts = scene.gateway();
    await drafts.request(draftOf());
    const { reached, goOn } = scene.holdAt('commit');
    const publishing = drafts.publish('d-1');
    await reached;
    expect(await scene.gateway('b').cancel('d-1')).toEqual({ kind: 'cancelled' });
    goOn();
    expect(await publishing).toEqual({ kind: 'cancelled' });
    expect(scene.target.done()).toEqual(['base', 'blobs', 'tree', 'commit']);
    expect(await scene.parts()).toBe(0);
    expect(await drafts.request(draftOf())).toEqual({ kind: 'known', state: { kind: 'cancelled' } });
    expect(await drafts.cancel('d-1')).toEqual({ kind: 'cancelled' });
  });

  test('comes too late after that, and says how it stands', async () => {
    const scene = new DraftsScene();
    const drafts = scene.gateway();
    await drafts.request(draftOf());
    const { reached, goOn } = scene.holdAt('branch');
    const publishing = drafts.publish('d-1');
    await reached;
    expect(await drafts.cancel('d-1')).toMatchObject({ kind: 'too_late', state: { kind: 'open', step: 'branch' } });
    goOn();
    expect(await publishing).toEqual(published);
    expect(await drafts.cancel('d-1')).toEqual({ kind: 'too_late', state: published });
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
