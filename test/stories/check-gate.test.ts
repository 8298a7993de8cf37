import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CheckName, CheckVerdict } from '@holdfast/protocol';
import { startCheck } from '../support/check-process.ts';

let home = '';
let project = '';

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-gate-'));
  project = join(home, 'project');
  mkdirSync(project);
});
afterEach(() => rmSync(home, { recursive: true }));

type Scripts = Readonly<Partial<Record<'lint' | 'test:run' | 'build', string>>>;

const eslintReport = (errors: number): string =>
  JSON.stringify([
    {
      filePath: '/x/a.js',
      messages: Array.from({ length: errors }, () => ({
        ruleId: 'no-undef',
        severity: 2,
        message: 'x',
        line: 1,
        column: 1,
      })),
      suppressedMessages: [],
      errorCount: errors,
      fatalErrorCount: 0,
      warningCount: 0,
      fixableErrorCount: 0,
      fixableWarningCount: 0,
      usedDeprecatedRules: [],
    },
  ]);
const tap = (last: 'ok' | 'not ok'): string => `TAP version 13\n1..2\nok 1 - a\n${last} 2 - b\n`;

/** A project in which all is well, or what stands in `broken` is not. */
function writeProject(broken: Scripts = {}): void {
  const scripts = {
    lint: 'cat lint.json',
    'test:run': 'cat test.tap',
    build: 'mkdir -p dist && echo built > dist/a.js',
    ...broken,
  };
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'x', scripts }));
  writeFileSync(join(project, 'lint.json'), eslintReport(0));
  writeFileSync(join(project, 'lying-lint.json'), eslintReport(2));
  writeFileSync(join(project, 'test.tap'), tap('ok'));
  writeFileSync(join(project, 'failing.tap'), tap('not ok'));
}

async function check(...args: readonly string[]) {
  const gates = ['--gate', 'lint.errors<=0', '--gate', 'test.failed==0', '--gate', 'test.total>=2'];
  const { run, code } = await startCheck({ cwd: project, home, args: ['--timeout', '20', ...gates, ...args] }).ended;
  if (run === undefined) throw new Error('the run did not end');
  return { run, code, of: { lint: run.lint, test: run.tests, build: run.build } };
}

test('a project in which all is well passes, with counts, and every gate is met', async () => {
  writeProject();
  const { run, code } = await check();
  expect(run.message).toContain('All checks passed.');
  expect(run).toMatchObject({
    allPassed: true,
    lint: { verdict: 'passed', errors: 0, command: 'npm run lint' },
    tests: { verdict: 'passed', total: 2, passedCount: 2, failed: 0, command: 'npm run test:run' },
    build: { verdict: 'passed', command: 'npm run build' },
  });
  expect(run.gates.map(({ isMet }) => isMet)).toEqual([true, true, true]);
  expect(code).toBe(0);
});

const scriptOf = { lint: 'lint', test: 'test:run', build: 'build' } as const;

type Mutation = {
  readonly check: CheckName;
  readonly what: string;
  readonly script: string | undefined;
  readonly verdict: CheckVerdict;
  readonly args?: readonly string[];
};

const inEvery = (['lint', 'test', 'build'] as const).flatMap((name): readonly Mutation[] => [
  { check: name, what: 'fails', script: 'echo no; exit 1', verdict: 'failed' },
  { check: name, what: 'fails without a word', script: 'exit 2', verdict: 'failed' },
  {
    check: name,
    what: 'ran, and ends with the code of a missing program',
    script: 'echo ran; exit 127',
    verdict: 'failed',
  },
  { check: name, what: 'hangs', script: 'sleep 1000', verdict: 'timed_out', args: ['--timeout', `${name}=1`] },
  { check: name, what: 'is killed', script: 'kill -KILL $$', verdict: 'failed' },
  { check: name, what: 'has no script', script: undefined, verdict: 'could_not_start' },
  { check: name, what: 'names no program', script: 'no-such-program --here', verdict: 'could_not_start' },
]);
const lies: readonly Mutation[] = [
  { check: 'lint', what: 'has errors, and ends with 0', script: 'cat lying-lint.json', verdict: 'failed' },
  { check: 'test', what: 'has a failing test', script: 'cat failing.tap; exit 1', verdict: 'failed' },
  { check: 'test', what: 'has a failing test, and ends with 0', script: 'cat failing.tap', verdict: 'failed' },
];

describe('a project that is broken in one way', () => {
  test.each([...inEvery, ...lies])('is red: $check $what', async ({ check: name, script, verdict, args = [] }) => {
    writeProject({ [scriptOf[name]]: script });
    const real = await check('--mode', 'real', ...args);
    expect(real.run.allPassed).toBe(false);
    expect(real.of[name]).toMatchObject({ verdict, passed: false });
    expect(real.code).toBe(verdict === 'could_not_start' && name === 'build' ? 2 : 1);
    const auto = await check(...args);
    expect(auto.run.allPassed).toBe(false);
    expect(auto.of[name]?.verdict).toBe(verdict === 'could_not_start' ? 'simulated' : verdict);
    expect(auto.code).toBe(real.code);
    const others = (['lint', 'test', 'build'] as const).filter((each) => each !== name);
    for (const other of others) expect(auto.of[other]?.verdict).toBe('passed');
  });
});

test('in mode auto three commands that fail have failed', async () => {
  const { run, code } = await check('--lint', 'exit 1', '--test', 'exit 1', '--build', 'exit 1');
  expect([run.lint, run.tests, run.build].map((result) => result?.verdict)).toEqual(['failed', 'failed', 'failed']);
  expect(code).toBe(1);
});

test('an empty folder is simulated, with the reason, and closes every gate', async () => {
  const { run, code } = await check();
  for (const result of [run.lint, run.tests, run.build]) {
    expect(result).toMatchObject({ verdict: 'simulated', simulated: true, mode: 'mock', command: null });
    expect(result?.reason).toMatch(/^Simulated, nothing was run: No command .* no package.json/);
  }
  expect(run.allPassed).toBe(false);
  expect(run.gates.every(({ isMet }) => !isMet)).toBe(true);
  expect(code).toBe(1);
});

test('in mode mock nothing is run, and no gate is met', async () => {
  writeProject({ lint: 'touch ran' });
  const { run, code } = await check('--mode', 'mock');
  expect(run.lint).toMatchObject({ verdict: 'simulated', passed: true, simulated: true });
  expect(run.allPassed).toBe(false);
  expect(run.gates.every(({ isMet }) => !isMet)).toBe(true);
  expect(code).toBe(1);
});

test('a check that waits for one that did not pass is skipped, and closes its gates', async () => {
  writeProject({ lint: 'exit 1' });
  const { run } = await check('--after', 'build=lint,test', '--gate', 'build.size<=2MB', '--build-output', 'dist');
  expect(run.build).toMatchObject({ verdict: 'skipped', passed: false });
  expect(run.gates.at(-1)).toMatchObject({ isMet: false, actual: null, reason: 'build is skipped.' });
});

test('the size of what a build makes is known when it is said where it lies', async () => {
  writeProject();
  const { run } = await check('--build-output', 'dist', '--gate', 'build.size<=2MB');
  expect(run.build?.size).toBe(6);
  expect(run.gates.at(-1)).toMatchObject({ isMet: true, actual: 6 });
});
