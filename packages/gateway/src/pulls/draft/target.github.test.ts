import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { MemoryEntries } from '../../conversations/entries.memory.ts';
import { git } from '../../../../../test/support/github/checkout.ts';
import type { FaultRule } from '../../../../../test/support/github/fault.ts';
import { samplePolicy } from '../../../../../test/support/github/sample-draft.ts';
import { branchOf } from './commit.ts';
import type { Draft } from './draft.ts';
import type { Drafts } from './drafts.ts';
import type { DraftState } from './draft-state.ts';
import { GitHubScene } from './testing/github-scene.ts';

let scene: GitHubScene;

beforeAll(async () => {
  scene = await GitHubScene.start();
});

afterEach(() => scene.proxy.clear());

afterAll(() => scene[Symbol.asyncDispose]());

async function publish(drafts: Drafts, draft: Draft): Promise<DraftState> {
  expect(await drafts.request(draft)).toMatchObject({ kind: 'accepted' });
  return drafts.publish(draft.draftId);
}

const one = { pulls: 1, drafts: 1, branches: 1, commits: 1, comments: 0 };

describe('a draft on GitHub', () => {
  test('is one draft pull request on a branch of its own, with the tree that git makes, labels and check runs', async () => {
    const draft = scene.newDraft();
    const treeSha = await scene.checkout.treeOf(draft.changeSet);
    const state = await publish(scene.gateway(), { ...draft, changeSet: { ...draft.changeSet, treeSha } });
    const facts = await scene.facts(draft);
    expect(facts).toMatchObject({ ...one, treeSha });
    expect(facts.labels).toEqual({ holdfast: 1, 'needs review': 1 });
    expect(facts.checkRuns).toEqual({ 'holdfast / lint': 1, 'holdfast / test': 1 });
    expect(state).toMatchObject({
      kind: 'published',
      headSha: facts.headSha,
      treeSha,
      branch: branchOf(draft, samplePolicy),
      number: expect.any(Number),
      url: expect.stringContaining('/acme/shop/pull/'),
    });
  });

  test('has the tree that git makes where files and folders take the place of each other', async () => {
    const { folder, baseSha } = scene.checkout;
    const changeSet = {
      baseSha,
      files: [
        { path: 'src-gen', mode: '100644', content: '# Shop\n', encoding: 'utf-8' },
        { path: 'README.md/index.md', mode: '100644', content: '# Shop\n', encoding: 'utf-8' },
      ],
      deletions: ['src-gen/price.txt', 'README.md'],
    } as const;
    const blob = await git(folder, 'rev-parse', `${baseSha}:README.md`);
    await git(folder, 'read-tree', baseSha);
    await git(folder, 'update-index', '--force-remove', ...changeSet.deletions);
    for (const { path } of changeSet.files) {
      await git(folder, 'update-index', '--add', '--cacheinfo', `100644,${blob},${path}`);
    }
    const treeSha = await git(folder, 'write-tree');
    const draft = scene.newDraft({ changeSet: { ...changeSet, treeSha } });
    expect(await publish(scene.gateway(), draft)).toMatchObject({ kind: 'published', treeSha });
  });

  test('is one when two gateways are at it at the same time', async () => {
    const entries = new MemoryEntries();
    const gateways = [scene.gateway({ entries }), scene.gateway({ entries, owner: 'gateway-2' })];
    const draft = scene.newDraft();
    const states = await Promise.all(
      gateways.map(async (gateway) => {
        await gateway.request(draft);
        return gateway.publish(draft.draftId);
      }),
    );
    expect(states[0]).toMatchObject({ kind: 'published' });
    expect(states[1]).toEqual(states[0]);
    expect(await scene.facts(draft)).toMatchObject({
      ...one,
      checkRuns: { 'holdfast / lint': 1, 'holdfast / test': 1 },
    });
  });

  const writes = [
    ['the upload of a file', /git\/blobs$/],
    ['the tree', /git\/trees$/],
    ['the commit', /git\/commits$/],
    ['the branch', /git\/refs$/],
    ['the pull request', /\/pulls$/],
    ['the labels', /\/labels$/],
    ['a check run', /\/check-runs$/],
  ] as const;

  test.each(writes)('is one when the answer to %s is lost after it took effect', async (_what, path) => {
    const draft = scene.newDraft();
    scene.proxy.inject({ method: 'POST', path }, { kind: 'cut', when: 'after' });
    expect(await publish(scene.gateway(), draft)).toMatchObject({ kind: 'published' });
    expect(await scene.facts(draft)).toMatchObject({
      ...one,
      labels: { holdfast: 1, 'needs review': 1 },
      checkRuns: { 'holdfast / lint': 1, 'holdfast / test': 1 },
    });
  });

  test.each(writes)('is one when the process dies while %s is on its way, and another goes on', async (_what, path) => {
    const draft = scene.newDraft();
    const entries = new MemoryEntries();
    const first = scene.gateway({ entries });
    await first.request(draft);
    await killAt(first, draft, { method: 'POST', path });
    expect(await scene.gateway({ entries, owner: 'gateway-2' }).publish(draft.draftId)).toMatchObject({
      kind: 'published',
    });
    expect(await scene.facts(draft)).toMatchObject({
      ...one,
      labels: { holdfast: 1, 'needs review': 1 },
      checkRuns: { 'holdfast / lint': 1, 'holdfast / test': 1 },
    });
  });

  test('is refused by its policy before anything is sent', async () => {
    const draft = scene.newDraft();
    const file = { path: '.github/workflows/ci.yml', mode: '100644', content: 'x', encoding: 'utf-8' } as const;
    const asked = await scene.gateway().request({ ...draft, changeSet: { ...draft.changeSet, files: [file] } });
    expect(asked).toEqual({ kind: 'refused', faults: [expect.stringContaining('.github/workflows/ci.yml')] });
  });
});

