import { expect, test } from 'vitest';

import { positionAfter } from './display-width.ts';

test.each([
  ['plain', 5],
  ['\u001b[1mbold\u001b[22m', 4],
  ['日本', 4],
  ['👍', 2],
  ['e\u0301', 1],
  ['… › ●', 5],
])('%j is as wide as a terminal shows it', (text, column) => {
  expect(positionAfter(text, 80)).toEqual({ row: 0, column });
});

test('a full row wraps only with the next character, and a wide one that has no room goes below', () => {
  expect(positionAfter('abcd', 4)).toEqual({ row: 0, column: 4 });
  expect(positionAfter('abcde', 4)).toEqual({ row: 1, column: 1 });
  expect(positionAfter('abc日', 4)).toEqual({ row: 1, column: 2 });
  expect(positionAfter('abcd\n', 4)).toEqual({ row: 1, column: 0 });
});
