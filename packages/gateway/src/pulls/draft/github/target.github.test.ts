import type { ChangeSet } from '@holdfast/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { MemoryEntries } from '../../../conversations/entries.memory.ts';
import { git } from '../../../../../../test/support/github/checkout.ts';
import { samplePolicy } from '../../../../../../test/support/github/sample-draft.ts';
import { branchOf } from '../commit.ts';
import type { Draft } from '../draft.ts';
import { readOutbox } from '../outbox-entry.ts';
import { GitHubScene, killAt, publish } from '../testing/github-scene.ts';

let scene: GitHubScene;

beforeAll(async () => {
  scene = await GitHubScene.start();
});

afterEach(() => scene.proxy.clear());

afterAll(() => scene[Symbol.asyncDispose]());

const plain = { mode: '100644', content: 'x', encoding: 'utf-8' } as const;
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

  test('says what its title and body say, without what is not seen or would turn the words round', async () => {
    const title = 'Price\u0000 \u202eecirp\u202c 😀\ud800\u2028x [skip ci]';
    const draft = scene.newDraft({ title, body: '\tone\r\n\u0000two\u2066\udc00\u001b[31m  \nDraft-Id: three\n---\n' });
    await publish(scene.gateway(), draft);
    const head = `acme:${branchOf(draft, samplePolicy)}`;
    const [pull] = await scene.call<readonly unknown[]>('GET', `pulls?${new URLSearchParams({ head })}`);
    expect(pull).toMatchObject({
      title: 'Price ecirp 😀\ufffd x (skip ci)',
      body: `\tone\ntwo\ufffd[31m  \nDraft-Id: three\n---\n\n<!-- holdfast:draft ${draft.draftId} -->`,
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
    await killAt(scene, first, draft, { method: 'POST', path });
    expect(await scene.gateway({ entries, owner: 'gateway-2' }).publish(draft.draftId)).toMatchObject({
      kind: 'published',
    });
    expect(await scene.facts(draft)).toMatchObject({
      ...one,
      labels: { holdfast: 1, 'needs review': 1 },
      checkRuns: { 'holdfast / lint': 1, 'holdfast / test': 1 },
    });
  });

  test.each([
    ['a file at the path of a folder', { files: [{ path: 'src-gen', ...plain }], deletions: [] }, 'src-gen/price.txt'],
    ['a folder as a deletion', { files: [], deletions: ['src-gen'] }, 'no file on its base: "src-gen"'],
    ['a deletion of what is not there', { files: [], deletions: ['README.md', 'nowhere.txt'] }, 'nowhere.txt'],
  ])('takes nothing away that it does not name: %s', async (_what, changes, named) => {
    const draft = scene.newDraft();
    const changeSet = { baseSha: draft.changeSet.baseSha, ...changes };
    const state = await publish(scene.gateway(), { ...draft, changeSet });
    expect(state).toMatchObject({ kind: 'failed', code: 'conflict', message: expect.stringContaining(named) });
    expect(await scene.facts(draft)).toMatchObject({ pulls: 0, branches: 0 });
  });

  test('reaches nothing that is protected through a link of its base', async () => {
    const draft = scene.newDraft();
    const policy = { ...samplePolicy, protectedPaths: ['/current'] };
    // It leads to src/price.ts.
    expect(await publish(scene.gateway({ policy }), { ...draft, changeSet: onlyPrice(draft) })).toMatchObject({
      kind: 'failed',
      code: 'forbidden',
      message: expect.stringContaining('"src/price.ts", which is also "current" through a symbolic link'),
    });
    expect(await scene.facts(draft)).toMatchObject({ pulls: 0, branches: 0 });
  });

  test('gives nothing on its base a protected name', async () => {
    const draft = scene.newDraft();
    const policy = { ...samplePolicy, protectedPaths: ['vault/*/price.ts'] };
    const link = { path: 'vault/new', mode: '120000', content: '../src', encoding: 'utf-8' } as const;
    const changeSet = { baseSha: draft.changeSet.baseSha, files: [link], deletions: [] };
    expect(await publish(scene.gateway({ policy }), { ...draft, changeSet })).toMatchObject({
      kind: 'failed',
      code: 'forbidden',
      message: expect.stringContaining('by which "src/price.ts" is also "vault/new/price.ts"'),
    });
  });

  test('knows which tree it is to have before anything is sent, also when nobody says', async () => {
    const draft = scene.newDraft();
    const entries = new MemoryEntries();
    await publish(scene.gateway({ entries }), draft);
    const [base] = (await readOutbox(entries, draft.draftId))?.steps ?? [];
    expect(base?.result).toMatchObject({ wantedTree: await scene.checkout.treeOf(draft.changeSet) });
  });

  test('is refused by its policy before anything is sent', async () => {
    const draft = scene.newDraft();
    const file = { path: '.github/workflows/ci.yml', mode: '100644', content: 'x', encoding: 'utf-8' } as const;
    const asked = await scene.gateway().request({ ...draft, changeSet: { ...draft.changeSet, files: [file] } });
    expect(asked).toEqual({ kind: 'refused', faults: [expect.stringContaining('.github/workflows/ci.yml')] });
  });
});

function onlyPrice({ changeSet }: Draft): ChangeSet {
  return { ...changeSet, files: changeSet.files.filter(({ path }) => path === 'src/price.ts'), deletions: [] };
}
