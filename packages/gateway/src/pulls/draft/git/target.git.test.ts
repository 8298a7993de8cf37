import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ChangedFile } from '@holdfast/protocol';
import { commitOf } from '../commit.ts';
import { commitSha } from '../git-objects.ts';
import { draftOn, GitScene, publish } from '../testing/git-scene.ts';
import { git } from '../testing/real-git.ts';
import { samplePolicy } from '../testing/sample-draft.ts';

const branch = 'holdfast/draft-1';
const signal = new AbortController().signal;

describe('a draft on a plain git remote', () => {
  const scene = new GitScene();
  beforeAll(() => vi.stubEnv('TMPDIR', scene.temporary));
  afterAll(() => {
    vi.unstubAllEnvs();
    scene[Symbol.dispose]();
  });

  test('is a branch with one commit on its base, with the tree that git makes of the same checkout', async () => {
    using own = new GitScene();
    const content = Buffer.from([0, 1, 0xff, 0xfe]);
    own.write({ 'src/a.ts': 'changed\n', 'bin/data': content, 'docs/日本 é.md': 'é\n', 'src/a b$"\'.ts': '\r\n' });
    own.link('link', 'src/a.ts');
    git(own.checkout, ['rm', '-q', 'old.txt', 'src/b/c.ts']);
    git(own.checkout, ['update-index', '--chmod=+x', 'run']);
    own.write({ 'src/b': 'a file where there was a folder\n' });
    git(own.checkout, ['config', 'core.fileMode', 'false']);
    const treeSha = own.tree();
    const text = (path: string, text_: string, mode: ChangedFile['mode'] = '100644'): ChangedFile => ({
      path,
      mode,
      content: text_,
      encoding: 'utf-8',
    });
    const files: readonly ChangedFile[] = [
      text('src/a.ts', 'changed\n'),
      { path: 'bin/data', mode: '100644', content: content.toString('base64'), encoding: 'base64' },
      text('docs/日本 é.md', 'é\n'),
      text('src/a b$"\'.ts', '\r\n'),
      text('link', 'src/a.ts', '120000'),
      text('run', '#!/bin/sh\n', '100755'),
      text('src/b', 'a file where there was a folder\n'),
    ];
    const draft = draftOn(own.tip, { files, deletions: ['old.txt', 'src/b/c.ts'], treeSha });
    const headSha = commitSha({ ...commitOf(draft, samplePolicy), tree: treeSha, parents: [own.tip] });
    expect(await publish(own.target(), draft)).toEqual({ headSha, treeSha, branch });
    expect(own.branches()).toEqual({ main: own.tip, [branch]: headSha });
    git(own.remote, ['fsck', '--strict', '--no-dangling']);
  });

  test('is one branch and one commit, however often and at once it is published', async () => {
    const draft = draftOn(scene.tip, {}, { draftId: 'again' });
    const first = await publish(scene.target(), draft);
    const others = await Promise.all([1, 2, 3].map(() => publish(scene.target(), draft)));
    for (const other of others) expect(other).toEqual(first);
    expect(scene.branches()).toMatchObject({ 'holdfast/again': first['headSha'] });
  });

  test('is made once by several who begin at the same time', async () => {
    const draft = draftOn(scene.tip, {}, { draftId: 'race' });
    const all = await Promise.all([1, 2, 3, 4].map(() => publish(scene.target(), draft)));
    expect(new Set(all.map(({ headSha }) => headSha))).toEqual(new Set([scene.branches()['holdfast/race']]));
  });

  test('is found when it is there, and is not when it is not', async () => {
    const draft = draftOn(scene.tip, {}, { draftId: 'found' });
    const [commit, made] = scene.target().stepsOf(draft, samplePolicy);
    const done = { commit: (await commit?.send({}, { signal })) ?? {} };
    expect(await made?.find?.(done, { signal })).toBeUndefined();
    const result = await made?.send(done, { signal });
    expect(await made?.find?.(done, { signal })).toEqual(result);
    expect(made?.isVisible).toBe(true);
  });

  test('may be based on any commit of the branch, however old, and with or without filters of the server', async () => {
    using own = new GitScene();
    for (let at = 0; at < 60; at += 1) own.commit(`${at}`);
    own.push('main');
    const old = await publish(own.target({ remote: `file://${own.remote}` }), draftOn(own.base));
    git(own.remote, ['config', 'uploadpack.allowFilter', 'true']);
    const again = await publish(own.target({ remote: `file://${own.remote}` }), draftOn(own.base));
    const other = await publish(
      own.target({ remote: `file://${own.remote}` }),
      draftOn(own.base, {}, { draftId: 'b' }),
    );
    expect(again).toEqual(old);
    expect(other['treeSha']).toBe(old['treeSha']);
    git(own.remote, ['fsck', '--strict', '--no-dangling']);
  });

  test('is based on the branch that is configured', async () => {
    using own = new GitScene();
    own.write({ 'release.txt': 'x' });
    const release = own.commit('release');
    own.push('release/1');
    await expect(publish(own.target(), draftOn(release))).rejects.toMatchObject({ code: 'conflict' });
    const policy = { ...samplePolicy, base: 'release/1' };
    expect(await publish(own.target(), draftOn(release), { policy })).toMatchObject({ branch });
  });

  test.each(['git~1/a', '.git\u200c/a', '.git /a'])(
    'may be based on what has names that no draft gives: %j',
    async (path) => {
      using own = new GitScene();
      const blob = git(own.checkout, ['rev-parse', 'HEAD:README.md']).trim();
      const loose = ['-c', 'core.protectNTFS=false', '-c', 'core.protectHFS=false'];
      git(own.checkout, [...loose, 'update-index', '--add', '--cacheinfo', `100644,${blob},${path}`]);
      git(own.checkout, ['commit', '-q', '-m', 'names']);
      own.push('main');
      const tip = git(own.checkout, ['rev-parse', 'HEAD']).trim();
      await publish(own.target(), draftOn(tip));
      expect(git(own.remote, ['diff', '--name-only', tip, branch])).toBe('src/new.ts\n');
    },
  );

  test('is of SHA-256 where the repository is', async () => {
    using own = new GitScene();
    const [remote, checkout] = [join(own.folder, 'new.git'), join(own.folder, 'new')];
    git(own.folder, ['init', '-q', '--bare', '-b', 'main', '--object-format=sha256', '--', remote]);
    git(own.folder, ['init', '-q', '-b', 'main', '--object-format=sha256', '--', checkout]);
    git(checkout, ['commit', '-q', '--allow-empty', '-m', 'one']);
    git(checkout, ['push', '-q', remote, 'main']);
    const tip = git(checkout, ['rev-parse', 'HEAD']).trim();
    const { headSha } = await publish(own.target({ remote }), draftOn(tip));
    expect(headSha).toMatch(/^[0-9a-f]{64}$/);
  });

  test('leaves nothing in the folder for temporary things', () => {
    expect(readdirSync(scene.temporary)).toEqual([]);
  });
});

