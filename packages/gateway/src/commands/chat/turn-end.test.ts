import { expect, test } from 'vitest';

import { describeEnd } from './turn-end.ts';

test.each([
  [undefined, 'done'],
  [{ inputTokens: 12_345, outputTokens: 7, cost: null }, 'done · 12,345 in · 7 out · cost unknown'],
  [{ inputTokens: 1, outputTokens: 2, cacheReadTokens: 900, cost: 1.234 }, 'done · 1 in (900 cached) · 2 out · $1.23'],
  [{ inputTokens: 1, outputTokens: 2, cost: 0.00003 }, 'done · 1 in · 2 out · $0.00003'],
  [{ inputTokens: 0, outputTokens: 0, cost: 0 }, 'done · 0 in · 0 out · $0'],
])('%j reads %j', (usage, line) => {
  expect(describeEnd('completed', usage)).toBe(line);
});

test('how it ended is said in words', () => {
  expect(describeEnd('budget', undefined)).toBe('ended: the budget is used up');
});
