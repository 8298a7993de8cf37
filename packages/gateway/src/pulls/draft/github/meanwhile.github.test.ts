import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { MemoryEntries } from '../../../conversations/entries.memory.ts';
import { samplePolicy } from '../../../../../../test/support/github/sample-draft.ts';
import { branchOf } from '../commit.ts';
import { GitHubScene, killAt, publish } from '../testing/github-scene.ts';

let scene: GitHubScene;

beforeAll(async () => {
  scene = await GitHubScene.start();
});

afterEach(() => scene.proxy.clear());

afterAll(() => scene[Symbol.asyncDispose]());

const one = { pulls: 1, drafts: 1, branches: 1, commits: 1, comments: 0 };

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
    await killAt(scene, drafts, draft, { method: 'GET', path: /git\/ref\// });
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
    await killAt(scene, first, draft, { method: 'POST', path: /\/pulls$/ });
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

  test('a branch that somebody moved before the pull request is opened stays where it is, and the draft has failed', async () => {
    const draft = scene.newDraft();
    const drafts = scene.gateway();
    await drafts.request(draft);
    await killAt(scene, drafts, draft, { method: 'GET', path: /git\/ref\// });
    const { baseSha } = scene.checkout;
    await scene.call('PATCH', `git/refs/heads/${branchOf(draft, samplePolicy)}`, { sha: baseSha, force: true });
    expect(await drafts.publish(draft.draftId)).toMatchObject({
      kind: 'failed',
      code: 'conflict',
      message: expect.stringContaining('moved'),
    });
    expect(await scene.facts(draft)).toMatchObject({ pulls: 0, headSha: baseSha });
  });

  test('a pull request that a person opened from our branch first is the one', async () => {
    const draft = scene.newDraft();
    const drafts = scene.gateway();
    await drafts.request(draft);
    await killAt(scene, drafts, draft, { method: 'GET', path: /git\/ref\// });
    const head = branchOf(draft, samplePolicy);
    const { number } = await scene.call<{ number: number }>('POST', 'pulls', { title: 'Mine', head, base: 'main' });
    scene.proxy.inject(
      { method: 'POST', path: /\/pulls$/ },
      { kind: 'unprocessable', message: `A pull request already exists for acme:${head}.` },
    );
    expect(await drafts.publish(draft.draftId)).toMatchObject({ kind: 'published', number });
    expect(await scene.facts(draft)).toMatchObject({ pulls: 1 });
  });

  test('a project that is given another repository half-way does not publish its draft in two places', async () => {
    const draft = scene.newDraft();
    const entries = new MemoryEntries();
    const drafts = scene.gateway({ entries });
    await drafts.request(draft);
    await killAt(scene, drafts, draft, { method: 'POST', path: /git\/commits$/ });
    expect(await scene.gateway({ entries, repo: 'elsewhere' }).publish(draft.draftId)).toMatchObject({
      kind: 'failed',
      code: 'conflict',
      message: expect.stringContaining('acme/elsewhere'),
    });
  });

  test('what is deleted and is not on the base is named', async () => {
    const draft = scene.newDraft();
    const deletions = [...draft.changeSet.deletions, 'src/never-there.ts'];
    const state = await publish(scene.gateway(), { ...draft, changeSet: { ...draft.changeSet, deletions } });
    expect(state).toMatchObject({ kind: 'failed', code: 'conflict', message: expect.stringContaining('never-there') });
  });

  test('a change set that changes nothing is said to be one', async () => {
    const { baseSha } = scene.checkout;
    const files = [{ path: 'README.md', mode: '100644', content: '# Shop\n', encoding: 'utf-8' }] as const;
    const draft = scene.newDraft({ changeSet: { baseSha, files, deletions: [] } });
    const state = await publish(scene.gateway(), draft);
    expect(state).toMatchObject({ kind: 'failed', message: expect.stringContaining('changes nothing') });
  });

  test('a base branch that moved on keeps the commit that the change set stands on as the parent', async () => {
    const { baseSha } = scene.checkout;
    const { tree } = await scene.call<{ tree: { sha: string } }>('GET', `git/commits/${baseSha}`);
    const ahead = await scene.call<{ sha: string }>('POST', 'git/commits', {
      message: 'ahead',
      tree: tree.sha,
      parents: [baseSha],
    });
    await scene.call('POST', 'git/refs', { ref: 'refs/heads/develop', sha: ahead.sha });
    const draft = scene.newDraft();
    const policy = { ...samplePolicy, base: 'develop' };
    expect(await publish(scene.gateway({ policy }), draft)).toMatchObject({ kind: 'published' });
    expect(await scene.facts(draft)).toMatchObject(one);
  });

  test('a repository that is archived takes nothing, and that is said', async () => {
    await scene.call('PATCH', '../shop', { archived: true });
    try {
      expect(await publish(scene.gateway(), scene.newDraft())).toMatchObject({
        kind: 'failed',
        code: 'forbidden',
        message: expect.stringContaining('archived'),
      });
    } finally {
      await scene.call('PATCH', '../shop', { archived: false });
    }
  });

  test('a repository that is archived half-way is to be unarchived, whatever the token may', async () => {
    const draft = scene.newDraft();
    const drafts = scene.gateway();
    await drafts.request(draft);
    await killAt(scene, drafts, draft, { method: 'POST', path: /git\/trees$/ });
    await scene.call('PATCH', '../shop', { archived: true });
    try {
      expect(await drafts.publish(draft.draftId)).toMatchObject({
        kind: 'failed',
        code: 'forbidden',
        message: expect.stringMatching(/archived.* Unarchive it, then try again\.$/),
      });
    } finally {
      await scene.call('PATCH', '../shop', { archived: false });
    }
    await drafts.retry(draft.draftId);
    expect(await drafts.publish(draft.draftId)).toMatchObject({ kind: 'published' });
    expect(await scene.facts(draft)).toMatchObject(one);
  });
});

async function deleteRef(path: string): Promise<void> {
  // It answers 204 without a body, which the caller cannot read.
  await scene.call('DELETE', path).catch((error: unknown) => {
    if (!(error instanceof SyntaxError)) throw error;
  });
}
