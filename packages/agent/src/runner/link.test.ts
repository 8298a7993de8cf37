import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { encodeRawFrame, frameKind } from '@holdfast/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TestMachine } from './testing/test-machine.ts';

let machine: TestMachine;

beforeEach(async () => {
  machine = await TestMachine.start();
});

afterEach(async () => {
  await machine.stop();
});

test('fifty sessions over one link at once: each gets its own runner and its own lines', async () => {
  const link = machine.link();
  const sessions = Array.from({ length: 50 }, (_, number) => link.open(`s${number}`));
  for (const [number, session] of sessions.entries()) session.prompt(`p${number}`, `say ${number}\nflood 500\nsay end`);
  await Promise.all(sessions.map(async (session) => await session.untilType('done')));
  for (const [number, session] of sessions.entries()) {
    expect(session.texts()).toHaveLength(502);
    expect(session.texts()[0]).toBe(String(number));
  }
  for (const session of sessions) session.end();
  for (const session of sessions) expect(await session.gone()).toMatchObject({ reason: 'ended' });
  await link.close();
});

test('when the link ends its runners live on, with their agents, and the next link finds them', async () => {
  const first = machine.link();
  const session = first.open('s1');
  session.prompt('p1', 'pid\nhang');
  const agent = (await session.untilType('text'))['content'];
  const runner = machine.runnerPid('s1');
  await first.close();
  expect(machine.processes().map(({ pid }) => pid)).toEqual(expect.arrayContaining([runner, Number(agent)]));
  const second = machine.link();
  const again = second.open('s1', { from: session.next });
  expect(await again.opened()).toMatchObject({ generation: 2, from: 3 });
  again.command({ type: 'abort', id: 'a1' });
  expect(await again.untilType('done')).toMatchObject({ reason: 'aborted' });
  expect(machine.runnerPid('s1')).toBe(runner);
  await second.close();
});

test('a link that is killed takes nothing with it but its spare runner', async () => {
  const link = machine.link();
  const session = link.open('s1');
  session.prompt('p1', 'say x');
  await session.untilType('done');
  await expect.poll(() => machine.runners().length).toBe(2);
  link.process.kill('SIGKILL');
  await expect.poll(() => machine.runners()).toEqual([machine.runnerPid('s1')]);
});

test('a session gets the runner that waits, and another one waits for the next', async () => {
  const link = machine.link();
  await expect.poll(() => machine.runners()).toHaveLength(1);
  const [spare] = machine.runners();
  await link.open('s1').opened();
  expect(machine.runnerPid('s1')).toBe(spare);
  await expect.poll(() => machine.runners()).toHaveLength(2);
  const [next] = machine.runners().filter((pid) => pid !== spare);
  await link.open('s2').opened();
  expect(machine.runnerPid('s2')).toBe(next);
  await link.close();
});

test('a spare runner that died is not missed', async () => {
  const link = machine.link();
  await expect.poll(() => machine.runners()).toHaveLength(1);
  for (const pid of machine.runners()) process.kill(pid, 'SIGKILL');
  await expect.poll(() => machine.runners()).toHaveLength(0);
  await link.open('s1').opened();
  await link.close();
});

test('one session that is opened over many links at once gets one runner', async () => {
  const links = Array.from({ length: 6 }, () => machine.link());
  await expect.poll(() => machine.runners(), { timeout: 20_000 }).toHaveLength(6);
  const channels = links.map((link) => link.open('s1'));
  const opened = await Promise.all(channels.map(async (channel) => await channel.opened()));
  expect(new Set(opened.map((line) => line['epoch'])).size).toBe(1);
  expect(new Set(opened.map((line) => line['generation']))).toEqual(new Set([1, 2, 3, 4, 5, 6]));
  await Promise.all(links.map(async (link) => await link.close()));
  await expect.poll(() => machine.runners()).toEqual([machine.runnerPid('s1')]);
});

test('a session that ends while another link opens it is opened anew', async () => {
  const link = machine.link();
  const other = machine.link();
  for (let round = 0; round < 5; round += 1) {
    const old = link.open('s1');
    await old.opened();
    old.end();
    const fresh = other.open('s1');
    expect(await fresh.until((line) => line.type === 'opened')).toMatchObject({ session: 's1' });
    // It met the old runner before that took note of the END, or a new one; either way it can be used or opened again.
    fresh.end();
    await fresh.gone();
    await old.gone();
  }
  await link.close();
  await other.close();
});

