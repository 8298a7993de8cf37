import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CheckResult, CheckRun } from '@holdfast/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../lib/usage-error.ts';
import { describeRun } from '../message.ts';
import { toCtrf } from './ctrf.ts';
import { toAnnotations } from './github.ts';
import { toJunit } from './junit.ts';
import { writeReports } from './write-reports.ts';

const result = (more: Partial<CheckResult>): CheckResult => ({
  passed: true,
  verdict: 'passed',
  command: 'npm run x',
  output: 'out',
  returnCode: 0,
  durationMs: 1500,
  mode: 'real',
  simulated: false,
  source: null,
  problems: [],
  ...more,
});
const problem = {
  file: 'src/a,b.ts',
  line: 3,
  column: 4,
  severity: 'error',
  message: '100% <wrong>\nreally',
  rule: 'no:x',
} as const;
const lint = result({ passed: false, verdict: 'failed', problems: [problem], output: 'control \u0001 & ]]>' });
const tests = result({ verdict: 'simulated', simulated: true, reason: 'No | command.' });
const build = result({});
const gates = [{ rule: 'lint.errors<=0', isMet: false, actual: 1, reason: 'It is 1, not <= 0.' }];
const run: CheckRun = {
  allPassed: false,
  lint,
  tests,
  build,
  gates,
  message: describeRun(
    new Map([
      ['lint', lint],
      ['test', tests],
      ['build', build],
    ]),
    gates,
    false,
  ),
};
const reported = { run, startedAt: 1_000, endedAt: 2_500 };

describe('a report of a run', () => {
  it('is a CTRF document in which each check and each gate is a test, and what is simulated has not passed', () => {
    const { results } = JSON.parse(toCtrf(reported)) as { results: { summary: object; tests: readonly object[] } };
    expect(results.summary).toEqual({
      tests: 4,
      passed: 1,
      failed: 2,
      pending: 0,
      skipped: 1,
      other: 0,
      start: 1_000,
      stop: 2_500,
    });
    expect(results.tests).toMatchObject([
      { name: 'lint', status: 'failed', duration: 1500 },
      { name: 'test', status: 'skipped' },
      { name: 'build', status: 'passed' },
      { name: 'lint.errors<=0', status: 'failed', message: 'It is 1, not <= 0.' },
    ]);
  });

  it('is JUnit XML, with everything escaped that XML cannot hold', () => {
    const xml = toJunit(reported);
    expect(xml).toContain('<testsuites name="holdfast" tests="4" failures="2" errors="0" skipped="1"');
    expect(xml).toContain(
      'src/a,b.ts:3:4 error: 100% &lt;wrong&gt;&#10;really (no:x)&#10;control \uFFFD &amp; ]]&gt;</failure>',
    );
    expect(xml).toContain('name="lint.errors&lt;=0"');
    expect(xml).toContain('<skipped message="simulated: No | command."/>');
  });

  it('is annotations for GitHub, relative to the repository, and nothing in them is a command of its own', () => {
    expect(toAnnotations(run, 'packages/x').split('\n')).toEqual([
      '::error file=packages/x/src/a%2Cb.ts,line=3,col=4,title=lint%3A no%3Ax::100%25 <wrong>%0Areally',
      '::error title=test::simulated: No | command.',
      '::error title=gate lint.errors<=0::It is 1, not <= 0.',
      '',
    ]);
  });

  it('is Markdown for people, in which a simulated check is marked and no text of a tool is markup', () => {
    expect(run.message).toMatch(/^\*\*Not passed: lint failed, test simulated, 1 of 1 gate missed\.\*\*/);
    expect(run.message).toContain('| test | 🎭 simulated |');
    expect(run.message).toContain(String.raw`- error: ${'`src/a,b.ts:3:4`'} 100% \<wrong\> really`);
  });
});

describe('the files of a run', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'holdfast-reports-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const places = () => ({
    directory: join(folder, 'repository', 'packages'),
    logDirectory: join(folder, 'logs'),
    ctrfFile: join(folder, 'deep', 'ctrf.json'),
    junitFile: join(folder, 'junit.xml'),
  });

  it('are the reports asked for, and all that is needed to look into a failure', () => {
    expect(writeReports(reported, places(), {})).toBe('');
    expect(JSON.parse(readFileSync(join(folder, 'logs', 'run.json'), 'utf8'))).toEqual(run);
    expect(readFileSync(join(folder, 'logs', 'summary.md'), 'utf8')).toBe(`${run.message}\n`);
    expect(readFileSync(join(folder, 'deep', 'ctrf.json'), 'utf8')).toBe(toCtrf(reported));
    expect(readFileSync(join(folder, 'junit.xml'), 'utf8')).toBe(toJunit(reported));
  });

  it('are in GitHub Actions a job summary too, beside what is in it, and annotations', () => {
    const summary = join(folder, 'summary');
    writeFileSync(summary, 'before\n');
    const variables = {
      GITHUB_ACTIONS: 'true',
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_WORKSPACE: join(folder, 'repository'),
    };
    expect(writeReports(reported, places(), variables)).toBe(toAnnotations(run, 'packages'));
    expect(readFileSync(summary, 'utf8')).toBe(`before\n${run.message}\n`);
  });

  it('are a usage error when they cannot be written', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => writeReports(reported, { ...places(), ctrfFile: join(folder, 'file', 'x') }, {})).toThrow(UsageError);
  });
});
