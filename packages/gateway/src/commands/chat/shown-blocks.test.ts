import { expect, test } from 'vitest';

import { ShownBlocks } from './shown-blocks.ts';

test('a whole block adds what is new, or replaces what was shown', () => {
  const blocks = new ShownBlocks();
  blocks.read('a', 'Hel', true);
  expect(blocks.read('a', 'Hello', false)).toEqual({ piece: 'lo', isContinued: true });
  expect(blocks.read('a', 'Bye', false)).toEqual({ piece: 'Bye', isContinued: false });
});

test('300,000 pieces of one block cost no more than their number', () => {
  const blocks = new ShownBlocks();
  const started = performance.now();
  for (let n = 0; n < 300_000; n++) blocks.read('a', `token-${n} `, true);
  // Comparing at each piece takes minutes.
  expect(performance.now() - started).toBeLessThan(3_000);
});
