import { brokenTests, failingTests, passingTests } from './javascript-samples.ts';
import { amidLies, lying } from './noise.ts';
import type { Expected, Recording } from './recording.ts';

const head = "import { describe, test } from 'node:test'; import assert from 'node:assert/strict';";
const equal = (one: number, other: number): string => `assert.equal(${one}, ${other})`;
const dialect = { head, equal, hasTodo: true, suffix: 'test.js' };
const base = { 'package.json': '{"name":"shop","private":true,"type":"module"}\n' };
const failing = { ...base, ...failingTests(dialect) };
const passing = { ...base, ...passingTests(dialect) };
const failed: Expected = {
  source: 'node:test',
  counts: { total: 6, passedCount: 3, failed: 1, skipped: 2 },
  problems: ['cart.test.js:4:3 error -'],
  saysFailed: true,
};
const tapFailed: Expected = { ...failed, source: 'node:test TAP', problems: [] };
const passed: Expected = {
  source: 'node:test',
  counts: { total: 3, passedCount: 3, failed: 0, skipped: 0 },
  problems: [],
  saysFailed: false,
};

export const nodeTest: Recording = {
  tool: 'node-test',
  check: 'test',
  packages: (version) => [`node@${version}`],
  versions: ['20.20.2', '22.23.3', '24.21.0', '26.10.0'],
  scenes: [
    { name: 'fail', files: failing, command: 'node --test --test-reporter=spec', expected: failed },
    { name: 'fail-tap', files: failing, command: 'node --test --test-reporter=tap', expected: tapFailed },
    {
      name: 'fail-junit',
      files: failing,
      command: 'node --test --test-reporter=junit',
      expected: { ...failed, source: 'JUnit XML', problems: ['cart.test.js:5:47 error -'] },
      butIn: {
        '20.20.2': { ...failed, source: 'JUnit XML', problems: ['-:-:- error -'] },
        '22.23.3': { ...failed, source: 'JUnit XML', problems: ['-:-:- error -'] },
      },
    },
    {
      name: 'fail-colour',
      files: failing,
      command: 'node --test --test-reporter=spec',
      environment: { FORCE_COLOR: '1' },
      expected: failed,
    },
    { name: 'fail-terminal', files: failing, command: 'node --test', onTerminal: true, expected: failed },
    {
      name: 'fail-noise',
      files: { ...failing, ...lying },
      command: amidLies('node --test --test-reporter=spec'),
      expected: failed,
    },
    {
      name: 'fail-tap-noise',
      files: { ...failing, ...lying },
      command: amidLies('node --test --test-reporter=tap'),
      expected: tapFailed,
    },
    { name: 'pass', files: passing, command: 'node --test --test-reporter=spec', expected: passed },
    {
      name: 'pass-tap',
      files: passing,
      command: 'node --test --test-reporter=tap',
      expected: { ...passed, source: 'node:test TAP' },
    },
    {
      name: 'syntax-error',
      files: { ...base, ...brokenTests(dialect) },
      command: 'node --test --test-reporter=spec',
      expected: {
        source: 'node:test',
        counts: { total: 3, passedCount: 2, failed: 1, skipped: 0 },
        problems: ['broken.test.js:1:1 error -'],
        saysFailed: true,
      },
    },
    {
      name: 'no-tests',
      files: base,
      command: 'node --test --test-reporter=spec',
      expected: {
        source: 'node:test',
        counts: { total: 0, passedCount: 0, failed: 0, skipped: 0 },
        problems: [],
        saysFailed: true,
      },
    },
    { name: 'no-file', files: base, command: 'node --test nothing.js', expected: {} },
    {
      name: 'two-runs',
      files: passing,
      command: 'node --test --test-reporter=tap; node --test --test-reporter=tap',
      expected: {
        ...passed,
        source: 'node:test TAP',
        counts: { total: 6, passedCount: 6, failed: 0, skipped: 0 },
      },
    },
    {
      name: 'two-runs-unclear',
      files: passing,
      command: 'node --test --test-reporter=spec; node --test --test-reporter=spec',
      expected: { ...passed, counts: {} },
    },
  ],
};
