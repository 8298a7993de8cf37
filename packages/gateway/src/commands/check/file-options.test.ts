import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCommandLine } from './command-line.ts';
import { fileOptions } from './file-options.ts';
import { readProjectFile, type ProjectFile } from './project-file.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'check-file-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function read(text: string): ProjectFile | undefined {
  writeFileSync(join(dir, 'holdfast.yaml'), text);
  return readProjectFile(dir);
}

const whole = `
checks: { lint: npm run check, test: npm test }
gates: ["lint.warnings<=0", "test.total>=100", "coverage.lines>=80"]
timeouts: { test: 600 }
reports: { test: out/junit.xml }
buildOutput: dist
passEnv: [DATABASE_URL, REDIS_URL]
projects: []
`;
const options = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  fileOptions(read(whole) as ProjectFile, readCommandLine(args, dir), env);

describe('a holdfast.yaml', () => {
  test('becomes options of the agent', () => {
    expect(options([])).toEqual({
      args: [
        ...['--lint', 'npm run check', '--test', 'npm test', '--timeout', 'test=600', '--report', 'test=out/junit.xml'],
        ...['--gate', 'lint.warnings<=0', '--gate', 'test.total>=100', '--gate', 'coverage.lines>=80'],
        ...['--build-output', 'dist', '--pass-env', 'DATABASE_URL,REDIS_URL'],
      ],
      leftOut: [],
    });
  });

  test('gives way to a command of the environment', () => {
    const { args } = options([], { CHECK_COMMAND_LINT: 'true', CHECK_COMMAND_TEST: ' ' });
    expect(args).not.toContain('--lint');
    expect(args).toContain('--test');
  });

  test('gives way to a rule of the command line about the same number', () => {
    const { args } = options(['--gate', 'lint.warnings <= 5', '--gate=build.size<=2MB']);
    expect(args).not.toContain('lint.warnings<=0');
    expect(args).toContain('test.total>=100');
  });

  test('keeps rules about checks that were not asked for out, and says so', () => {
    const { args, leftOut } = options(['--only', 'lint,build']);
    expect(args.filter((word) => word.includes('>='))).toEqual([]);
    expect(leftOut).toEqual(['test.total>=100', 'coverage.lines>=80']);
  });

  test('leaves a rule that is none to the agent, which refuses it', () => {
    expect(
      fileOptions({ ...(read('') as ProjectFile), gates: ['nonsense'] }, readCommandLine(['--only=lint'], dir), {}),
    ).toEqual({
      args: ['--gate', 'nonsense'],
      leftOut: [],
    });
  });

  test('that is not there is none; one that is empty says nothing', () => {
    expect(readProjectFile(join(dir, 'nowhere'))).toBeUndefined();
    expect(read('')).toMatchObject({ checks: {}, gates: [] });
  });

  test('may give one time for all', () => {
    expect(read('timeouts: 60')?.timeouts).toEqual({ lint: 60, test: 60, build: 60 });
  });

  test('with faults is refused with all of them', () => {
    const text = 'cheks: 1\nchecks: { test: 3, lnt: x }\ntimeouts: soon\ngates: lint\npassEnv: ["A B"]\n';
    expect(() => read(text)).toThrow(
      /holdfast\.yaml cannot be used: .*checks\.test: expected string.*checks\.lnt is not known; known are lint, test, build.*gates.*timeouts: must be seconds.*passEnv\.0: must be the name of a variable.*cheks is not known; known are checks, gates/s,
    );
  });

  test('that is no YAML is refused in one sentence', () => {
    expect(() => read('checks: [')).toThrow(/holdfast\.yaml is not YAML: [^\n]+\.$/);
  });
});

describe('a command line', () => {
  test.each([
    [[], '.'],
    [['sub'], 'sub'],
    [['--only', 'lint', 'sub', '--json'], 'sub'],
    [['--serial', 'sub'], 'sub'],
    [['--gate=lint.errors==0', '--', '--odd'], '--odd'],
    [['--project', 'a', 'b'], 'a/b'],
  ])('%j checks %s', (args, directory) => {
    expect(readCommandLine(args, '/work').directory).toBe(join('/work', directory));
  });
});
