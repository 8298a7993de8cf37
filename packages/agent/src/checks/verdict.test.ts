import type { CheckCounts, CheckName, CheckVerdict } from '@holdfast/protocol';
import { describe, expect, it } from 'vitest';
import type { Reading } from './read/reader.ts';
import type { CommandEnd } from './run.ts';
import { startFailure } from './start-failure.ts';
import { decideVerdict } from './verdict.ts';

const reading = (counts: CheckCounts, saysFailed?: boolean): Reading => ({
  source: 'a tool',
  kind: 'test',
  counts,
  problems: [],
  authority: 2,
  ...(saysFailed !== undefined && { saysFailed }),
});
const exited = (returnCode: number): Partial<CommandEnd> => ({ kind: 'exited', returnCode });

type Row = {
  readonly what: string;
  readonly check?: CheckName;
  readonly end: Partial<CommandEnd>;
  readonly reading?: Reading;
  readonly startFailure?: string;
  readonly verdict: CheckVerdict;
  readonly reason?: RegExp;
};

const rows: readonly Row[] = [
  { what: '0 and nothing known', end: exited(0), verdict: 'passed' },
  { what: '0 and no failure', end: exited(0), reading: reading({ total: 3, failed: 0 }, false), verdict: 'passed' },
  { what: '0 and unknown counts', end: exited(0), reading: reading({ failed: null }), verdict: 'passed' },
  {
    what: '0 and failed tests',
    end: exited(0),
    reading: reading({ failed: 2 }),
    verdict: 'failed',
    reason: /exit code is 0, but a tool says that 2 failed/,
  },
  {
    what: '0 and a tool that says it failed',
    end: exited(0),
    reading: reading({}, true),
    verdict: 'failed',
    reason: /did not pass/,
  },
  {
    what: '0 and errors of a linter',
    check: 'lint',
    end: exited(0),
    reading: reading({ errors: 1 }),
    verdict: 'failed',
    reason: /says 1 error\./,
  },
  {
    what: '0 and warnings of a linter',
    check: 'lint',
    end: exited(0),
    reading: reading({ errors: 0, warnings: 9 }),
    verdict: 'passed',
  },
  { what: '1 and nothing known', end: exited(1), verdict: 'failed' },
  { what: '1 and a tool that is content', end: exited(1), reading: reading({ failed: 0 }, false), verdict: 'failed' },
  { what: '137', end: exited(137), verdict: 'failed', reason: /Signal 9 ended it/ },
  {
    what: '127 and no such program',
    end: exited(127),
    startFailure: 'No x.',
    verdict: 'could_not_start',
    reason: /^No x\.$/,
  },
  { what: '127 of what has run', end: exited(127), verdict: 'failed' },
  {
    what: 'a timeout',
    end: { kind: 'timed_out' },
    reading: reading({ failed: 0 }, false),
    verdict: 'timed_out',
    reason: /after 60 s/,
  },
  { what: 'a cancel', end: { kind: 'cancelled' }, verdict: 'cancelled' },
  {
    what: 'too many processes',
    end: { kind: 'too_many_processes' },
    verdict: 'failed',
    reason: /more than 10 processes/,
  },
  {
    what: 'no shell',
    end: { kind: 'not_started', fault: 'spawn ENOENT' },
    verdict: 'could_not_start',
    reason: /ENOENT/,
  },
  {
    what: 'what is left',
    end: { ...exited(0), leftBehind: 2 },
    verdict: 'passed',
    reason: /left 2 processes behind, which were ended/,
  },
  {
    what: 'what does not go',
    end: { ...exited(1), isGone: false },
    verdict: 'failed',
    reason: /Not all of its processes could be ended/,
  },
];

describe('the verdict', () => {
  it.each(rows)(
    'of $what is $verdict',
    ({ check = 'test', end, verdict, reason, startFailure: failure, reading: said }) => {
      const whole: CommandEnd = { kind: 'exited', returnCode: null, leftBehind: 0, isGone: true, ...end };
      const decided = decideVerdict({
        check,
        end: whole,
        reading: said,
        startFailure: failure,
        timeoutMs: 60_000,
        maxProcesses: 10,
      });
      expect(decided.verdict).toBe(verdict);
      if (reason === undefined) expect(decided.reason).toBeUndefined();
      else expect(decided.reason).toMatch(reason);
    },
  );
});

const npmFrame = '\n> shop@1.0.0 lint\n> eslint .\n\n';
const notStarted: readonly (readonly [code: number, output: string, sentence: string])[] = [
  [127, '/bin/sh: 1: nosuch: not found\n', 'There is no program "nosuch" here that could be run.'],
  [127, 'bash: line 1: nosuch: command not found\n', 'There is no program "nosuch" here that could be run.'],
  [126, '/bin/sh: 1: ./a.txt: Permission denied\n', 'There is no program "./a.txt" here that could be run.'],
  [127, `${npmFrame}sh: 1: eslint: not found\n`, 'There is no program "eslint" here that could be run.'],
  [
    127,
    'yarn run v1.22.22\n$ eslint .\n/bin/sh: 1: eslint: not found\nerror Command failed with exit code 127.\ninfo Visit https://yarnpkg.com/en/docs/cli/run for documentation about this command.\n',
    'There is no program "eslint" here that could be run.',
  ],
  [
    2,
    '/bin/sh: 1: gcc: not found\nmake: *** [Makefile:2: build] Error 127\n',
    'There is no program "gcc" here that could be run.',
  ],
  [
    1,
    'npm error Missing script: "lint"\nnpm error\nnpm error To see a list of scripts, run:\nnpm error   npm run\nnpm error A complete log of this run can be found in: /x\n',
    'There is no script "lint".',
  ],
  [1, 'npm ERR! Missing script: "lint"\n', 'There is no script "lint".'],
  [1, ' ERR_PNPM_NO_SCRIPT  Missing script: lint\n', 'There is no script "lint".'],
  [
    1,
    'yarn run v1.22.22\nerror Command "lint" not found.\ninfo Visit https://yarnpkg.com/en/docs/cli/run for documentation about this command.\n',
    'There is no script "lint".',
  ],
  [1, 'error: Script not found "lint"\n', 'There is no script "lint".'],
];
const ran: readonly (readonly [what: string, code: number, output: string])[] = [
  ['a success', 0, 'sh: 1: x: not found\n'],
  ['127 without a word', 127, ''],
  ['127 after other output', 127, '3 tests failed\nsh: 1: cleanup: not found\n'],
  ['1 with the words of a shell', 1, '/bin/sh: 1: nosuch: not found\n'],
  ['a missing script within a script', 1, `${npmFrame}npm error Missing script: "lint:css"\n`],
  ['a test that says so', 1, 'not ok 1 - npm error Missing script: "x"\n'],
];

describe('a command that could not be started', () => {
  it.each(notStarted)('%i %j: %s', (code, output, sentence) => {
    expect(startFailure(code, output, true)).toBe(sentence);
    // What is not seen whole may hold anything.
    expect(startFailure(code, output, false)).toBeUndefined();
  });

  it.each(ran)('is not %s: that ran', (_what, code, output) => {
    expect(startFailure(code, output, true)).toBeUndefined();
  });
});
