import { describe, expect, test } from 'vitest';
import { exitCodeOf, tallyLine, tallyOf } from './tally.ts';

describe('the tally of a test run', () => {
  test('is one plain line', () => {
    expect(tallyLine({ passed: 12, failed: 0, skipped: 3 })).toBe('12 passed, 0 failed, 3 skipped');
  });

  test('counts each test by its state, and one that never reported as failed', () => {
    const states = ['passed', 'passed', 'failed', 'skipped', 'pending'] as const;
    expect(tallyOf(states.map((state) => ({ kind: 'test', state })))).toEqual({ passed: 2, failed: 2, skipped: 1 });
  });

  test('counts errors outside of tests as failures', () => {
    expect(
      tallyOf([
        { kind: 'test', state: 'passed' },
        { kind: 'errors', count: 2 },
      ]).failed,
    ).toBe(2);
  });

  test('a skipped test is a failure in CI and nowhere else', () => {
    expect(exitCodeOf({ passed: 5, failed: 0, skipped: 1 }, true)).toBe(1);
    expect(exitCodeOf({ passed: 5, failed: 0, skipped: 1 }, false)).toBe(0);
  });

  test('a failed test is a failure everywhere', () => {
    expect(exitCodeOf({ passed: 5, failed: 1, skipped: 0 }, false)).toBe(1);
  });
});
