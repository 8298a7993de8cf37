import { HoldfastError, type CheckResult, type CheckRun, type ConversationId } from '@holdfast/protocol';
import { describe, expect, test } from 'vitest';
import { until } from '../../../../../test/support/until.ts';
import { MemoryEntries } from '../../conversations/entries.memory.ts';
import type { EntryStore } from '../../conversations/entry-store.ts';
import { DraftsScene } from './testing/drafts-scene.ts';
import { all, draftOf, policy, published } from './testing/scripted-target.ts';

const ranCheck: CheckResult = {
  passed: false,
  verdict: 'failed',
  command: 'npm run lint',
  output: '',
  returnCode: 1,
  durationMs: 1,
  mode: 'real',
  simulated: false,
  source: null,
  problems: [],
};
const ranChecks: CheckRun = { allPassed: false, lint: ranCheck, tests: null, build: null, gates: [], message: '' };
const dayMs = 24 * 3_600_000;

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

  test.each(['', ' \t', '\u0000', '\u202e\u2069', '\u200b\ufeff'])(
    'with the title %j is refused: nothing of it is seen',
    async (title) => {
      const asked = await new DraftsScene().gateway().request({ ...draftOf(), title });
      expect(asked).toEqual({ kind: 'refused', faults: [expect.stringContaining('The title')] });
    },
  );

  test.each([8.64e15 + 1, 253_402_300_800_000, Number.NaN, -1])(
    'with the time %d is refused: no commit has it',
    async (createdAt) => {
      const asked = await new DraftsScene().gateway().request({ ...draftOf(), createdAt });
      expect(asked).toEqual({ kind: 'refused', faults: [expect.stringContaining('1970 to 9999')] });
    },
  );

  test('keeps of its checks what can be shown, however much a tool said', async () => {
    const scene = new DraftsScene();
    const problem = { file: 'a.ts', line: 1, column: null, severity: 'error', message: 'x'.repeat(10_000) } as const;
    const problems = Array.from({ length: 2000 }, () => problem);
    const gates = Array.from({ length: 20 }, () => ({
      rule: 'errors=0',
      isMet: false,
      actual: 1,
      reason: problem.message,
    }));
    const checks = {
      ...ranChecks,
      lint: { ...ranCheck, output: problem.message, problems },
      gates,
      message: problem.message,
    };
    await scene.gateway().request({ ...draftOf(), checks });
    expect(await scene.parts()).toBeLessThan(6);
    await scene.gateway().publish('d-1');
    const kept = scene.target.published[0]?.checks;
    expect(kept?.lint?.problems).toHaveLength(1000);
    expect(kept?.gates[0]?.reason).toHaveLength(2000);
  });

  test('is refused when it has more bytes in all than a store should hold', async () => {
    const asked = await new DraftsScene()
      .gateway()
      .request({ ...draftOf(), conversationId: 'x'.repeat(16_000_000) as ConversationId });
    expect(asked).toEqual({
      kind: 'refused',
      faults: [expect.stringMatching(/16000\d{3} bytes.*16000000 is the most/)],
    });
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

  test('a gateway that does not have the project leaves a draft to one that has, and counts no failure', async () => {
    const scene = new DraftsScene();
    await scene.gateway().request(draftOf());
    const before = await scene.entries.readEntry('draft/d-1');
    const other = scene.gateway('b', { projectOf: () => undefined });
    other.start();
    scene.clock.advance(3 * dayMs);
    expect(await other.publish('d-1')).toMatchObject({ kind: 'open', step: 'base', lastError: null });
    await other.stop();
    expect(await scene.entries.readEntry('draft/d-1')).toEqual(before);
    expect(await scene.gateway().publish('d-1')).toEqual(published);
  });

  test('a draft that no gateway had the project of fails when what it is to publish is no longer kept', async () => {
    const scene = new DraftsScene();
    await scene.gateway().request(draftOf());
    scene.clock.advance(30 * dayMs);
    expect(await scene.gateway('b', { projectOf: () => undefined }).publish('d-1')).toMatchObject({
      kind: 'failed',
      code: 'not_found',
      message: expect.stringContaining('shop'),
    });
  });

  test('what has ended is tidied away by any gateway, also one that does not have the project', async () => {
    const scene = new DraftsScene();
    await scene.gateway().request(draftOf());
    expect(await scene.gateway('b', { projectOf: () => undefined }).cancel('d-1')).toEqual({ kind: 'cancelled' });
    expect(await scene.parts()).toBe(0);
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
