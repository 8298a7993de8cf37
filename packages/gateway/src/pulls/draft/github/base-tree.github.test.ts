import { describe, expect, test } from 'vitest';
import type { ChangedFile } from '@holdfast/protocol';
import type { GitHub } from '../../client/github.ts';
import { BaseTree } from './base-tree.github.ts';
import { checkAgainstBase } from './check-against-base.github.ts';
import { Repository } from './repository.github.ts';

type Entry = { readonly path: string; readonly type: string; readonly sha: string; readonly mode?: string };

const folders: Readonly<Record<string, readonly Entry[]>> = {
  root: [
    { path: 'README.md', type: 'blob', sha: 'b1' },
    { path: 'src', type: 'tree', sha: 'src' },
    { path: 'vendor', type: 'commit', sha: 'c1' },
  ],
  src: [
    { path: 'a.ts', type: 'blob', sha: 'b2' },
    { path: 'deep', type: 'tree', sha: 'deep' },
  ],
  deep: [{ path: 'b.ts', type: 'blob', sha: 'b3' }],
};

function below(folder: string, prefix = ''): readonly Entry[] {
  return (folders[folder] ?? []).flatMap((entry) => [
    { ...entry, path: prefix + entry.path },
    ...(entry.type === 'tree' ? below(entry.sha, `${prefix}${entry.path}/`) : []),
  ]);
}

/** A GitHub that knows these folders; a truncated answer holds the first entry only. */
function githubOf(isTruncated: boolean): { readonly github: GitHub; readonly asked: string[] } {
  const asked: string[] = [];
  const request = async (_route: string, parameters: unknown): Promise<unknown> => {
    const { tree_sha: sha, recursive } = parameters as { tree_sha: string; recursive?: string };
    asked.push(recursive ? `all of ${sha}` : sha);
    if (!recursive) return { data: { tree: folders[sha], truncated: false } };
    return { data: { tree: isTruncated ? below(sha).slice(0, 1) : below(sha), truncated: isTruncated } };
  };
  return { github: { request } as unknown as GitHub, asked };
}

const file = (path: string): ChangedFile => ({ path, mode: '100644', content: 'x', encoding: 'utf-8' });

describe.each([
  ['whole', false],
  ['too large for one answer', true],
])('a base tree that is %s', (_what, isTruncated) => {
  const check = async (files: readonly string[], deletions: readonly string[]): Promise<string> => {
    const { github } = githubOf(isTruncated);
    const { signal } = new AbortController();
    const changeSet = { baseSha: 'f'.repeat(40), files: files.map(file), deletions };
    const base = new BaseTree(new Repository(github, 'acme', 'shop'), 'root', { signal });
    return checkAgainstBase(base, changeSet).then(
      () => 'fine',
      (error: Error) => error.message,
    );
  };

  test('takes new and changed files, deletions of what is there, and a folder whose every file is named', async () => {
    expect(await check(['src/a.ts', 'src/deep/new.ts', 'new/folder/c.ts'], ['README.md', 'src/deep/b.ts'])).toBe(
      'fine',
    );
    expect(await check(['src'], ['src/a.ts', 'src/deep/b.ts'])).toBe('fine');
    expect(await check(['README.md/index.md'], ['README.md'])).toBe('fine');
  });

  test('does not lose a folder or a submodule of which no word was said', async () => {
    expect(await check(['src'], ['src/a.ts'])).toContain('deletes "src/deep/b.ts" without naming it');
    expect(await check([], ['src/deep'])).toContain('no file on its base: "src/deep".');
    expect(await check(['vendor'], [])).toContain('the submodule "vendor"');
    expect(await check([], ['vendor'])).toContain('the submodule "vendor"');
  });

  test('does not lose a file or a submodule by a file below it', async () => {
    expect(await check(['README.md/index.md'], [])).toContain('deletes "README.md" without naming it');
    expect(await check(['src/a.ts/deep/er.ts'], [])).toContain('deletes "src/a.ts" without naming it');
    expect(await check(['vendor/a.ts'], [])).toContain('the submodule "vendor"');
  });

  test('says which deletions are of nothing', async () => {
    expect(await check([], ['README.md', 'src/nowhere.ts', 'no/folder/x.ts', 'README.md/y.ts'])).toContain(
      '"src/nowhere.ts", "no/folder/x.ts", "README.md/y.ts".',
    );
  });
});

test('one that fits is asked for once, of one that does not only what is needed', async () => {
  const { signal } = new AbortController();
  const changeSet = {
    baseSha: 'f'.repeat(40),
    files: [file('src/a.ts'), file('src/c.ts')],
    deletions: ['src/deep/b.ts'],
  };
  const [whole, large] = [githubOf(false), githubOf(true)];
  for (const { github } of [whole, large]) {
    await checkAgainstBase(new BaseTree(new Repository(github, 'acme', 'shop'), 'root', { signal }), changeSet);
  }
  expect(whole.asked).toEqual(['all of root']);
  expect(large.asked).toEqual(['all of root', 'root', 'src', 'deep']);
});

test('its links are known with where they lead, also those of a first part only', async () => {
  const entries = [
    { path: 'a', type: 'blob', mode: '120000', sha: 'l1' },
    { path: 'b', type: 'blob', mode: '100644', sha: 'b1' },
  ];
  for (const truncated of [false, true]) {
    const request = async (_route: string, parameters: object): Promise<unknown> =>
      'file_sha' in parameters
        ? { data: { content: Buffer.from('é/b').toString('base64'), encoding: 'base64' } }
        : { data: { tree: entries, truncated } };
    const github = { request } as unknown as GitHub;
    const base = new BaseTree(new Repository(github, 'acme', 'shop'), 'root', { signal: new AbortController().signal });
    const { links, isCut, read } = await base.links();
    expect([links.map(({ path }) => path), isCut, await read(['l1'])]).toEqual([['a'], truncated, ['é/b']]);
  }
});
