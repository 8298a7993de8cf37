import { once } from 'node:events';

import { expect, test } from 'vitest';

import { tell } from './tell.ts';

test('a listener is told', () => {
  const told: string[] = [];
  tell('onWarning', () => told.push('one'));
  expect(told).toEqual(['one']);
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
