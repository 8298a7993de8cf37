import { statSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TestMachine } from './testing/test-machine.ts';
import type { TestLink } from './testing/test-link.ts';

let machine: TestMachine;
let link: TestLink;

beforeEach(async () => {
  machine = await TestMachine.start({ HOLDFAST_ABORT_MS: '300', ANTHROPIC_API_KEY: 'of the machine' });
  link = machine.link();
});

afterEach(async () => {
  await link.close();
  await machine.stop();
});

const accepted = (id: string) => (line: { type: string }) =>
  line.type === 'runner.accepted' && (line as { id?: string }).id === id;

test('a prompt goes down and its lines come back, numbered from 0, accepted first', async () => {
  const session = link.open('s1');
  expect(await session.opened()).toMatchObject({ session: 's1', generation: 1, from: 0, next: 0 });
  session.prompt('p1', 'say hello');
  await session.untilType('done');
  expect(session.types()).toEqual(['opened', 'runner.accepted', 'init', 'text', 'done']);
  expect(session.texts()).toEqual(['hello']);
  expect(machine.journal('s1')).toHaveLength(4);
});

test('the same id ten times, over two attachments, is carried out once', async () => {
  const first = link.open('s1');
  for (let time = 0; time < 5; time += 1) first.prompt('p1', 'say once');
  await first.untilType('done');
  const second = link.open('s1');
  for (let time = 0; time < 5; time += 1) second.prompt('p1', 'say once');
  second.prompt('p2', 'say last');
  await second.until((line) => line['content'] === 'last');
  expect(second.texts()).toEqual(['once', 'last']);
  expect(second.lines.filter(accepted('p1'))).toHaveLength(1);
});

test('a command without an id is given one', async () => {
  const session = link.open('s1');
  session.command({ type: 'prompt', prompt: 'say hello' });
  expect((await session.untilType('runner.accepted'))['id']).toMatch(/^[0-9a-f]{32}$/);
  await session.untilType('done');
});

test('a tool call waits for its decision, and its decision is in the journal before the agent has it', async () => {
  const session = link.open('s1');
  session.prompt('p1', 'tool t1');
  await session.untilType('tool_use');
  session.command({ type: 'approve', id: 'a1', toolId: 't1' });
  await session.untilType('done');
  expect(session.types()).toEqual([
    'opened',
    'runner.accepted',
    'init',
    'tool_use',
    'runner.accepted',
    'tool_result',
    'done',
  ]);
  expect(session.lines.find(accepted('a1'))).toEqual({
    type: 'runner.accepted',
    id: 'a1',
    kind: 'approve',
    toolId: 't1',
  });
});

test('an abort reaches the agent, which ends the turn', async () => {
  const session = link.open('s1');
  session.prompt('p1', 'say x\nhang');
  await session.untilType('text');
  session.command({ type: 'abort', id: 'a1' });
  expect(await session.untilType('done')).toMatchObject({ reason: 'aborted' });
  session.prompt('p2', 'pid');
  await session.until((line) => line['content'] === String(machine.agentPid('s1')));
});

test('an agent that takes no notice of an abort is killed and its turn ended as aborted; the next prompt gets a new one', async () => {
  const session = link.open('s1');
  session.prompt('p1', 'pid\ndeaf');
  const [before] = [(await session.untilType('text'))['content']];
  session.command({ type: 'abort', id: 'a1' });
  expect(await session.untilType('done')).toMatchObject({ reason: 'aborted', agent: 'fake' });
  session.prompt('p2', 'pid');
  const after = await session.until((line) => line.type === 'text' && line['content'] !== before);
  expect(after['content']).toBe(String(machine.agentPid('s1')));
});

test('a second attachment takes the session over: the first is told, and its commands count no more', async () => {
  const first = link.open('s1');
  expect(await first.opened()).toMatchObject({ generation: 1 });
  const second = link.open('s1');
  expect(await second.opened()).toMatchObject({ generation: 2 });
  expect(await first.gone()).toEqual({ type: 'gone', reason: 'superseded', generation: 2 });
  first.prompt('p1', 'say from the old one');
  second.prompt('p2', 'say from the new one');
  await second.untilType('done');
  expect(second.texts()).toEqual(['from the new one']);
});

test('an attachment that names an older generation is refused with the current one, and harms nobody', async () => {
  const current = link.open('s1', { generation: 7 });
  expect(await current.opened()).toMatchObject({ generation: 7 });
  const stale = link.open('s1', { generation: 6 });
  expect(await stale.gone()).toEqual({ type: 'gone', reason: 'stale', generation: 7 });
  current.prompt('p1', 'say still here');
  await current.untilType('done');
  const same = link.open('s1', { generation: 7 });
  expect(await same.opened()).toMatchObject({ generation: 7 });
});