test('a reader that is far behind costs the runner a bounded amount of memory, and gets every line', async () => {
  const link = machine.link();
  const session = link.open('s1');
  session.keepsLines = false;
  await session.opened();
  session.prompt('p0', 'say ready');
  await session.untilOffset(4);
  const before = rssBytes(machine.runnerPid('s1'));
  link.process.stdout?.pause();
  const lines = 200_000;
  session.prompt('p1', `flood ${lines} 1000`);
  // 200 MB stand in the journal while next to nothing of it was read.
  const journalBytes = (): number => statSync(machine.paths('s1').journal).size;
  await expect.poll(journalBytes, { timeout: 50_000, interval: 50 }).toBeGreaterThan(lines * 1000);
  expect(rssBytes(machine.runnerPid('s1')) - before).toBeLessThan(150_000_000);
  expect(session.bytes).toBeLessThan(20_000_000);
  link.process.stdout?.resume();
  await session.untilOffset(lines + 6);
  expect(session.bytes).toBe(journalBytes());
  expect(rssBytes(machine.runnerPid('s1')) - before).toBeLessThan(150_000_000);
  await link.close();
});

test('while one session floods, another one answers', async () => {
  const link = machine.link();
  const loud = link.open('loud');
  loud.keepsLines = false;
  const quiet = link.open('quiet');
  await Promise.all([loud.opened(), quiet.opened()]);
  loud.prompt('p1', 'flood 2000000 200');
  await loud.untilOffset(10_000);
  quiet.prompt('p1', 'say I am here');
  await quiet.untilType('done');
  expect(loud.next).toBeLessThan(2_000_000);
  loud.end();
  await loud.gone();
  await link.close();
});

test('a channel that is closed is silent, and its number may be used again', async () => {
  const link = machine.link();
  const session = link.open('s1');
  session.prompt('p1', 'say a\nhang');
  await session.untilType('text');
  session.close();
  const again = link.open('s1', { from: session.next });
  expect(await again.opened()).toMatchObject({ from: 3 });
  expect(session.types()).not.toContain('gone');
  await link.close();
});

test('an OPEN that is wrong is answered with what is wrong', async () => {
  const link = machine.link();
  expect(await link.open('../../etc').gone()).toMatchObject({ reason: 'failed', code: 'bad_message' });
  expect(await link.open('s1', { from: -1 }).gone()).toMatchObject({ reason: 'failed', code: 'bad_message' });
  expect(await link.open('s1', { env: { A: 1 } }).gone()).toMatchObject({ reason: 'failed', code: 'bad_message' });
  await link.close();
});

test('frames of a kind that is not known, or for a channel that is not open, are passed over', async () => {
  const link = machine.link();
  link.process.stdin?.write(encodeRawFrame(99, 1, Buffer.from('x')));
  link.process.stdin?.write(encodeRawFrame(frameKind.command, 77, Buffer.from('{}')));
  await link.open('s1').opened();
  await link.close();
});

test('a state folder that is too deep for a socket is served by one below the temporary directory', async () => {
  const deep = await TestMachine.start({ HOLDFAST_STATE_DIR: `${machine.folder}/${'deep/'.repeat(30)}state` });
  const link = deep.link();
  const session = link.open('s1');
  session.prompt('p1', 'say x');
  await session.untilType('done');
  expect(deep.paths('s1').socket).toMatch(/^\/tmp\/holdfast-/);
  session.end();
  await session.gone();
  await link.close();
  await deep.stop();
});

test('what is no stream of frames ends the link with exit code 1', async () => {
  const link = machine.link();
  await link.open('s1').opened();
  link.process.stderr?.removeAllListeners('data');
  link.process.stdin?.write(Buffer.alloc(64, 0xff));
  const code = await new Promise((resolve) => link.process.once('exit', resolve));
  expect(code).toBe(1);
});

function rssBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

test('the same lines go through on Bun', async () => {
  const other = await TestMachine.start({}, join(import.meta.dirname, '../../../../node_modules/.bin/bun'));
  const link = other.link();
  const session = link.open('s1');
  session.keepsLines = false;
  session.prompt('p1', 'flood 20000\nstray\ntool t1');
  await session.untilOffset(20_004);
  session.command({ type: 'approve', id: 'a1', toolId: 't1' });
  await session.untilOffset(20_007);
  process.kill(other.runnerPid('s1'), 'SIGKILL');
  const again = link.open('s1', { from: 20_006 });
  await again.untilType('done');
  again.prompt('p2', 'crash');
  await again.until((line) => line['reason'] === 'error');
  again.end();
  await again.gone();
  await link.close();
  await other.stop();
});
