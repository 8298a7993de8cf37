import { once } from 'node:events';

import { expect, test } from 'vitest';

import { tell } from './tell.ts';

test('a listener is told', () => {
  const told: unknown[] = [];
  tell('onWarning', (...args: readonly [string, number]) => told.push(...args), 'one', 2);
  tell('onWarning', undefined, 'nobody');
  expect(told).toEqual(['one', 2]);
});

test.for([
  ['throws', (): void => fail()],
  ['rejects', async (): Promise<void> => fail()],
] as const)('what a listener that %s says is a warning of the process', async ([, listener]) => {
  const warned = once(process, 'warning');
  tell('onWarning', listener);
  const [warning] = await warned;
  expect(warning).toMatchObject({ name: 'HoldfastWarning', message: expect.stringContaining('onWarning threw: full') });
});

function fail(): never {
  throw new Error('full');
}
