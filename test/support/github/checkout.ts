import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ChangeSet } from '@holdfast/protocol';
import { callerOf } from './caller.ts';

const run = promisify(execFile);
const author = { name: 'Ada', email: 'ada@example.com' };
const date = '2026-01-02T03:04:05Z';

/** Where a repository is on a GitHub, and who asks. */
export type RepositoryAddress = { readonly url: string; readonly token: string; readonly repository: string };

/** A real repository of the local git program with one commit: what git makes of a change is asked of git itself. */
export class Checkout implements AsyncDisposable {
  readonly folder: string;
  readonly baseSha: string;
  /** Changes are made in the one working tree, so one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, baseSha: string) {
    this.folder = folder;
    this.baseSha = baseSha;
  }

  static async create(): Promise<Checkout> {
    const folder = await mkdtemp(join(tmpdir(), 'hf-checkout-'));
    await git(folder, 'init', '--quiet', '--initial-branch=main');
    await writeFiles(folder, [
      { path: 'README.md', mode: '100644', content: '# Shop\n', encoding: 'utf-8' },
      { path: 'src/price.ts', mode: '100644', content: 'export const price = 1;\n', encoding: 'utf-8' },
      { path: 'src/deep/er/old.ts', mode: '100644', content: 'export {};\n', encoding: 'utf-8' },
      // Stays when old.ts goes: emulate 0.12.2 keeps a folder in which nothing is left, which git never does.
      { path: 'src/deep/er/stays.ts', mode: '100644', content: 'export {};\n', encoding: 'utf-8' },
      { path: 'src-gen/price.txt', mode: '100644', content: 'sorts before src/ in git alone\n', encoding: 'utf-8' },
      { path: 'bin/start', mode: '100755', content: '#!/bin/sh\nexit 0\n', encoding: 'utf-8' },
      { path: 'current', mode: '120000', content: 'src/price.ts', encoding: 'utf-8' },
      { path: 'logo.bin', mode: '100644', content: 'AP/+', encoding: 'base64' },
    ]);
    await git(folder, 'add', '--all');
    await git(folder, 'commit', '--quiet', '--message', 'Shop');
    return new Checkout(folder, await git(folder, 'rev-parse', 'HEAD'));
  }

  /** The tree that git makes when somebody makes this change in the checkout and adds everything. */
  treeOf(changeSet: ChangeSet): Promise<string> {
    const tree = this.#queue.then(async () => {
      await git(this.folder, 'checkout', '--quiet', '--force', changeSet.baseSha);
      await git(this.folder, 'clean', '--quiet', '-ffdx');
      for (const path of changeSet.deletions) await rm(join(this.folder, path));
      await writeFiles(this.folder, changeSet.files);
      await git(this.folder, 'add', '--all');
      return await git(this.folder, 'write-tree');
    });
    this.#queue = tree.catch(() => undefined);
    return tree;
  }

  /** Makes the base commit, object by object, over the Git Data API, and a branch `main` of it. */
  async pushTo(address: RepositoryAddress): Promise<void> {
    const call = callerOf(address);
    const listing = await git(this.folder, 'ls-tree', '-r', '-z', this.baseSha);
    const tree = [];
    for (const line of listing.split('\0').filter(Boolean)) {
      const [, mode, sha = '', path] = /^(\d+) blob ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
      const { stdout } = await run('git', ['cat-file', 'blob', sha], { cwd: this.folder, encoding: 'buffer' });
      await call('POST', 'git/blobs', { content: stdout.toString('base64'), encoding: 'base64' });
      tree.push({ path, mode, type: 'blob', sha });
    }
    const { sha: treeSha } = await call<{ sha: string }>('POST', 'git/trees', { tree });
    const who = { ...author, date };
    const commit = { message: 'Shop\n', tree: treeSha, parents: [], author: who, committer: who };
    const { sha } = await call<{ sha: string }>('POST', 'git/commits', commit);
    if (sha !== this.baseSha) throw new Error(`the same commit is ${sha} there and ${this.baseSha} here`);
    await call('POST', 'git/refs', { ref: 'refs/heads/main', sha });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue;
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** What git says, without what the configuration of this machine would make of it. */
export async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', ['-c', 'core.autocrlf=false', '-c', 'gc.auto=0', ...args], {
    cwd: folder,
    maxBuffer: 64 * 1_048_576,
    env: {
      PATH: process.env['PATH'],
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: author.name,
      GIT_AUTHOR_EMAIL: author.email,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: author.name,
      GIT_COMMITTER_EMAIL: author.email,
      GIT_COMMITTER_DATE: date,
    },
  });
  return stdout.trim();
}

async function writeFiles(folder: string, files: ChangeSet['files']): Promise<void> {
  for (const { path, mode, content, encoding } of files) {
    const place = join(folder, path);
    await mkdir(dirname(place), { recursive: true });
    // A link is replaced, not followed.
    await rm(place, { force: true });
    const bytes = Buffer.from(content, encoding);
    if (mode === '120000') {
      await symlink(bytes, place);
      continue;
    }
    await writeFile(place, bytes);
    await chmod(place, mode === '100755' ? 0o755 : 0o644);
  }
}
