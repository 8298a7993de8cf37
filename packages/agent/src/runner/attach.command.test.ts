import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundleEntry, TestMachine } from './testing/test-machine.ts';

let machine: TestMachine;

beforeEach(async () => {
  machine = await TestMachine.start();
});

afterEach(async () => {
  await machine.stop();
});

test('attached comes first and names where it begins; then the lines; the end of input leaves the runner alone', async () => {
  const attach = machine.attach('s1');
  expect(await attach.untilType('attached')).toMatchObject({ session: 's1', generation: 1, from: 0, next: 0 });
  attach.send({ type: 'prompt', id: 'p1', prompt: 'say a\nsay b' });
  await attach.untilType('done');
  expect(await attach.leave()).toBe(0);
  expect(attach.types()).toEqual(['attached', 'runner.accepted', 'init', 'text', 'text', 'done']);
  expect(machine.runners()).toEqual([machine.runnerPid('s1')]);

  const again = machine.attach('s1', 3);
  expect(await again.untilType('attached')).toMatchObject({ generation: 2, from: 3, next: 5 });
  await again.untilType('done');
  expect(again.texts()).toEqual(['b']);
  expect(await again.leave()).toBe(0);
});

test('from beyond the end starts at the end', async () => {
  const attach = machine.attach('s1', 1000);
  expect(await attach.untilType('attached')).toMatchObject({ from: 0, next: 0 });
  expect(await attach.leave()).toBe(0);
});

test('a person may send several prompts in a row, and leave: they are carried out all the same', async () => {
  const attach = machine.attach('s1');
  for (let number = 0; number < 5; number += 1)
    attach.send({ type: 'prompt', id: `p${number}`, prompt: `say ${number}` });
  expect(await attach.leave()).toBe(0);
  const again = machine.attach('s1');
  await again.until((line) => line.type === 'done' && again.texts().length === 5);
  expect(again.texts()).toEqual(['0', '1', '2', '3', '4']);
  await again.leave();
});

test('the newer one wins: the older one is told, and exits with 1', async () => {
  const first = machine.attach('s1');
  await first.untilType('attached');
  const second = machine.attach('s1');
  await second.untilType('attached');
  expect(await first.untilType('detached')).toEqual({ type: 'detached', reason: 'superseded', generation: 2 });
  expect(await first.exitCode).toBe(1);
  await second.leave();
});

test('a runner that is killed is told as lost, with exit code 1', async () => {
  const attach = machine.attach('s1');
  await attach.untilType('attached');
  process.kill(machine.runnerPid('s1'), 'SIGKILL');
  expect(await attach.untilType('detached')).toEqual({ type: 'detached', reason: 'lost' });
  expect(await attach.exitCode).toBe(1);
});

test('what is no client message is said on stderr and goes nowhere', async () => {
  const attach = machine.attach('s1');
  await attach.untilType('attached');
  attach.process.stdin?.write('nonsense\n{"type":"dance"}\n');
  attach.send({ type: 'prompt', id: 'p1', prompt: 'say x' });
  await attach.untilType('done');
  expect(attach.stderr.split('\n').filter((line) => line !== '')).toHaveLength(2);
  await attach.leave();
});

test('a reader that closes early ends it quietly', async () => {
  const attach = machine.attach('s1');
  await attach.untilType('attached');
  attach.process.stdout?.destroy();
  attach.send({ type: 'prompt', id: 'p1', prompt: 'flood 2000' });
  expect(await attach.exitCode).toBe(0);
  expect(attach.stderr).toBe('');
  expect(machine.runners()).toEqual([machine.runnerPid('s1')]);
});

test('a person at the machine hands the keys of the own shell to the agent, and nothing else of it', async () => {
  const attach = machine.attach('s1', 0, { ANTHROPIC_API_KEY: 'k', SECRET_OF_MINE: 's' });
  attach.send({ type: 'prompt', id: 'p1', prompt: 'env ANTHROPIC_API_KEY\nenv SECRET_OF_MINE' });
  await attach.untilType('done');
  expect(attach.texts()).toEqual(['k', '']);
  const runner = readFileSync(`/proc/${machine.runnerPid('s1')}/environ`, 'utf8');
  expect(runner).not.toContain('ANTHROPIC_API_KEY');
  await attach.leave();
});

test.each([
  ['no session', ['--agent', 'fake'], '--session'],
  ['a session that is no file name', ['--session', '../x', '--agent', 'fake'], '--session'],
  ['no agent', ['--session', 's1'], '--agent'],
  ['an offset that is none', ['--session', 's1', '--agent', 'fake', '--from', 'x'], '--from'],
  ['an option that is none', ['--session', 's1', '--agent', 'fake', '--frm', '1'], '--frm'],
])('wrong arguments (%s) are named, with exit code 2', async (_, args, named) => {
  const child = spawn(process.execPath, [await bundleEntry(), 'attach', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(2);
  expect(stderr).toContain(named);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
});
