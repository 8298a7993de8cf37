import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { CheckName } from '@holdfast/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planCheck, type NamedCommands } from './plan.ts';
import { readProjectFacts } from './project-facts.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-plan-'));
  // The end of the repository: what lies above is not looked at.
  mkdirSync(join(root, '.git'));
});
afterEach(() => rmSync(root, { recursive: true }));

type Files = Readonly<Record<string, string>>;

function write(files: Files): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

/** Command and reason of each check; `programs` are all that is installed. */
function plan(folder = '', named: NamedCommands = {}, programs: readonly string[] = []) {
  const bin = join(root, '.git', 'bin');
  mkdirSync(bin, { recursive: true });
  for (const name of programs) {
    writeFileSync(join(bin, name), '');
    chmodSync(join(bin, name), 0o755);
  }
  const facts = readProjectFacts(join(root, folder), bin);
  const of = (check: CheckName) => planCheck(check, named, facts);
  return { lint: of('lint'), test: of('test'), build: of('build') };
}

const scripts = (names: Files, more: object = {}): string => JSON.stringify({ scripts: names, ...more });
const all = scripts({ lint: 'a', 'test:run': 'b', test: 'c', build: 'd' });

describe('without configuration', () => {
  it.each([
    ['package-lock.json', 'npm'],
    ['npm-shrinkwrap.json', 'npm'],
    ['pnpm-lock.yaml', 'pnpm'],
    ['yarn.lock', 'yarn'],
    ['bun.lock', 'bun'],
    ['bun.lockb', 'bun'],
  ])('scripts are run by the package manager of %s: %s', (lockfile, name) => {
    write({ 'package.json': all, [lockfile]: '' });
    const { lint, test, build } = plan();
    expect([lint, test, build].map(({ command }) => command)).toEqual(
      ['lint', 'test:run', 'build'].map((script) => `${name} run ${script}`),
    );
    expect(lint.why).toBe(`package.json script "lint" (${lockfile})`);
  });

  it('the field packageManager wins over a lockfile, also of the root of a workspace', () => {
    write({
      'package.json': scripts({}, { packageManager: 'pnpm@10.0.0' }),
      'yarn.lock': '',
      'packages/a/package.json': all,
    });
    expect(plan('packages/a').lint).toEqual({
      check: 'lint',
      command: 'pnpm run lint',
      why: 'package.json script "lint" (packageManager: pnpm@10.0.0)',
    });
  });

  it('the lockfile of a workspace lies above the package, but not above the repository', () => {
    write({ 'yarn.lock': '', 'a/package.json': all, 'b/.git/x': '', 'b/c/package.json': all });
    expect(plan('a').lint.command).toBe('yarn run lint');
    expect(plan('b/c').lint).toMatchObject({
      command: 'npm run lint',
      why: 'package.json script "lint" (no lockfile)',
    });
  });

  it('test stands in for test:run, and what npm init writes is no test', () => {
    write({ 'package.json': scripts({ test: 'mocha' }) });
    expect(plan().test).toMatchObject({
      command: 'npm run test',
      why: 'package.json script "test", there is no "test:run" (no lockfile)',
    });
    write({ 'package.json': scripts({ test: 'echo "Error: no test specified" && exit 1' }) });
    expect(plan().test.command).toBeNull();
    expect(plan().test.why).toMatch(/no script "test:run" or "test" that tests anything in package.json/);
  });

  it('targets of a Makefile are run where there is no such script', () => {
    write({
      'package.json': scripts({ lint: 'x' }),
      Makefile: 'CC := gcc\nall build: x\n\tmake y\ncheck:\n.PHONY: lint\n',
    });
    expect(Object.values(plan()).map(({ command }) => command)).toEqual(['npm run lint', 'make check', 'make build']);
    expect(plan().build.why).toBe('Makefile target "build"');
  });

  it.each([
    ['Cargo.toml', ['cargo-clippy'], ['cargo clippy', 'cargo test', 'cargo build']],
    ['Cargo.toml', [], ['cargo check', 'cargo test', 'cargo build']],
    ['go.mod', [], ['go vet ./...', 'go test ./...', 'go build ./...']],
    ['setup.py', ['ruff', 'flake8', 'pytest'], ['ruff check .', 'pytest', null]],
    ['setup.py', ['flake8', 'tox'], ['flake8', null, null]],
    ['pyproject.toml', [], [null, null, null]],
  ])('%s with %j installed gives %j', (file, programs, commands) => {
    write({ [file]: '' });
    expect(Object.values(plan('', {}, programs)).map(({ command }) => command)).toEqual(commands);
  });

  it('a Python tool that is configured is meant, also when another one is installed', () => {
    write({ 'tox.ini': '[tox]\n[flake8]\n', 'pyproject.toml': '[tool.pytest.ini_options]\n', '.venv/bin/pytest': '' });
    const { lint, test } = plan('', {}, ['ruff']);
    expect(lint).toMatchObject({ command: 'flake8', why: 'tox.ini' });
    expect(test).toMatchObject({ command: '.venv/bin/pytest', why: 'pyproject.toml' });
  });

  it('nothing is found in an empty directory, and the reason names the way out', () => {
    expect(plan().lint).toEqual({
      check: 'lint',
      command: null,
      why: 'No command for lint was found: no package.json, no Makefile, no Cargo.toml, go.mod or pyproject.toml. Name one with --lint or CHECK_COMMAND_LINT.',
    });
  });

  it.each([
    [{ 'package.json': '{' }, '', /package\.json is not JSON; mend it/],
    [{ 'package.json': '[1]' }, '', /No command for lint/],
    [{ 'package.json': '{"scripts":{"lint":5}}' }, '', /No command for lint/],
    [{}, 'nowhere', /There is no directory .*nowhere/],
  ])('%j gives no command, but a reason', (files, folder, reason) => {
    write(files);
    expect(plan(folder).lint).toMatchObject({ command: null, why: expect.stringMatching(reason) as string });
  });
});

describe('a named command', () => {
  it('wins over all that is found, with its source', () => {
    write({ 'package.json': all });
    const named = { lint: { command: 'my lint', why: 'CHECK_COMMAND_LINT' } };
    expect(plan('', named).lint).toEqual({ check: 'lint', command: 'my lint', why: 'CHECK_COMMAND_LINT' });
    expect(plan('', named).build.command).toBe('npm run build');
  });

  it('cannot be run in a directory that is not there', () => {
    expect(plan('nowhere', { lint: { command: 'true', why: '--lint' } }).lint.command).toBeNull();
  });
});
