import { afterEach, beforeEach, expect, test } from 'vitest';
import { TestMachine } from './testing/test-machine.ts';

let machine: TestMachine;

beforeEach(async () => {
  machine = await TestMachine.start();
});

afterEach(async () => {
  await machine.stop();
});

test('a prompt goes down and its lines come back, numbered from 0, accepted first', async () => {
  const link = machine.link();
  const session = link.open('s1');
  expect(await session.opened()).toMatchObject({ session: 's1', generation: 1, from: 0, next: 0 });
  session.prompt('p1', 'say hello');
  await session.untilType('done');
  expect(session.types()).toEqual(['opened', 'runner.accepted', 'init', 'text', 'done']);
  expect(session.texts()).toEqual(['hello']);
  expect(machine.journal('s1')).toHaveLength(4);
  await link.close();
});
