import { brokenTests, failingTests, passingTests } from './javascript-samples.ts';
import { amidLies, lying } from './noise.ts';
import type { Expected, Recording } from './recording.ts';

const head = "import { describe, expect, test } from 'vitest';";
const equal = (one: number, other: number): string => `expect(${one}).toBe(${other})`;
const dialect = { head, equal, hasTodo: true, suffix: 'test.js' };
const base = { 'package.json': '{"name":"shop","private":true,"type":"module"}\n' };
const failing: Readonly<Record<string, string>> = { ...base, ...failingTests(dialect) };
const passing: Readonly<Record<string, string>> = { ...base, ...passingTests(dialect) };
const failed: Expected = {
  source: 'vitest',
  counts: { total: 6, passedCount: 3, failed: 1, skipped: 2 },
  problems: ['cart.test.js:5:50 error -'],
  saysFailed: true,
};
const passed: Expected = {
  source: 'vitest',
  counts: { total: 3, passedCount: 3, failed: 0, skipped: 0 },
  problems: [],
  saysFailed: false,
};
const json = '--reporter=json --outputFile=report.json';

export const vitest: Recording = {
  tool: 'vitest',
  check: 'test',
  packages: (version) => [`vitest@${version}`, ...(version === '3.2.7' ? [`@vitest/coverage-v8@${version}`] : [])],
  versions: ['1.6.1', '2.1.9', '3.2.7', '4.1.12', '5.1.1'],
  scenes: [
    { name: 'fail', files: failing, command: 'vitest run', expected: failed },
    { name: 'fail-verbose', files: failing, command: 'vitest run --reporter=verbose', expected: failed },
    { name: 'fail-dot', files: failing, command: 'vitest run --reporter=dot', expected: failed },
    { name: 'fail-colour', files: failing, command: 'vitest run', environment: { FORCE_COLOR: '1' }, expected: failed },
    { name: 'fail-terminal', files: failing, command: 'vitest run', onTerminal: true, expected: failed },
    {
      name: 'fail-noise',
      files: { ...failing, ...lying },
      command: amidLies('vitest run'),
      expected: failed,
    },
    {
      name: 'fail-json',
      files: failing,
      command: `vitest run ${json}`,
      report: 'report.json',
      expected: { ...failed, source: 'vitest JSON' },
    },
    {
      name: 'fail-json-output',
      files: failing,
      command: `vitest run --reporter=json`,
      notIn: ['5.1.1'],
      expected: { ...failed, source: 'vitest JSON' },
    },
    {
      name: 'fail-junit',
      files: failing,
      command: 'vitest run --reporter=junit --outputFile=report.xml',
      report: 'report.xml',
      expected: { ...failed, source: 'JUnit XML' },
    },
    {
      name: 'fail-tap',
      files: failing,
      command: 'vitest run --reporter=tap-flat',
      expected: { ...failed, source: 'TAP', problems: ['-:-:- error -'] },
    },
    { name: 'pass', files: passing, command: 'vitest run', expected: passed },
    {
      name: 'pass-json',
      files: passing,
      command: `vitest run ${json}`,
      report: 'report.json',
      expected: { ...passed, source: 'vitest JSON' },
    },
    {
      name: 'syntax-error',
      files: { ...base, ...brokenTests(dialect) },
      command: 'vitest run',
      expected: {
        source: 'vitest',
        counts: { total: 2, passedCount: 2, failed: 0, skipped: 0 },
        problems: ['broken.test.js:-:- error -'],
        saysFailed: true,
      },
    },
    {
      name: 'no-tests',
      files: base,
      command: 'vitest run',
      expected: {
        source: 'vitest',
        counts: { total: 0, passedCount: 0, failed: 0, skipped: 0 },
        problems: [],
        saysFailed: true,
      },
    },
    {
      name: 'no-tests-allowed',
      files: base,
      command: 'vitest run --passWithNoTests',
      expected: {
        source: 'vitest',
        counts: { total: 0, passedCount: 0, failed: 0, skipped: 0 },
        problems: [],
        saysFailed: false,
      },
    },
    {
      name: 'config-error',
      files: { ...failing, 'vitest.config.js': 'this is no JavaScript\n' },
      command: 'vitest run',
      expected: {},
    },
    {
      name: 'unhandled',
      files: {
        ...base,
        'order.test.js': `${head}\ntest('is made', async () => { void Promise.reject(new Error('too late')); await new Promise((done) => setImmediate(done)); });\n`,
      },
      command: 'vitest run',
      expected: {
        source: 'vitest',
        counts: { total: 1, passedCount: 1, failed: 0, skipped: 0 },
        saysFailed: true,
      },
    },
    {
      name: 'two-runs-workspaces',
      files: {
        'package.json': '{"name":"shop","private":true,"workspaces":["cart","till"]}\n',
        'cart/package.json': '{"name":"cart","version":"1.0.0","type":"module","scripts":{"test":"vitest run"}}\n',
        'cart/cart.test.js': failing['cart.test.js'] ?? '',
        'till/package.json': '{"name":"till","version":"1.0.0","type":"module","scripts":{"test":"vitest run"}}\n',
        'till/order.test.js': passing['order.test.js'] ?? '',
      },
      command: 'npm test --workspaces',
      // One passes, one fails, two are skipped; three pass.
      expected: {
        source: 'vitest',
        counts: { total: 7, passedCount: 4, failed: 1, skipped: 2 },
        problems: ['cart.test.js:5:50 error -'],
        saysFailed: true,
      },
    },
    {
      name: 'two-runs',
      files: passing,
      command: 'vitest run; vitest run',
      expected: { ...passed, counts: { total: 6, passedCount: 6, failed: 0, skipped: 0 } },
    },
  ],
};
