import { expect, test } from 'vitest';
import { ago } from './ago.ts';

const now = Date.UTC(2026, 5, 15, 12);
const minute = 60_000;

test.each([
  [-5, 'just now'],
  [0, 'just now'],
  [minute - 1, 'just now'],
  [minute, '1 min ago'],
  [59 * minute, '59 min ago'],
  [60 * minute, '1 h ago'],
  [23 * 60 * minute, '23 h ago'],
  [48 * 60 * minute, '2 d ago'],
  [29 * 24 * 60 * minute, '29 d ago'],
  [31 * 24 * 60 * minute, '2026-05-15'],
])('%d ms is %s', (passed, words) => {
  expect(ago(now - passed, now)).toBe(words);
});
