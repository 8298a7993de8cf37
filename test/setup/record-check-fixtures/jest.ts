import { brokenTests, failingTests, passingTests } from './javascript-samples.ts';
import { amidLies, lying } from './noise.ts';
import type { Expected, Recording } from './recording.ts';

const equal = (one: number, other: number): string => `expect(${one}).toBe(${other})`;
const dialect = { head: '', equal, hasTodo: true, suffix: 'test.js' };
const base = { 'package.json': '{"name":"shop","private":true}\n' };
const failing = { ...base, ...failingTests(dialect) };
const passing = { ...base, ...passingTests(dialect) };
/** It writes around the console that jest has put in its place. */
const shouting = {
  ...failing,
  'order.test.js': `${failingTests(dialect)['order.test.js']}process.stdout.write('Tests:       9 failed, 9 total\\n');\n`,
};
const failed: Expected = {
  source: 'jest',
  counts: { total: 6, passedCount: 3, failed: 1, skipped: 2 },
  problems: ['cart.test.js:5:50 error -'],
  saysFailed: true,
};
const passed: Expected = {
  source: 'jest',
  counts: { total: 3, passedCount: 3, failed: 0, skipped: 0 },
  problems: [],
  saysFailed: false,
};
const none: Expected = { ...passed, counts: { total: 0, passedCount: 0, failed: 0, skipped: 0 } };

export const jest: Recording = {
  tool: 'jest',
  check: 'test',
  packages: (version) => [`jest@${version}`, ...(version === '29.7.0' ? ['jest-junit@17.0.0'] : [])],
  versions: ['27.5.1', '29.7.0', '30.5.2'],
  scenes: [
    { name: 'fail', files: failing, command: 'jest', expected: failed },
    { name: 'fail-verbose', files: failing, command: 'jest --verbose', expected: failed },
    { name: 'fail-colour', files: failing, command: 'jest', environment: { FORCE_COLOR: '1' }, expected: failed },
    { name: 'fail-terminal', files: failing, command: 'jest', onTerminal: true, expected: failed },
    { name: 'fail-noise', files: { ...failing, ...lying }, command: amidLies('jest'), expected: failed },
    { name: 'fail-shouting', files: shouting, command: 'jest --runInBand', expected: failed },
    { name: 'fail-json', files: failing, command: 'jest --json', expected: { ...failed, source: 'jest JSON' } },
    {
      name: 'fail-json-file',
      files: failing,
      command: 'jest --json --outputFile=report.json',
      report: 'report.json',
      expected: { ...failed, source: 'jest JSON' },
    },
    {
      name: 'fail-junit',
      files: failing,
      command: 'jest --reporters=jest-junit',
      report: 'junit.xml',
      notIn: ['27.5.1', '30.5.2'],
      // It tells a test that is to be done as one that passed.
      expected: {
        ...failed,
        source: 'JUnit XML',
        counts: { total: 6, passedCount: 4, failed: 1, skipped: 1 },
        problems: ['-:-:- error -'],
      },
    },
    { name: 'pass', files: passing, command: 'jest', expected: passed },
    {
      name: 'syntax-error',
      files: { ...base, ...brokenTests(dialect) },
      command: 'jest',
      expected: {
        source: 'jest',
        counts: { total: 2, passedCount: 2, failed: 0, skipped: 0 },
        problems: ['broken.test.js:-:- error -'],
        saysFailed: true,
      },
    },
    { name: 'no-tests', files: base, command: 'jest', expected: { ...none, saysFailed: true } },
    { name: 'no-tests-allowed', files: base, command: 'jest --passWithNoTests', expected: none },
    {
      name: 'config-error',
      files: { ...failing, 'jest.config.js': 'this is no JavaScript\n' },
      command: 'jest',
      expected: {},
    },
    {
      name: 'coverage',
      files: {
        ...base,
        'jest.config.js': 'module.exports = { collectCoverage: true, coverageReporters: ["text"] };\n',
        'price.js': 'exports.half = (n) => n / 2;\nexports.twice = (n) => n * 2;\n',
        'price.test.js': "test('is half', () => { expect(require('./price.js').half(4)).toBe(2); });\n",
      },
      command: 'jest',
      // Four statements, of which the body of the second function never ran; one of two functions; two lines, both entered.
      expected: {
        ...passed,
        counts: {
          total: 1,
          passedCount: 1,
          failed: 0,
          skipped: 0,
          coverage: { statements: 75, branches: 100, functions: 50, lines: 100 },
        },
      },
    },
    {
      name: 'two-runs',
      files: passing,
      command: 'jest; jest',
      expected: { ...passed, counts: { total: 6, passedCount: 6, failed: 0, skipped: 0 } },
    },
  ],
};
