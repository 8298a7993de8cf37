import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CheckResult } from '@holdfast/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCache } from './cache.ts';
import { ask } from './run.ts';

let root = '';
let project = '';
let environment: Record<string, string> = {};
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-cache-'));
  project = join(root, 'project');
  mkdirSync(join(project, 'src'), { recursive: true });
  environment = { PATH: process.env['PATH'] ?? '', HOME: root };
  writeFileSync(join(project, '.gitignore'), 'ignored\n');
  writeFileSync(join(project, 'src', 'a.ts'), 'a');
  writeFileSync(join(project, 'package-lock.json'), '{}');
  git('init', '-q');
  git('add', '.');
  git('-c', 'user.name=x', '-c', 'user.email=x@x', 'commit', '-qm', 'x');
});
afterEach(() => rmSync(root, { recursive: true }));

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: project, env: environment, encoding: 'utf8' });
}

function open(directory = project) {
  const askGit = (args: readonly string[], variables: Readonly<Record<string, string>>) =>
    ask('git', args, { directory, environment: { ...environment, ...variables } });
  return openCache({ folder: join(root, 'cache'), directory, environment, git: askGit });
}

const plan = (command = 'npm run lint') => ({ check: 'lint', command, why: 'x' }) as const;
const result: CheckResult = {
  passed: true,
  verdict: 'passed',
  command: 'npm run lint',
  output: 'fine',
  returnCode: 0,
  durationMs: 5,
  mode: 'real',
  simulated: false,
  source: null,
  problems: [],
  warnings: 0,
};

/** Whether there is a result, in a process of its own as it were: `cached`, or why not. */
async function find(command?: string, directory?: string): Promise<string> {
  const answer = await open(directory).find(plan(command));
  if ('result' in answer) expect(answer.result).toEqual({ ...result, cached: true });
  return 'result' in answer ? 'cached' : answer.notCached;
}

async function runOnce(
  outcome: CheckResult = result,
  meanwhile = (): void => undefined,
  directory?: string,
): Promise<void> {
  const cache = open(directory);
  await cache.find(plan());
  meanwhile();
  await cache.record(plan(), outcome);
}

const write = (name: string, text: string): void => writeFileSync(join(project, name), text);

describe('a stored result', () => {
  it('is found as long as nothing has changed, and the user’s index and objects stay as they are', async () => {
    write('src/new.ts', 'untracked');
    const index = readFileSync(join(project, '.git', 'index'));
    const objects = git('count-objects');
    expect(await find()).toBe('first run');
    await runOnce();
    expect(await find()).toBe('cached');
    expect(readFileSync(join(project, '.git', 'index')).equals(index)).toBe(true);
    expect(git('count-objects')).toBe(objects);
  });

  it('is no longer found when a file changes, and is again when it changes back', async () => {
    await runOnce();
    write('src/a.ts', 'b');
    expect(await find()).toBe('files changed: src/a.ts');
    write('src/a.ts', 'a');
    expect(await find()).toBe('cached');
  });

  it('names three of the files: changed, new and removed', async () => {
    await runOnce();
    for (const name of ['b', 'c', 'd', 'e']) write(name, '');
    rmSync(join(project, 'src/a.ts'));
    expect(await find()).toBe('files changed: b, c, d and 2 more');
  });

  it('does not depend on what git ignores, nor on what lies beside the directory', async () => {
    await runOnce(result, undefined, join(project, 'src'));
    write('ignored', 'x');
    write('beside', 'x');
    expect(await find(undefined, join(project, 'src'))).toBe('cached');
    write('src/b.ts', 'x');
    expect(await find(undefined, join(project, 'src'))).toBe('files changed: b.ts');
  });

  it('depends on command, environment, lockfile and what is installed', async () => {
    await runOnce();
    expect(await find('npm run lint -- --fix')).toBe('command changed');
    environment = { ...environment, CI: 'true' };
    expect(await find()).toBe('environment changed: CI');
    delete environment['CI'];
    write('package-lock.json', '{"x":1}');
    expect(await find()).toBe('tool version changed: package-lock.json; files changed: package-lock.json');
    write('package-lock.json', '{}');
    write('.git/info/exclude', 'node_modules\n');
    mkdirSync(join(project, 'node_modules'));
    write('node_modules/.package-lock.json', '{}');
    expect(await find()).toBe('tool version changed: node_modules/.package-lock.json');
  });

  it('sees a file that is tracked though it is ignored', async () => {
    write('ignored', 'x');
    await runOnce();
    git('add', '-f', 'ignored');
    expect(await find()).toBe('files changed: ignored');
  });
});

describe('what is not stored', () => {
  it('is a failure', async () => {
    await runOnce({ ...result, passed: false, verdict: 'failed' });
    expect(await find()).toBe('the last run did not pass, and only passed results are kept');
  });

  it('is a result during which files changed', async () => {
    await runOnce(result, () => write('report.txt', 'x'));
    rmSync(join(project, 'report.txt'));
    expect(await find()).toBe('files changed while it ran: report.txt');
  });

  it('is anything outside of a repository, with submodules, or with another repository within', async () => {
    write('.gitmodules', '');
    expect(await find()).toBe('the repository has submodules');
    rmSync(join(project, '.gitmodules'));
    execFileSync('git', ['init', '-q', 'inner'], { cwd: project, env: environment });
    writeFileSync(join(project, 'inner', 'x'), 'x');
    execFileSync('git', ['add', '.'], { cwd: join(project, 'inner'), env: environment });
    const author = ['-c', 'user.name=x', '-c', 'user.email=x@x'];
    execFileSync('git', [...author, 'commit', '-qm', 'x'], { cwd: join(project, 'inner'), env: environment });
    expect(await find()).toBe('there is another repository in the directory');
    const elsewhere = join(root, 'elsewhere');
    mkdirSync(elsewhere);
    expect(await find(undefined, elsewhere)).toBe('the directory is in no git repository');
  });

  it('is nothing of a damaged store: it is begun anew', async () => {
    await runOnce();
    const results = join(root, 'cache', 'results');
    for (const name of readdirSync(results)) writeFileSync(join(results, name), '{');
    expect(await find()).toBe('the stored result is gone');
    const last = join(root, 'cache', 'last');
    for (const name of readdirSync(last)) writeFileSync(join(last, name), '[]');
    expect(await find()).toBe('first run');
    await runOnce();
    expect(await find()).toBe('cached');
  });

  it('is more than a bounded number', async () => {
    const results = join(root, 'cache', 'results');
    mkdirSync(results, { recursive: true });
    const old = new Date('2020-01-01');
    for (let at = 0; at < 400; at += 1) {
      writeFileSync(join(results, `${at}.json`), '{}');
      utimesSync(join(results, `${at}.json`), old, old);
    }
    await runOnce();
    expect(readdirSync(results)).toHaveLength(300);
    expect(await find()).toBe('cached');
    expect(existsSync(join(root, 'cache', 'trees'))).toBe(true);
  });
});