describe('what people and GitHub do meanwhile', () => {
  test('a branch of that name which is not ours is never moved, and once it is gone the draft can be tried again', async () => {
    const draft = scene.newDraft();
    const branch = branchOf(draft, samplePolicy);
    await scene.call('POST', 'git/refs', { ref: `refs/heads/${branch}`, sha: scene.checkout.baseSha });
    const drafts = scene.gateway();
    expect(await publish(drafts, draft)).toMatchObject({
      kind: 'failed',
      code: 'conflict',
      message: expect.stringContaining(branch),
    });
    expect(await scene.facts(draft)).toMatchObject({ pulls: 0, headSha: scene.checkout.baseSha });
    await deleteRef(`git/refs/heads/${branch}`);
    expect(await drafts.retry(draft.draftId)).toMatchObject({ kind: 'open' });
    expect(await drafts.publish(draft.draftId)).toMatchObject({ kind: 'published' });
    expect(await scene.facts(draft)).toMatchObject(one);
  });

  test('a branch that is deleted before the pull request is opened ends in a failure, and another try makes both', async () => {
    const draft = scene.newDraft();
    const drafts = scene.gateway();
    await drafts.request(draft);
    await killAt(drafts, draft, { method: 'GET', path: /git\/ref\// });
    await deleteRef(`git/refs/heads/${branchOf(draft, samplePolicy)}`);
    expect(await drafts.publish(draft.draftId)).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('deleted'),
    });
    expect(await scene.facts(draft)).toMatchObject({ pulls: 0, branches: 0 });
    await drafts.retry(draft.draftId);
    expect(await drafts.publish(draft.draftId)).toMatchObject({ kind: 'published' });
    expect(await scene.facts(draft)).toMatchObject(one);
  });

  test('a pull request that a person closed before we heard of it is ours all the same', async () => {
    const draft = scene.newDraft();
    const entries = new MemoryEntries();
    const first = scene.gateway({ entries });
    await first.request(draft);
    await killAt(first, draft, { method: 'POST', path: /\/pulls$/ });
    const pulls = await scene.call<readonly { number: number }[]>(
      'GET',
      `pulls?state=all&head=acme:${branchOf(draft, samplePolicy)}`,
    );
    await scene.call('PATCH', `pulls/${pulls[0]?.number}`, { state: 'closed' });
    expect(await scene.gateway({ entries }).publish(draft.draftId)).toMatchObject({
      kind: 'published',
      number: pulls[0]?.number,
    });
    expect(await scene.facts(draft)).toMatchObject(one);
  });

  test('a refusal of drafts is the end: nothing but a draft is ever opened', async () => {
    const draft = scene.newDraft();
    scene.proxy.inject(
      { method: 'POST', path: /\/pulls$/ },
      { kind: 'unprocessable', message: 'Draft pull requests are not supported in this repository.' },
    );
    expect(await publish(scene.gateway(), draft)).toMatchObject({
      kind: 'failed',
      code: 'forbidden',
      message: expect.stringContaining('does not support draft pull requests'),
    });
    expect(await scene.facts(draft)).toMatchObject({ pulls: 0, branches: 1 });
  });

  test('a commit that is not on the base branch is a conflict that says what to do', async () => {
    const commit = await scene.call<{ sha: string }>('POST', 'git/commits', {
      message: 'elsewhere',
      tree: await scene.checkout.treeOf({ baseSha: scene.checkout.baseSha, files: [], deletions: [] }),
      parents: [scene.checkout.baseSha],
    });
    for (const baseSha of [commit.sha, '1'.repeat(40)]) {
      const draft = scene.newDraft();
      const state = await publish(scene.gateway(), { ...draft, changeSet: { ...draft.changeSet, baseSha } });
      expect(state).toMatchObject({ kind: 'failed', code: 'conflict', message: expect.stringContaining('Rebase') });
      expect(await scene.facts(draft)).toMatchObject({ pulls: 0, branches: 0 });
    }
  });

  test('another tree than git makes is a conflict, before anybody sees anything', async () => {
    const draft = scene.newDraft();
    const treeSha = '2'.repeat(40);
    const state = await publish(scene.gateway(), { ...draft, changeSet: { ...draft.changeSet, treeSha } });
    expect(state).toMatchObject({ kind: 'failed', code: 'conflict', message: expect.stringContaining(treeSha) });
    expect(await scene.facts(draft)).toMatchObject({ pulls: 0, branches: 0 });
  });

  test('a repository that is not there, and a branch that is not, are failures that name them', async () => {
    expect(await publish(scene.gateway({ repo: 'gone' }), scene.newDraft())).toMatchObject({
      kind: 'failed',
      code: 'not_found',
      message: expect.stringContaining('acme/gone'),
    });
    const policy = { ...samplePolicy, base: 'release/9' };
    expect(await publish(scene.gateway({ policy }), scene.newDraft())).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('release/9'),
    });
  });
});

/** Ends a publication while GitHub has carried such a request out and its answer has not come. */
async function killAt(drafts: Drafts, draft: Draft, rule: FaultRule): Promise<void> {
  const death = new AbortController();
  const held = scene.proxy.hold(rule);
  const dying = drafts.publish(draft.draftId, { signal: death.signal });
  // It ends by itself only when something is wrong, and then this does not wait.
  await Promise.race([held, dying]);
  death.abort(new Error('killed'));
  await expect(dying).rejects.toThrow('killed');
}

async function deleteRef(path: string): Promise<void> {
  // It answers 204 without a body, which the caller cannot read.
  await scene.call('DELETE', path).catch((error: unknown) => {
    if (!(error instanceof SyntaxError)) throw error;
  });
}