test('a session belongs to one agent', async () => {
  await link.open('s1').opened();
  expect(await link.open('s1', { agent: 'other' }).gone()).toMatchObject({ reason: 'failed', code: 'conflict' });
});

test('from names the first line that comes; beyond the end is the end; another epoch is the beginning', async () => {
  const first = link.open('s1');
  const { epoch } = await first.opened();
  first.prompt('p1', 'say a\nsay b\nsay c');
  await first.untilType('done');
  const third = link.open('s1', { from: 3, epoch });
  expect(await third.opened()).toMatchObject({ from: 3, next: 6, epoch });
  await third.untilType('done');
  expect(third.texts()).toEqual(['b', 'c']);
  expect(await link.open('s1', { from: 99, epoch }).opened()).toMatchObject({ from: 6, next: 6 });
  expect(await link.open('s1', { from: 3, epoch: 'of somebody else' }).opened()).toMatchObject({ from: 0, epoch });
});

test('the agent sees the allowed environment and what OPEN brought, in which a later OPEN has the last word', async () => {
  const first = link.open('s1', { env: { ANTHROPIC_API_KEY: 'k1' } });
  first.prompt('p1', 'env ANTHROPIC_API_KEY\nenv HOLDFAST_SESSION\nenvironment');
  await first.untilType('done');
  expect(first.texts().slice(0, 2)).toEqual(['k1', 's1']);
  expect(first.texts()[2]?.split(' ')).toEqual(
    expect.arrayContaining(['ANTHROPIC_API_KEY', 'HOLDFAST_RUN', 'HOLDFAST_SESSION', 'HOLDFAST_STATE_DIR', 'PATH']),
  );
  const second = link.open('s1', { env: { OTHER: 'x' }, from: 99 });
  second.prompt('p2', 'env ANTHROPIC_API_KEY\ncrash');
  await second.untilType('done');
  second.prompt('p3', 'env ANTHROPIC_API_KEY\nenv OTHER');
  await second.until((line) => line.type === 'done' && line['reason'] === 'completed');
  expect(second.texts()).toEqual(['k1', '', 'x']);
});

test('what the agent says that is no agent line is dropped, and so is a done too many', async () => {
  const session = link.open('s1');
  session.prompt('p1', 'garbage\nsay a\ntwice\nsay b');
  session.prompt('p2', 'twice\nsay c\ntwice\ntwice\nsay d');
  await session.until((line) => line['content'] === 'd');
  expect(session.types().filter((type) => type === 'done')).toHaveLength(2);
  expect(session.texts()).toEqual(['a', 'b', 'c', 'd']);
});

test('a line longer than the protocol allows is dropped with an error, and the turn goes on', async () => {
  const session = link.open('s1');
  session.prompt('p1', 'long 1048000\nlong 1200000\nsay after');
  await session.untilType('done');
  expect(session.texts().map((text) => text.length)).toEqual([1048000, 5]);
  expect(await session.untilType('error')).toMatchObject({ code: 'internal' });
});

test('several prompts in a row are all accepted, and each is answered by one done', async () => {
  const session = link.open('s1');
  for (let number = 0; number < 20; number += 1) session.prompt(`p${number}`, `say ${number}`);
  await session.until(() => session.types().filter((type) => type === 'done').length === 20);
  expect(session.texts()).toEqual(Array.from({ length: 20 }, (_, number) => String(number)));
});

test('a process that left the group of its agent dies with the agent', async () => {
  const session = link.open('s1');
  session.prompt('p1', 'stray');
  const stray = Number((await session.untilType('text'))['content']);
  expect(machine.processes().map(({ pid }) => pid)).toContain(stray);
  session.prompt('p2', 'crash');
  await session.until((line) => line['reason'] === 'error');
  expect(machine.processes().map(({ pid }) => pid)).not.toContain(stray);
});

test('END kills the agent and removes the folder', async () => {
  const session = link.open('s1');
  session.prompt('p1', 'hang');
  await session.untilType('init');
  session.end();
  expect(await session.gone()).toEqual({ type: 'gone', reason: 'ended' });
  await expect.poll(() => machine.folderIsThere('s1')).toBe(false);
  await expect.poll(() => machine.runners()).toHaveLength(1);
});

test('the state is for the user alone', async () => {
  const session = link.open('s1');
  session.prompt('p1', 'say x');
  await session.untilType('done');
  const { folder, journal, meta, pid, socket } = machine.paths('s1');
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  for (const path of [journal, meta, pid, socket]) expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('an agent that cannot be started is an error of the turn', async () => {
  const session = link.open('s1', { cwd: '/nowhere/at/all' });
  session.prompt('p1', 'say x');
  expect(await session.untilType('error')).toMatchObject({ code: 'agent_unavailable' });
  expect(await session.untilType('done')).toMatchObject({ reason: 'error' });
});
