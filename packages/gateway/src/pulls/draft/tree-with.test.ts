import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChangedFile } from '@holdfast/protocol';
import { treeSha, type HashName, type TreeEntry } from './git-objects.ts';
import { treeWith } from './tree-with.ts';
import { git } from './testing/real-git.ts';

type Files = Readonly<Record<string, Pick<ChangedFile, 'mode' | 'content'>>>;

const names = ['a', 'a/b', 'a/b/c', 'a/b/d', 'a-b', 'a.b/c', 'a0/x', 'é/日本', 'z/y/x/w', 'z/y/v'];
const someFiles = fc
  .dictionary(
    fc.constantFrom(...names),
    fc.record({ mode: fc.constantFrom('100644', '100755', '120000'), content: fc.constantFrom('x', 'y', '') }),
  )
  // A file and a folder are not one.
  .map((files) => {
    const paths = Object.keys(files);
    return Object.fromEntries(
      Object.entries(files).filter(([path]) => !paths.some((other) => other.startsWith(`${path}/`))),
    ) as Files;
  });

describe.each<HashName>(['sha1', 'sha256'])('a change set in a tree of %s', (hash) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-trees-'));
  beforeAll(() => git(folder, ['init', '-q', '--bare', `--object-format=${hash}`, '.']));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function treeOf(files: Files): string {
    git(folder, ['read-tree', '--empty']);
    const lines = Object.entries(files).map(([path, { mode, content }]) => {
      const sha = git(folder, ['hash-object', '-w', '--stdin'], { input: content }).trim();
      return `${mode} ${sha}\t${path}\0`;
    });
    git(folder, ['update-index', '-z', '--index-info'], { input: lines.join('') });
    return git(folder, ['write-tree']).trim();
  }

  const listing =
    (tree: string) =>
    async (path: string): Promise<readonly TreeEntry[]> =>
      git(folder, ['ls-tree', '-z', path === '' ? tree : `${tree}:${path}`])
        .split('\0')
        .filter(Boolean)
        .map((line) => {
          const [, mode = '', sha = '', name = ''] = /^(\d+) \w+ ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
          return { mode, sha, name };
        });

  function changeOf(before: Files, after: Files) {
    return {
      baseSha: 'b'.repeat(40),
      files: Object.entries(after).map(([path, file]) => ({ path, ...file, encoding: 'utf-8' }) as const),
      deletions: Object.keys(before).filter((path) => after[path] === undefined),
    };
  }

  test('makes the tree that git makes, whatever takes the place of what', async () => {
    await fc.assert(
      fc.asyncProperty(someFiles, someFiles, async (before, after) => {
        const base = treeOf(before);
        expect(await treeWith(listing(base), base, changeOf(before, after))).toBe(treeOf(after));
      }),
      { numRuns: 25 },
    );
  });

  test('is not told of a base whose listing is not what its sha is made of, or that git would write otherwise', async () => {
    const files: Files = { 'a/b': { mode: '100644', content: 'x' }, c: { mode: '100644', content: 'x' } };
    const base = treeOf(files);
    const change = changeOf({}, { 'a/d': { mode: '100644', content: 'x' } });
    const cut = async (path: string) => (await listing(base)(path)).slice(1);
    expect(await treeWith(cut, base, change)).toBeUndefined();
    const old = [{ mode: '100664', name: 'a', sha: base }];
    const oldTree = treeSha(old, hash);
    expect(
      await treeWith(async () => old, oldTree, changeOf({}, { b: { mode: '100644', content: 'x' } })),
    ).toBeUndefined();
    expect(await treeWith(async (path) => (path === '' ? listing(base)('') : []), base, change)).toBeUndefined();
  });
});
