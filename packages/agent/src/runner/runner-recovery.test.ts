import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Meta } from './meta.ts';
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

const unknown = 'interrupted, outcome unknown';

test('an agent that is killed in mid-turn leaves nothing open: calls, error, one done for each prompt', async () => {
  const session = link.open('s1');
  session.prompt('p1', 'say a\ndangle t1');
  session.prompt('p2', 'say never');
  await session.untilType('tool_use');
  await session.until((line) => line['id'] === 'p2');
  process.kill(machine.agentPid('s1'), 'SIGKILL');
  await session.until(() => session.types().filter((type) => type === 'done').length === 2);
  expect(session.lines.slice(-4)).toEqual([
    { type: 'tool_result', agent: 'fake', toolId: 't1', error: unknown },
    { type: 'error', agent: 'fake', error: expect.stringContaining('SIGKILL'), code: 'agent_crashed' },
    { type: 'done', agent: 'fake', reason: 'error' },
    { type: 'done', agent: 'fake', reason: 'error' },
  ]);
  session.prompt('p3', 'say again');
  await session.until((line) => line['content'] === 'again');
});

test('a runner that is killed is told as lost, its agent goes, and the next one closes the turn and goes on in the same epoch', async () => {
  const first = link.open('s1');
  const { epoch } = await first.opened();
  first.prompt('p1', 'say a\nstray\ndangle t1');
  await first.untilType('tool_use');
  const stray = Number(first.texts()[1]);
  const before = machine.runnerPid('s1');
  process.kill(before, 'SIGKILL');
  expect(await first.gone()).toEqual({ type: 'gone', reason: 'lost' });

  const second = link.open('s1', { from: first.next, epoch });
  expect(await second.opened()).toMatchObject({ epoch, from: first.next, generation: 2 });
  expect(await second.untilType('done')).toMatchObject({ reason: 'interrupted' });
  expect(second.lines.slice(1)).toEqual([
    { type: 'tool_result', agent: 'fake', toolId: 't1', error: unknown },
    { type: 'done', agent: 'fake', reason: 'interrupted' },
  ]);
  expect(machine.runnerPid('s1')).not.toBe(before);
  expect(machine.processes().map(({ pid }) => pid)).not.toContain(stray);
  second.prompt('p1', 'say accepted before');
  second.prompt('p2', 'say new');
  await second.until((line) => line['content'] === 'new');
  expect(second.texts()).toEqual(['new']);
});

test('an agent that survives its killed runner is found by the next one and ended', async () => {
  const first = link.open('s1');
  first.prompt('p1', 'pid\ndeaf');
  const agent = Number((await first.untilType('text'))['content']);
  // A stopped process sees neither the end of its input nor TERM.
  process.kill(agent, 'SIGSTOP');
  process.kill(machine.runnerPid('s1'), 'SIGKILL');
  await first.gone();
  expect(machine.processes().map(({ pid }) => pid)).toContain(agent);
  await link.open('s1').opened();
  expect(machine.processes().map(({ pid }) => pid)).not.toContain(agent);
});

test('what a killed runner left behind is ended by the next link, also when nobody opens the session again', async () => {
  const session = link.open('s1');
  session.prompt('p1', 'stray\nsay x');
  const stray = Number((await session.untilType('text'))['content']);
  const other = link.open('s2');
  other.prompt('p1', 'pid');
  const neighbour = Number((await other.untilType('text'))['content']);
  process.kill(machine.runnerPid('s1'), 'SIGKILL');
  await session.gone();
  const pids = (): number[] => machine.processes().map(({ pid }) => pid);
  expect(pids()).toContain(stray);
  const next = machine.link();
  await expect.poll(pids, { timeout: 10_000 }).not.toContain(stray);
  expect(pids()).toContain(neighbour);
  await next.close();
});

