import { expect, test } from 'vitest';
import { cell } from './table.ts';

test('a figure is its median with the least and the most, in three digits that mean something', () => {
  expect(cell([140.04, 128, 164.2])).toBe('140 (128–164)');
  expect(cell([0.09951, 0.0909, 0.116])).toBe('0.0995 (0.0909–0.116)');
  expect(cell([1_861_966.4, 1000, 2_000_000])).toBe('1,861,966 (1,000–2,000,000)');
  expect(cell([2, 1, 3.04])).toBe('2 (1–3.04)');
});
