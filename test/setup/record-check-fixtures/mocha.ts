import { brokenTests, failingTests, passingTests } from './javascript-samples.ts';
import { amidLies, lying } from './noise.ts';
import type { Expected, Recording } from './recording.ts';

const head = "const assert = require('node:assert/strict'); const test = it;";
const equal = (one: number, other: number): string => `assert.equal(${one}, ${other})`;
const dialect = { head, equal, hasTodo: false, suffix: 'spec.js' };
const base = { 'package.json': '{"name":"shop","private":true}\n' };
const failing = { ...base, ...failingTests(dialect) };
const passing = { ...base, ...passingTests(dialect) };
const failed: Expected = {
  source: 'mocha',
  counts: { total: 6, passedCount: 3, failed: 1, skipped: 2 },
  problems: ['cart.spec.js:5:47 error -'],
  saysFailed: true,
};
const passed: Expected = {
  source: 'mocha',
  counts: { total: 3, passedCount: 3, failed: 0, skipped: 0 },
  problems: [],
  saysFailed: false,
};
const none: Expected = {
  ...passed,
  counts: { total: 0, passedCount: 0, failed: 0, skipped: 0 },
  saysFailed: true,
};
const command = "mocha '*.spec.js'";

export const mocha: Recording = {
  tool: 'mocha',
  check: 'test',
  packages: (version) => [`mocha@${version}`],
  versions: ['9.2.2', '10.8.2', '11.8.0', '12.0.3'],
  scenes: [
    { name: 'fail', files: failing, command, expected: failed },
    { name: 'fail-dot', files: failing, command: `${command} --reporter dot`, expected: failed },
    { name: 'fail-min', files: failing, command: `${command} --reporter min`, expected: failed },
    { name: 'fail-list', files: failing, command: `${command} --reporter list`, expected: failed },
    { name: 'fail-colour', files: failing, command: `${command} --color`, expected: failed },
    { name: 'fail-terminal', files: failing, command, onTerminal: true, expected: failed },
    { name: 'fail-noise', files: { ...failing, ...lying }, command: amidLies(command), expected: failed },
    {
      name: 'fail-json',
      files: failing,
      command: `${command} --reporter json`,
      expected: { ...failed, source: 'mocha JSON' },
    },
    {
      name: 'fail-tap',
      files: failing,
      command: `${command} --reporter tap`,
      expected: { ...failed, source: 'TAP', problems: ['-:-:- error -'] },
    },
    {
      name: 'fail-tap-13',
      files: failing,
      command: `${command} --reporter tap --reporter-option tapVersion=13`,
      expected: { ...failed, source: 'TAP', problems: ['-:-:- error -'] },
    },
    {
      name: 'fail-xunit',
      files: failing,
      command: `${command} --reporter xunit`,
      expected: { ...failed, source: 'JUnit XML' },
      butIn: {
        // It does not name the file.
        '9.2.2': { ...failed, source: 'JUnit XML', problems: ['-:-:- error -'] },
      },
    },
    { name: 'pass', files: passing, command, expected: passed },
    { name: 'syntax-error', files: { ...base, ...brokenTests(dialect) }, command, expected: {} },
    { name: 'no-files', files: base, command: 'mocha nothing', expected: none },
    { name: 'no-tests', files: { ...base, 'empty.spec.js': '\n' }, command, expected: none },
    {
      name: 'hook-fails',
      files: {
        ...base,
        'order.spec.js': `${head}\nbefore(() => { assert.equal(1, 2); });\ntest('is made', () => {});\n`,
      },
      command,
      expected: {
        source: 'mocha',
        counts: { total: 1, passedCount: 0, failed: 1, skipped: 0 },
        problems: ['order.spec.js:2:23 error -'],
        saysFailed: true,
      },
    },
    {
      name: 'two-runs-unclear',
      files: passing,
      command: `${command}; ${command}`,
      expected: { ...passed, counts: {} },
    },
  ],
};
