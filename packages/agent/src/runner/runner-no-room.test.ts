import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TestLink } from './testing/test-link.ts';
import { TestMachine } from './testing/test-machine.ts';

let machine: TestMachine;
let link: TestLink;

beforeEach(async () => {
  machine = await TestMachine.start();
  link = machine.link();
});

afterEach(async () => {
  await link.close();
  await machine.stop();
});

/** A limit on the size of files does to the journal what a disk does on which somebody else took the reserve's room. */
function limitFiles(pid: number, bytes: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
}

test('when there is no room even for the closing lines they are written as soon as there is, and nothing is accepted before', async () => {
  const session = link.open('s1');
  session.prompt('p1', 'say a\nhang');
  await session.untilType('text');
  const runner = machine.runnerPid('s1');
  limitFiles(runner, session.bytes);
  session.command({ type: 'abort', id: 'a1' });
  expect(await session.gone()).toMatchObject({ reason: 'failed', code: 'unavailable' });
  await expect.poll(() => machine.processes().filter(({ command }) => command.includes(' run '))).toEqual([]);
  expect(machine.journal('s1')).toHaveLength(session.next);
  const refused = link.open('s1', { from: session.next });
  refused.prompt('p2', 'say refused');
  expect(await refused.gone()).toMatchObject({ reason: 'failed', code: 'unavailable' });

  const again = link.open('s1', { from: session.next });
  await again.opened();
  limitFiles(runner, 'unlimited');
  expect(await again.untilType('done')).toMatchObject({ reason: 'error' });
  again.prompt('p2', 'say again');
  await again.until((line) => line.type === 'done' && line['reason'] === 'completed');
  expect(again.texts()).toEqual(['again']);
});
