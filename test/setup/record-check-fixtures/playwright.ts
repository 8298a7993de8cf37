import { failingTests, passingTests } from './javascript-samples.ts';
import { amidLies, lying } from './noise.ts';
import type { Expected, Recording } from './recording.ts';

const head = "const { test, expect } = require('@playwright/test'); const { describe } = test;";
const equal = (one: number, other: number): string => `expect(${one}).toBe(${other})`;
const dialect = { head, equal, hasTodo: false, suffix: 'spec.js' };
const base = { 'package.json': '{"name":"shop","private":true}\n' };
const failing = { ...base, ...failingTests(dialect) };
const passing = { ...base, ...passingTests(dialect) };
const failed: Expected = {
  source: 'playwright',
  counts: { total: 6, passedCount: 3, failed: 1, skipped: 2 },
  problems: ['cart.spec.js:5:50 error -'],
  saysFailed: true,
};
const passed: Expected = {
  source: 'playwright',
  counts: { total: 3, passedCount: 3, failed: 0, skipped: 0 },
  problems: [],
  saysFailed: false,
};
const none: Expected = {
  ...passed,
  counts: { total: 0, passedCount: 0, failed: 0, skipped: 0 },
  saysFailed: true,
};
const command = 'playwright test --workers 1';

export const playwright: Recording = {
  tool: 'playwright',
  check: 'test',
  packages: (version) => [`@playwright/test@${version}`],
  versions: ['1.40.1', '1.52.0', '1.65.1'],
  scenes: [
    { name: 'fail', files: failing, command, expected: failed },
    { name: 'fail-line', files: failing, command: `${command} --reporter line`, expected: failed },
    { name: 'fail-dot', files: failing, command: `${command} --reporter dot`, expected: failed },
    { name: 'fail-colour', files: failing, command, environment: { FORCE_COLOR: '1' }, expected: failed },
    {
      name: 'fail-terminal',
      files: failing,
      command: `${command} --reporter list`,
      onTerminal: true,
      expected: failed,
    },
    { name: 'fail-noise', files: { ...failing, ...lying }, command: amidLies(command), expected: failed },
    {
      name: 'fail-json',
      files: failing,
      command: `${command} --reporter json`,
      expected: { ...failed, source: 'playwright JSON' },
    },
    {
      name: 'fail-junit',
      files: failing,
      command: `${command} --reporter junit`,
      expected: { ...failed, source: 'JUnit XML' },
    },
    { name: 'pass', files: passing, command, expected: passed },
    {
      name: 'flaky',
      files: {
        ...base,
        'order.spec.js': `${head}\ntest('is made', ({}, info) => { expect(info.retry).toBe(1); });\ntest('is sent', () => {});\n`,
      },
      command: `${command} --retries 1`,
      expected: {
        source: 'playwright',
        counts: { total: 2, passedCount: 2, failed: 0, skipped: 0 },
        saysFailed: false,
      },
    },
    {
      name: 'max-failures',
      files: failing,
      command: `${command} --max-failures 1`,
      expected: {
        ...failed,
        // The two that are skipped by name, and the two that it did not get to.
        counts: { total: 6, passedCount: 1, failed: 1, skipped: 4 },
      },
    },
    { name: 'no-tests', files: base, command, expected: none },
    {
      name: 'config-error',
      files: { ...failing, 'playwright.config.js': 'this is no JavaScript\n' },
      command,
      expected: {},
    },
    {
      name: 'two-runs',
      files: passing,
      command: `${command}; ${command}`,
      expected: { ...passed, counts: { total: 6, passedCount: 6, failed: 0, skipped: 0 } },
    },
  ],
};
