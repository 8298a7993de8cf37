import { expect, test } from 'vitest';
import { boundCheckResult } from './bound-check-result.ts';
import type { CheckResult } from './check-result.ts';

const result: CheckResult = {
  ...{ passed: false, verdict: 'failed', command: 'npm test', output: 'x', returnCode: 1, durationMs: 5 },
  ...{ mode: 'real', simulated: false, source: null, problems: [], total: 3 },
};

test('a result of ordinary size stays as it is', () => {
  expect(boundCheckResult(result, 100)).toEqual(result);
});

test('the largest result that there can be fits well into a message', () => {
  const long = '😀'.repeat(100_000);
  const problem = { file: long, line: 1, column: 1, severity: 'error', message: long, rule: long } as const;
  const huge = {
    ...result,
    ...{ command: long, output: long, reason: long, notCached: long, logFile: long },
    problems: Array.from({ length: 1000 }, () => problem),
  };
  const bounded = boundCheckResult(huge, 100);
  expect(bounded.problems).toHaveLength(100);
  expect(bounded.output.length).toBeLessThanOrEqual(2000);
  const text = JSON.stringify(bounded);
  expect(text.isWellFormed()).toBe(true);
  expect(new TextEncoder().encode(text).length).toBeLessThan(700_000);
});

test('text that no store would take is made well-formed', () => {
  expect(boundCheckResult({ ...result, output: 'a\ud800b' }, 1).output).toBe('a\ufffdb');
});