test('a runner that is told to end closes its turn, keeps the journal, and its generation', async () => {
  const first = link.open('s1', { generation: 5 });
  first.prompt('p1', 'say a\nhang');
  await first.untilType('text');
  process.kill(machine.runnerPid('s1'), 'SIGTERM');
  expect(await first.gone()).toEqual({ type: 'gone', reason: 'lost' });
  expect(JSON.parse(machine.journal('s1').at(-1) ?? '')).toEqual({
    type: 'done',
    agent: 'fake',
    reason: 'interrupted',
  });
  expect(await link.open('s1', { generation: 4 }).gone()).toMatchObject({ reason: 'stale', generation: 5 });
});

test('a torn last line is cut off, and the next line takes its number', async () => {
  const first = link.open('s1');
  const { epoch } = await first.opened();
  first.prompt('p1', 'say a');
  await first.untilType('done');
  process.kill(machine.runnerPid('s1'), 'SIGKILL');
  await first.gone();
  appendFileSync(machine.paths('s1').journal, '{"type":"text","agent":"fake","conte');
  const second = link.open('s1', { from: first.next, epoch });
  expect(await second.opened()).toMatchObject({ from: first.next, next: first.next });
  second.prompt('p2', 'say b');
  await second.untilType('done');
  expect(machine.journal('s1').map((line) => (JSON.parse(line) as { type: string }).type)).toEqual([
    ...['runner.accepted', 'init', 'text', 'done'],
    ...['runner.accepted', 'init', 'text', 'done'],
  ]);
});

test('when the record of a journal is lost its numbers get a new epoch', async () => {
  const first = link.open('s1');
  const { epoch } = await first.opened();
  first.prompt('p1', 'say a');
  await first.untilType('done');
  process.kill(machine.runnerPid('s1'), 'SIGKILL');
  await first.gone();
  writeFileSync(machine.paths('s1').meta, '{"session":"s1","ag');
  const second = link.open('s1', { from: first.next, epoch });
  const opened = await second.opened();
  expect(opened['epoch']).not.toBe(epoch);
  expect(opened).toMatchObject({ from: 0, next: 4 });
});

test('the claim of a dead process is no obstacle, also when its number was given to somebody else', async () => {
  const first = link.open('s1');
  await first.opened();
  process.kill(machine.runnerPid('s1'), 'SIGKILL');
  await first.gone();
  appendFileSync(`${machine.paths('s1').folder}/claim.${process.pid}.anotherboot-1`, '');
  await link.open('s1').opened();
});

test('a runner whose journal is acknowledged ends when nobody came for a while, and leaves nothing', async () => {
  const idle = machine.link({ HOLDFAST_IDLE_MS: '50' });
  const session = idle.open('idle');
  session.prompt('p1', 'say a');
  await session.untilType('done');
  session.ack(session.next);
  session.close();
  await expect.poll(() => machine.folderIsThere('idle')).toBe(false);
  await idle.close();
});

test('a runner whose journal is not acknowledged leaves it to the next one, in the same epoch', async () => {
  const idle = machine.link({ HOLDFAST_IDLE_MS: '50' });
  const session = idle.open('idle');
  const { epoch } = await session.opened();
  session.prompt('p1', 'say a');
  await session.untilType('done');
  session.ack(session.next - 1);
  session.close();
  await expect.poll(() => machine.runners().length).toBe(2);
  const meta = JSON.parse(readFileSync(machine.paths('idle').meta, 'utf8')) as Meta;
  expect(meta).toMatchObject({ epoch, acked: session.next - 1 });
  const again = idle.open('idle');
  expect(await again.opened()).toMatchObject({ epoch, next: 4 });
  await again.untilType('done');
  again.end();
  await again.gone();
  await idle.close();
});

test('a runner does not end while a turn waits for somebody', async () => {
  const idle = machine.link({ HOLDFAST_IDLE_MS: '50' });
  const waiting = idle.open('waiting');
  waiting.prompt('p1', 'tool t1');
  await waiting.untilType('tool_use');
  waiting.close();
  // Another one with the same patience comes and goes meanwhile.
  const other = idle.open('other');
  await other.opened();
  other.close();
  await expect.poll(() => machine.folderIsThere('other')).toBe(false);
  const again = idle.open('waiting');
  again.command({ type: 'approve', id: 'a1', toolId: 't1' });
  expect(await again.untilType('done')).toMatchObject({ reason: 'completed' });
  await idle.close();
});
