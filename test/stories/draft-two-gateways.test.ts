import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { draftFacts, faultsOf } from '../support/github/draft-facts.ts';
import { DraftScene } from '../support/github/draft-scene.ts';
import { DraftWriter } from '../support/github/draft-writer.ts';
import type { WriterOrders } from '../support/github/draft-writer.process.ts';
import { quickClock } from '../support/github/quick-clock.ts';
import { sampleDraft, samplePolicy } from '../support/github/sample-draft.ts';
import { writeOf, type StepName } from '../support/github/step-writes.ts';

let scene: DraftScene;
let folder: string;
beforeAll(async () => {
  scene = await DraftScene.open(1);
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hf-gateways-'));
});
afterEach(async () => {
  scene.proxy.clear();
  await rm(folder, { recursive: true });
});
afterAll(() => scene[Symbol.asyncDispose]());

describe('two gateways on one draft', () => {
  test.each<StepName>(['branch', 'pull', 'labels', 'checks'])(
    'make one pull request when one is frozen before the step %s until the other has taken over and finished',
    async (step) => {
      const { number, draftId, orders } = newDraft();
      const stopAt = [{ draftId, step, phase: 'sending', when: 'after', how: 'freeze' }] as const;
      await using frozen = new DraftWriter({ ...orders, owner: 'frozen', stopAt });
      await frozen.isFrozen();
      await using other = new DraftWriter({ ...orders, owner: 'other', publish: [] });
      await other.ends(1);
      frozen.thaw();
      await frozen.settles();
      expect(await faultsIn(number)).toEqual([]);
    },
  );

  test.each([
    ['runs', /\/check-runs\?/],
    ['comment', /\/comments\?/],
  ] as const)(
    'tell of the checks once (%s) when one is frozen between looking for that and sending it',
    async (reports, lookUp) => {
      const { number, orders, repository } = newDraft();
      if (reports === 'comment') {
        scene.proxy.inject({ ...writeOf('checks', repository), from: 1, times: Infinity }, { kind: 'forbidden' });
      }
      const { promise: until, resolve: release } = Promise.withResolvers<void>();
      const looked = scene.proxy.inject({ method: 'GET', path: lookUp }, { kind: 'late', until });
      await using frozen = new DraftWriter({ ...orders, owner: 'frozen' });
      await looked.hit;
      await frozen.freeze();
      // "There is none": true when it was said, and read when it is not true any more.
      release();
      await using other = new DraftWriter({ ...orders, owner: 'other', publish: [] });
      await other.ends(1);
      frozen.thaw();
      await frozen.settles();
      expect(await faultsIn(number, reports)).toEqual([]);
    },
  );

  test('make one of each of many drafts when both are at all of them at once', async () => {
    const drafts = Array.from({ length: 8 }, () => newDraft());
    const orders = { ...newDraft().orders, publish: drafts.flatMap((draft) => draft.orders.publish) };
    await using one = new DraftWriter({ ...orders, owner: 'one' });
    await using other = new DraftWriter({ ...orders, owner: 'other' });
    await Promise.all([one.settles(), other.settles()]);
    expect((await Promise.all(drafts.map(({ number }) => faultsIn(number)))).flat()).toEqual([]);
  });
});

function newDraft() {
  const { checkout, emulate, proxy } = scene;
  const number = scene.nextNumber();
  const { projectId, repository } = scene.projectAt(0);
  const { draftId } = sampleDraft(number, checkout.baseSha);
  const orders: Omit<WriterOrders, 'owner'> = {
    url: proxy.url,
    tokens: [emulate.freshToken()],
    storePath: join(folder, 'gateway.db'),
    projects: [{ projectId, repository }],
    // A claim of a minute is over in two seconds.
    clock: quickClock(30),
    publish: [{ number, baseSha: checkout.baseSha, projectId }],
    stopAt: [],
  };
  return { number, draftId, repository, orders };
}

async function faultsIn(number: number, reports: 'runs' | 'comment' = 'runs'): Promise<readonly string[]> {
  const { checkout, emulate } = scene;
  const { draftId, changeSet } = sampleDraft(number, checkout.baseSha);
  const address = { url: emulate.url, token: emulate.freshToken(), repository: scene.projectAt(0).repository };
  const facts = await draftFacts(address, samplePolicy.branchPrefix + draftId, checkout.baseSha);
  return faultsOf(facts, await checkout.treeOf(changeSet), reports);
}
