import type { CheckResult, CheckVerdict } from '@holdfast/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../lib/usage-error.ts';
import { judgeGates, parseGate } from './gate.ts';
import { parseChecks, parseWaitsFor, runInOrder } from './graph.ts';

const result = (more: Partial<CheckResult>): CheckResult => ({
  passed: true,
  verdict: 'passed',
  command: 'x',
  output: '',
  returnCode: 0,
  durationMs: 1500,
  mode: 'real',
  simulated: false,
  source: 'x',
  problems: [],
  ...more,
});
const results = {
  lint: result({ warnings: 3, errors: 0 }),
  tests: result({ total: 120, passedCount: 118, failed: 0, skipped: 2, coverage: { lines: 81.25 } }),
  build: result({ size: 1_900_000 }),
};
const isMet = (rule: string, of: Parameters<typeof judgeGates>[1] = results) =>
  judgeGates([parseGate(rule)], of)[0]?.isMet;

describe('a gate', () => {
  it.each([
    ['lint.warnings<=3', true],
    ['lint.warnings <= 2', false],
    ['lint.errors==0', true],
    ['test.total>=100', true],
    ['test.passed>118', false],
    ['test.failed!=0', false],
    ['test.skipped<3', true],
    ['build.size<=2MB', true],
    ['build.size<=1.8MiB', false],
    ['build.size<=1900kB', true],
    ['coverage.lines>=80%', true],
    ['coverage.lines>=81.5', false],
    ['test.durationMs<=2s', true],
    ['test.durationMs<=900ms', false],
  ])('%s: %s', (rule, expected) => {
    expect(isMet(rule)).toBe(expected);
  });

  it.each([['coverage.branches>=0'], ['build.warnings>=0'], ['lint.warnings>=0']])(
    '%s is missed when nobody says the number',
    (rule) => {
      const unknown = { ...results, lint: result({ warnings: null }) };
      expect(judgeGates([parseGate(rule)], unknown)[0]).toMatchObject({ isMet: false, actual: null });
    },
  );

  it.each(['simulated', 'skipped', 'cancelled', 'could_not_start', 'timed_out'] as const)(
    'is never met by what is %s',
    (verdict: CheckVerdict) => {
      expect(isMet('test.failed==0', { ...results, tests: result({ verdict, failed: 0 }) })).toBe(false);
    },
  );

  it('is missed when the check was not asked for', () => {
    expect(isMet('lint.errors==0', { ...results, lint: null })).toBe(false);
  });

  it.each([
    [''],
    ['lint'],
    ['lint.warnings'],
    ['lint.warnings<='],
    ['lint.warnings=<0'],
    ['lint.colour<=0'],
    ['lint.constructor<=0'],
    ['constructor.name<=0'],
    ['test.total>=2MB'],
    ['build.size<=2XB'],
    ['build.size<=80%'],
    ['test.total>=-1'],
    ['test.total>=1e9'],
    ['test.total>=1; test.failed==0'],
  ])('%j is refused, with the allowed forms', (rule) => {
    expect(() => parseGate(rule)).toThrow(UsageError);
    expect(() => parseGate(rule)).toThrow(/FIELD one of lint\.warnings, .*OPERATOR one of <=/);
  });

  it('no text makes the reader of rules fail in another way', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => parseGate(text)).toThrow(UsageError);
      }),
    );
  });
});

describe('the order of checks', () => {
  const run = async (rules: readonly string[], isSerial: boolean, failing: readonly string[] = []) => {
    const told: string[] = [];
    const outcomes = await runInOrder(
      ['lint', 'test', 'build'],
      parseWaitsFor(rules),
      isSerial,
      async (check, blockedBy) => {
        told.push(`+${check}`);
        await Promise.resolve();
        told.push(`-${check}`);
        return blockedBy ?? (failing.includes(check) ? 'failed' : 'good');
      },
      (outcome) => outcome === 'good',
    );
    return { told: told.join(' '), outcomes: Object.fromEntries(outcomes) };
  };

  it('is all at once, or one after the other', async () => {
    expect((await run([], false)).told).toBe('+lint +test +build -lint -test -build');
    expect((await run([], true)).told).toBe('+lint -lint +test -test +build -build');
  });

  it('lets a check wait for others, and tells it which one did not turn out well', async () => {
    expect((await run(['lint=build', 'build=test'], false)).told).toBe('+test -test +build -build +lint -lint');
    expect((await run(['build=lint,test'], true, ['test'])).outcomes).toEqual({
      lint: 'good',
      test: 'failed',
      build: 'test',
    });
  });

  it.each([['build'], ['build=deploy'], ['build=build'], ['=lint'], ['x=lint']])('refuses --after %s', (rule) => {
    expect(() => parseWaitsFor([rule])).toThrow(UsageError);
  });

  it('refuses a circle, and names of checks that there are not', () => {
    expect(() => parseWaitsFor(['build=test', 'test=lint', 'lint=build'])).toThrow(/makes lint wait for itself/);
    expect(() => parseChecks('lint,deploy', '--only')).toThrow(
      '--only names "deploy"; the checks are lint, test, build.',
    );
    expect(parseChecks('build, lint', '--only')).toEqual(['lint', 'build']);
  });
});
