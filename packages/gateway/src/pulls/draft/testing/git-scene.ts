import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ChangeSet } from '@holdfast/protocol';
import { Secret } from '../../../lib/secret.ts';
import type { Draft } from '../draft.ts';
import type { DraftPolicy } from '../policy/policy.ts';
import { GitTarget, type GitTargetOptions } from '../target.git.ts';
import type { StepResult } from '../target.ts';
import { git } from './real-git.ts';
import { draftWith, samplePolicy } from './sample-draft.ts';

/** A bare repository that stands for a server, and a checkout of it. */
export class GitScene {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'holdfast-scene-'));
  readonly remote: string = join(this.folder, 'shop.git');
  readonly checkout: string = join(this.folder, 'checkout');
  /** Where the target's own folders are made while the scene lasts. */
  readonly temporary: string = join(this.folder, 'tmp');
  /** Of `main`: its first commit, its second, and the newest. */
  readonly base: string;
  readonly tip: string;

  constructor() {
    mkdirSync(this.temporary);
    git(this.folder, ['init', '-q', '--bare', '-b', 'main', '--', this.remote]);
    git(this.folder, ['init', '-q', '-b', 'main', '--', this.checkout]);
    this.write({
      'README.md': 'shop\n',
      'src/a.ts': 'a\n',
      'src/b/c.ts': 'c\n',
      'old.txt': 'old\n',
      run: '#!/bin/sh\n',
    });
    this.base = this.commit('one');
    this.write({ 'NEWS.md': 'news\n' });
    this.tip = this.commit('two');
    this.push('main');
  }

  write(files: Readonly<Record<string, string | Buffer>>): void {
    for (const [path, content] of Object.entries(files)) {
      const file = join(this.checkout, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
  }

  link(path: string, target: string): void {
    symlinkSync(target, join(this.checkout, path));
  }

  /** The tree of what lies in the checkout. */
  tree(): string {
    git(this.checkout, ['add', '-A']);
    return git(this.checkout, ['write-tree']).trim();
  }

  commit(message: string): string {
    git(this.checkout, ['add', '-A']);
    git(this.checkout, ['commit', '-q', '--allow-empty', '-m', message]);
    return git(this.checkout, ['rev-parse', 'HEAD']).trim();
  }

  push(branch: string): void {
    git(this.checkout, ['push', '-q', this.remote, `HEAD:refs/heads/${branch}`]);
  }

  /** What the remote has: its branches and where they are. */
  branches(): Readonly<Record<string, string>> {
    const lines = git(this.remote, ['for-each-ref', '--format=%(refname) %(objectname)']).trim().split('\n');
    return Object.fromEntries(lines.map((line) => line.replace('refs/heads/', '').split(' ') as [string, string]));
  }

  async hook(name: string, script: string): Promise<void> {
    const file = join(this.remote, 'hooks', name);
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
  }

  target(rest: { readonly remote?: string } & Partial<Omit<GitTargetOptions, 'remote'>> = {}): GitTarget {
    const { remote = this.remote, ...options } = rest;
    return new GitTarget({ remote: new Secret(remote), env: { PATH: process.env['PATH'] }, ...options });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A draft of one new file, on this commit. */
export function draftOn(baseSha: string, changeSet: Partial<ChangeSet> = {}, rest: Partial<Draft> = {}): Draft {
  const file = { path: 'src/new.ts', mode: '100644', content: 'new\n', encoding: 'utf-8' } as const;
  return draftWith({ changeSet: { baseSha, files: [file], deletions: [], ...changeSet }, ...rest });
}

/** Sends all steps of a draft, one after the other. */
export async function publish(
  target: GitTarget,
  draft: Draft,
  { signal = new AbortController().signal, policy = samplePolicy }: { signal?: AbortSignal; policy?: DraftPolicy } = {},
): Promise<StepResult> {
  const done: Record<string, StepResult> = {};
  for (const step of target.stepsOf(draft, policy)) done[step.name] = await step.send(done, { signal });
  return done['branch'] ?? {};
}