describe('a draft that is not published', () => {
  let scene: GitScene;
  beforeAll(() => (scene = new GitScene()));
  afterAll(() => scene[Symbol.dispose]());

  test('because somebody has taken the branch: theirs stays as it is', async () => {
    using own = new GitScene();
    own.push(branch);
    const before = own.branches();
    await expect(publish(own.target(), draftOn(own.tip))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/branch holdfast\/draft-1 of .* taken by another commit .*another id/),
    });
    expect(own.branches()).toEqual(before);
  });

  test('because somebody took a branch that is a folder of it', async () => {
    using own = new GitScene();
    own.push('holdfast');
    await expect(publish(own.target(), draftOn(own.tip))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/could not push.*pulls\.branchPrefix/),
    });
    expect(Object.keys(own.branches()).sort()).toEqual(['holdfast', 'main']);
  });

  test('because its base is not in the branch', async () => {
    using own = new GitScene();
    git(own.checkout, ['checkout', '-q', '--orphan', 'elsewhere']);
    const elsewhere = own.commit('elsewhere');
    own.push('elsewhere');
    await expect(publish(own.target(), draftOn(elsewhere))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/is not in main of .*up to date/),
    });
    expect(own.branches()).not.toHaveProperty([branch]);
  });

  test.each(['0'.repeat(40), 'f'.repeat(40)])('because nobody knows its base %s', async (baseSha) => {
    await expect(publish(scene.target(), draftOn(baseSha))).rejects.toMatchObject({ code: 'conflict' });
  });

  test('because the base branch is not there', async () => {
    const policy = { ...samplePolicy, base: 'nowhere' };
    await expect(publish(scene.target(), draftOn(scene.tip), { policy })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/has no branch nowhere; correct pulls\.base/),
    });
  });

  test('because the remote is empty', async () => {
    const remote = join(scene.folder, 'empty.git');
    git(scene.folder, ['init', '-q', '--bare', '--', remote]);
    await expect(publish(scene.target({ remote }), draftOn(scene.tip))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/no default branch; name one in pulls\.base/),
    });
  });

  test('because it makes another tree than the workspace has', async () => {
    await expect(publish(scene.target(), draftOn(scene.tip, { treeSha: 'a'.repeat(40) }))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/makes the tree [0-9a-f]{40} and not a{40}/),
    });
  });

  test('because it changes nothing', async () => {
    const files = [{ path: 'NEWS.md', mode: '100644', content: 'news\n', encoding: 'utf-8' }] as const;
    await expect(publish(scene.target(), draftOn(scene.tip, { files }))).rejects.toThrow(/changes nothing/);
  });

  test.each([
    ['a file in the place of a folder', 'src', 'src/a.ts'],
    ['a file below a file', 'README.md/x', 'README.md'],
  ])('because it deletes without a word: %s', async (_what, path, lost) => {
    const files = [{ path, mode: '100644', content: 'x', encoding: 'utf-8' }] as const;
    await expect(publish(scene.target(), draftOn(scene.tip, { files }))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(`deletes "${lost}" without naming it`),
    });
  });

  test('because it deletes what is not on its base', async () => {
    await expect(publish(scene.target(), draftOn(scene.tip, { deletions: ['nowhere', 'src'] }))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('no file on its base: "nowhere", "src".'),
    });
  });

  test.each([
    ['in its place', ['vendor'], []],
    ['below it', ['vendor/a'], []],
    ['and it is named', [], ['vendor']],
  ])('because it takes a submodule away: %s', async (_what, paths, deletions) => {
    using own = new GitScene();
    git(own.checkout, ['update-index', '--add', '--cacheinfo', `160000,${own.tip},vendor`]);
    git(own.checkout, ['commit', '-q', '-m', 'vendor']);
    own.push('main');
    const tip = git(own.checkout, ['rev-parse', 'HEAD']).trim();
    const files = paths.map((path) => ({ path, mode: '100644', content: 'x', encoding: 'utf-8' }) as const);
    await expect(publish(own.target(), draftOn(tip, { files, deletions }))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('the submodule "vendor"'),
    });
  });

  test.each([
    ['with all contents here', false],
    ['with contents that have to be fetched', true],
  ])('because it reaches what is protected through links of its base, %s', async (_what, allowFilter) => {
    using own = new GitScene();
    own.write({ 'ci/ci.yml': 'on: push\n', '.github/workflows/a.yml': 'on: push\n' });
    own.link('.github/workflows/ci.yml', '../../ci/ci.yml');
    own.link('conf', '.github');
    own.link('日本', 'src');
    const tip = own.commit('links');
    own.push('main');
    git(own.remote, ['config', 'uploadpack.allowFilter', String(allowFilter)]);
    const target = own.target({ remote: `file://${own.remote}` });
    const linked = { path: 'ci/ci.yml', mode: '100644', content: 'on: never\n', encoding: 'utf-8' } as const;
    const link = { path: 'x', mode: '120000', content: 'conf/workflows', encoding: 'utf-8' } as const;
    await expect(publish(target, draftOn(tip, { files: [linked, link] }))).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringMatching(
        /"x" leads through "conf".*"ci\/ci\.yml", which is also "\.github\/workflows\/ci\.yml"/,
      ),
    });
    const given = { ...link, path: 'vault/new', content: '../src' };
    const policy = { ...samplePolicy, protectedPaths: ['vault/*/a.ts'] };
    await expect(publish(target, draftOn(tip, { files: [given] }), { policy })).rejects.toMatchObject({
      message: expect.stringContaining('by which "src/a.ts" is also "vault/new/a.ts"'),
    });
    const fine = { ...link, content: '日本/a.ts' };
    expect(await publish(target, draftOn(tip, { files: [fine] }))).toMatchObject({ branch });
  });

  test('because git does not take a path', async () => {
    const files = [{ path: '.git/config', mode: '100644', content: 'x', encoding: 'utf-8' }] as const;
    await expect(publish(scene.target(), draftOn(scene.tip, { files }))).rejects.toMatchObject({ code: 'bad_message' });
  });

  test('because a hook of the remote declines it', async () => {
    using own = new GitScene();
    await own.hook('pre-receive', 'echo "no drafts today" >&2; exit 1');
    await expect(publish(own.target(), draftOn(own.tip))).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringMatching(/no drafts today/),
    });
  });

  test('because the remote is gone', async () => {
    const target = scene.target({ remote: join(scene.folder, 'gone.git') });
    await expect(publish(target, draftOn(scene.tip))).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringMatching(/gone\.git.*Correct pulls\.remote/),
    });
  });

  test('because the remote went between two steps', async () => {
    const draft = draftOn(scene.tip, {}, { draftId: 'gone' });
    const [commit] = scene.target().stepsOf(draft, samplePolicy);
    const done = { commit: (await commit?.send({}, { signal })) ?? {} };
    const [, made] = scene.target({ remote: join(scene.folder, 'gone.git') }).stepsOf(draft, samplePolicy);
    await expect(made?.send(done, { signal })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('because the remote is a helper program: it is not run', async () => {
    const target = scene.target({ remote: `ext::touch ${scene.folder}/ran` });
    await expect(publish(target, draftOn(scene.tip))).rejects.toThrow(/transport 'ext' not allowed/);
    expect(readdirSync(scene.folder)).not.toContain('ran');
  });

  test('because it was called off before it began', async () => {
    const stop = AbortSignal.abort(new Error('called off'));
    await expect(publish(scene.target(), draftOn(scene.tip), { signal: stop })).rejects.toThrow('called off');
  });

  test('because git is not there', async () => {
    await expect(publish(scene.target({ env: { PATH: '/nowhere' } }), draftOn(scene.tip))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/git cannot be started; install it/),
    });
  });
});

describe('git', () => {
  test('does what it is told here, and nothing that a file or a variable of the machine says', async () => {
    using scene = new GitScene();
    const home = join(scene.folder, 'home');
    git(scene.folder, ['init', '-q', '--template=', '--', home]);
    const config = { 'user.name': 'Mallory', 'core.hooksPath': home, 'commit.gpgSign': 'true', 'push.gpgSign': 'true' };
    for (const [name, value] of Object.entries({ ...config, [`url.${home}.insteadOf`]: scene.remote })) {
      git(scene.folder, ['config', '--file', join(home, '.gitconfig'), name, value]);
    }
    const env = {
      PATH: process.env['PATH'],
      HOME: home,
      XDG_CONFIG_HOME: home,
      GIT_DIR: join(home, '.git'),
      GIT_AUTHOR_NAME: 'Mallory',
      GIT_TRACE: join(scene.folder, 'trace'),
    };
    const { headSha } = await publish(scene.target({ env }), draftOn(scene.tip));
    expect(scene.branches()).toMatchObject({ [branch]: headSha });
    expect(git(scene.remote, ['log', '-1', '--format=%an %cn', branch]).trim()).toBe('Holdfast Holdfast');
    expect(readdirSync(scene.folder)).not.toContain('trace');
  });
});
