import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { killDrafts, killMoments, type KilledDraft, type PlannedKill } from '../support/github/draft-kills.ts';
import { DraftScene } from '../support/github/draft-scene.ts';
import { stepNames } from '../support/github/step-writes.ts';
import { randomFrom, seed } from '../support/random.ts';

/** After each step, at each moment; every other one tells of its checks in a comment, because its token may not make check runs. */
const kills: readonly PlannedKill[] = stepNames.flatMap((step) =>
  killMoments.map((moment, index): PlannedKill => ({ step, moment, reports: index % 2 === 0 ? 'runs' : 'comment' })),
);

describe(`a gateway that is killed while it publishes drafts (seed ${seed})`, () => {
  let scene: DraftScene;
  let killed: readonly KilledDraft[];

  beforeAll(async () => {
    scene = await DraftScene.open(kills.length);
    killed = await killDrafts(scene, kills, randomFrom(seed));
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  test.each(stepNames)('after the step %s leaves one draft pull request with the tree that git makes', (step) => {
    const drafts = killed.filter((draft) => draft.step === step);
    expect(drafts.flatMap(({ faults }) => faults)).toEqual([]);
    expect(drafts.map(({ facts }) => facts.pulls)).toEqual(killMoments.map(() => 1));
  });

  test('was killed while GitHub had done what nobody knew of, once for each step', () => {
    const held = scene.proxy.log.filter(({ fault }) => fault === 'held');
    expect(held).toHaveLength(stepNames.length);
    expect(held.map(({ status }) => status).every((status) => status === 200 || status === 201)).toBe(true);
  });
});
