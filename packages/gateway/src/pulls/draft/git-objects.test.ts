import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commitOf } from './commit.ts';
import { blobSha, commitSha, contentOf, treeSha, type HashName } from './git-objects.ts';
import { git } from './testing/real-git.ts';
import { draftWith } from './testing/sample-draft.ts';

describe.each<HashName>(['sha1', 'sha256'])('shas of %s are those of git', (hash) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-objects-'));
  beforeAll(() => git(folder, ['init', '-q', '--bare', `--object-format=${hash}`, '.']));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const store = (input: Buffer): string => git(folder, ['hash-object', '-w', '--stdin'], { input }).trim();

  test('for a file', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(blobSha(bytes, hash)).toBe(store(Buffer.from(bytes)));
      }),
      { numRuns: 20 },
    );
  });

  test('for a folder, in the order of git', () => {
    const blob = store(Buffer.from('x'));
    const inner = git(folder, ['mktree', '-z'], { input: `100644 blob ${blob}\tx\0` }).trim();
    const names = ['a', 'a.b', 'a-b', 'a0', 'A', 'é', '日本', '😀', 'ﬁ', 'a b', 'a\nb'];
    const entries = [
      ...names.map((name) => ({ mode: '100644', name, sha: blob })),
      { mode: '40000', name: 'a.', sha: inner },
      { mode: '040000', name: 'folder', sha: inner },
      { mode: '100755', name: 'folder.sh', sha: blob },
      { mode: '120000', name: 'folder-link', sha: blob },
      { mode: '160000', name: 'module', sha: 'c'.repeat(blob.length) },
    ];
    const input = entries
      .map(
        ({ mode, name, sha }) =>
          `${mode} ${{ 4: 'tree', 1: 'blob' }[Number(mode.replace(/^0/, '')[0])]} ${sha}\t${name}\0`,
      )
      .map((line) => line.replace('160000 blob', '160000 commit'))
      .join('');
    expect(treeSha(entries, hash)).toBe(git(folder, ['mktree', '-z', '--missing'], { input }).trim());
    expect(treeSha([...entries].reverse(), hash)).toBe(treeSha(entries, hash));
  });

  test('for an empty folder', () => {
    expect(treeSha([], hash)).toBe(git(folder, ['mktree'], { input: '' }).trim());
  });

  test('for the commit of a draft, whoever is its author', () => {
    const tree = git(folder, ['mktree'], { input: '' }).trim();
    const parent = git(folder, ['commit-tree', '-m', 'base', tree]).trim();
    const authors = ['Holdfast', 'Acme Inc.', ' "Ada, the <Second>" ', 'Zoë 日本', "O'Neill"];
    for (const name of authors) {
      const policy = { author: { name, email: 'a@example.org.' } };
      const commit = commitOf(draftWith({ title: 'é', body: 'a\n\n\nb\n' }), policy);
      const env = {
        GIT_AUTHOR_NAME: name,
        GIT_AUTHOR_EMAIL: policy.author.email,
        GIT_AUTHOR_DATE: commit.author.date,
        GIT_COMMITTER_NAME: name,
        GIT_COMMITTER_EMAIL: policy.author.email,
        GIT_COMMITTER_DATE: commit.committer.date,
      };
      const made = git(folder, ['commit-tree', '-p', parent, '-F', '-', tree], { input: commit.message, env });
      expect(commitSha({ ...commit, tree, parents: [parent] }, hash)).toBe(made.trim());
    }
  });
});

describe('the content of a changed file', () => {
  test('is its bytes', () => {
    expect(contentOf({ content: 'é', encoding: 'utf-8' })).toEqual(Buffer.from([0xc3, 0xa9]));
    expect(contentOf({ content: 'AP8=', encoding: 'base64' })).toEqual(Buffer.from([0, 0xff]));
  });
});
