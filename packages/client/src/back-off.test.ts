import { expect, test } from 'vitest';

import { delayAfter } from './back-off.ts';

test('it waits 1, 2, 5, 10 and 30 seconds and then gives up', () => {
  expect([0, 1, 2, 3, 4, 5].map(delayAfter)).toEqual([1_000, 2_000, 5_000, 10_000, 30_000, undefined]);
});
