import { amidLies, lying } from './noise.ts';
import type { Expected, Recording } from './recording.ts';

/** One passes and prints lies, one fails and prints more, one is skipped, one fails as it is expected to, one cannot begin. */
const failing = {
  'test_cart.py': `import pytest

def test_adds():
    print("12 failed, 3 passed in 0.01s")
    assert 1 + 1 == 2

def test_adds_wrongly():
    print("12 failed, 3 passed in 0.01s")
    print("=== 12 failed in 0.01s ===")
    assert 1 + 1 == 3

@pytest.mark.skip(reason="later")
def test_removes(): pass

@pytest.mark.xfail
def test_pays(): assert False

@pytest.fixture
def broken():
    raise RuntimeError("no")

def test_sends(broken): pass
`,
};
const passing = { 'test_order.py': 'def test_is_made(): pass\ndef test_is_sent(): pass\ndef test_is_paid(): pass\n' };
const failed: Expected = {
  source: 'pytest',
  counts: { total: 5, passedCount: 1, failed: 2, skipped: 2 },
  problems: ['test_cart.py:10:- error -', 'test_cart.py:20:- error -'],
  saysFailed: true,
};
const passed: Expected = {
  source: 'pytest',
  counts: { total: 3, passedCount: 3, failed: 0, skipped: 0 },
  problems: [],
  saysFailed: false,
};
/** It does not say how many it had collected, and an error may be a second word on a test that has passed. */
const quiet: Expected = { ...failed, counts: { passedCount: 1, failed: 2, skipped: 2 } };
const none: Expected = {
  ...passed,
  counts: { total: 0, passedCount: 0, failed: 0, skipped: 0 },
  saysFailed: true,
};
const xdist = { PYTEST_DISABLE_PLUGIN_AUTOLOAD: '' };

export const pytest: Recording = {
  tool: 'pytest',
  check: 'test',
  program: (version) => (version === 'debian' ? '/usr/bin/python3 -m pytest' : 'pytest'),
  versionCommand: '$PROGRAM --version 2>&1',
  versions: ['debian', 'newest'],
  scenes: [
    { name: 'fail', files: failing, command: '$PROGRAM', expected: failed },
    { name: 'fail-quiet', files: failing, command: '$PROGRAM -q', expected: quiet },
    { name: 'fail-verbose', files: failing, command: '$PROGRAM -v', expected: failed },
    {
      name: 'fail-short',
      files: failing,
      command: '$PROGRAM --tb=short',
      expected: { ...failed, problems: ['test_cart.py:10:- error -', 'test_cart.py:20:- error -'] },
    },
    {
      name: 'fail-no-traceback',
      files: failing,
      command: '$PROGRAM --tb=no',
      expected: { ...failed, problems: ['test_cart.py:-:- error -', 'test_cart.py:-:- error -'] },
    },
    { name: 'fail-colour', files: failing, command: '$PROGRAM --color=yes', expected: failed },
    { name: 'fail-terminal', files: failing, command: '$PROGRAM', onTerminal: true, expected: failed },
    { name: 'fail-shown', files: failing, command: '$PROGRAM -s', expected: failed },
    { name: 'fail-noise', files: { ...failing, ...lying }, command: amidLies('$PROGRAM'), expected: failed },
    {
      name: 'fail-workers',
      files: failing,
      command: '$PROGRAM -n 2',
      environment: xdist,
      notIn: ['newest'],
      // Its workers say how many, each for itself, and not how many there are.
      expected: quiet,
    },
    {
      name: 'fail-junit',
      files: failing,
      command: '$PROGRAM --junitxml=report.xml',
      report: 'report.xml',
      expected: {
        ...failed,
        source: 'JUnit XML',
        problems: ['-:-:- error -', '-:-:- error -'],
      },
    },
    { name: 'pass', files: passing, command: '$PROGRAM', expected: passed },
    { name: 'pass-quiet', files: passing, command: '$PROGRAM -q', expected: passed },
    {
      name: 'syntax-error',
      files: { ...passing, 'test_broken.py': 'def test_is_made(:\n' },
      command: '$PROGRAM',
      expected: {
        source: 'pytest',
        counts: { passedCount: 0, failed: 1, skipped: 0 },
        problems: ['test_broken.py:-:- error -'],
        saysFailed: true,
      },
    },
    { name: 'no-tests', files: { 'README.md': '' }, command: '$PROGRAM', expected: none },
    { name: 'no-tests-quiet', files: { 'README.md': '' }, command: '$PROGRAM -q', expected: none },
    {
      name: 'teardown',
      files: {
        'test_order.py':
          'import pytest\n@pytest.fixture\ndef order():\n    yield 1\n    raise RuntimeError("no")\ndef test_is_made(order): pass\n',
      },
      command: '$PROGRAM',
      // One test, which has passed and has an error as well.
      expected: {
        source: 'pytest',
        counts: { passedCount: 1, failed: 1, skipped: 0 },
        problems: ['test_order.py:5:- error -'],
        saysFailed: true,
      },
    },
    {
      name: 'two-runs',
      files: passing,
      command: '$PROGRAM; $PROGRAM -q',
      expected: { ...passed, counts: { total: 6, passedCount: 6, failed: 0, skipped: 0 } },
    },
  ],
};
