import { expect, test } from 'vitest';
import type { Command, CommandState } from '../conversation.ts';
import type { LogWrite } from '../store.ts';
import {
  abortOf,
  ada,
  batchOf,
  eve,
  messageId,
  none,
  one,
  start,
  two,
  type StoreScene,
} from './store-scene.contract.ts';

/** What people send: stored once for each id, carried out once. */
export function describeCommands(scene: StoreScene): void {
  async function statesOf(): Promise<Record<string, CommandState>> {
    const open = await scene.store.openCommands(one);
    return Object.fromEntries(open.map(({ id, state }) => [id, state]));
  }

  test('stores a command once and knows it again, also when it is done', async () => {
    await scene.create();
    const command = { id: messageId('p1'), userId: ada, message: { type: 'prompt' as const, prompt: 'hi' } };
    expect(await scene.store.addCommand(one, command)).toEqual({ kind: 'added' });
    expect(await scene.store.addCommand(one, { ...command, userId: eve })).toEqual({
      kind: 'known',
      command: { ...command, state: 'new' },
    });
    await scene.write(await scene.lease(), { commands: [{ id: command.id, state: 'done' }] });
    expect(await scene.store.addCommand(one, command)).toMatchObject({ kind: 'known', command: { state: 'done' } });
    expect(await scene.store.openCommands(one)).toEqual([]);
  });

  test('the same command ten times at once is added once', async () => {
    await scene.create();
    const results = await Promise.all(Array.from({ length: 10 }, () => scene.store.addCommand(one, abortOf('p1'))));
    expect(results.filter((result) => result.kind === 'added')).toHaveLength(1);
    expect(await scene.store.openCommands(one)).toHaveLength(1);
  });

  test('the same id in two conversations is two commands', async () => {
    await scene.create(one);
    await scene.create(two);
    expect(await scene.store.addCommand(one, abortOf('p1'))).toEqual({ kind: 'added' });
    expect(await scene.store.addCommand(two, abortOf('p1'))).toEqual({ kind: 'added' });
  });

  test('a command for a conversation that is not there is missing', async () => {
    expect(await scene.store.addCommand(none, abortOf('p1'))).toEqual({ kind: 'missing' });
  });

  test('lists open commands in the order in which they came, with their progress', async () => {
    await scene.create();
    for (const id of ['b', 'a', 'c']) await scene.store.addCommand(one, abortOf(id));
    const commands = [
      { id: messageId('a'), state: 'logged' as const },
      { id: messageId('c'), state: 'done' as const },
    ];
    await scene.write(await scene.lease(), { commands });
    const left = await scene.store.openCommands(one);
    expect(left.map(({ id, state }) => [id, state])).toEqual([
      ['b', 'new'],
      ['a', 'logged'],
    ]);
  });

  test('a refused write moves no command', async () => {
    await scene.create();
    await scene.store.addCommand(one, abortOf('a'));
    await scene.lease();
    expect(await scene.write(0, { commands: [{ id: messageId('a'), state: 'done' }] })).toBe('fenced');
    expect((await scene.store.openCommands(one))[0]?.state).toBe('new');
  });

  test('a conversation that nobody sent anything has none', async () => {
    await scene.create();
    expect(await scene.store.openCommands(one)).toEqual([]);
    expect(await scene.store.openCommands(none)).toEqual([]);
  });

  test.each([
    ['a prompt', { type: 'prompt', prompt: 'käse 🧀 \u2028 \u0000', settings: { model: 'm' } }],
    ['a prompt with context', { type: 'prompt', prompt: '', context: { files: [{ path: 'a b', include: true }] } }],
    ['an approval', { type: 'approve', toolId: 't1' }],
    ['a rejection', { type: 'reject', toolId: 't1', reason: 'no: "\\"' }],
    ['an abort', { type: 'abort' }],
    ['settings', { type: 'settings', settings: { permissionMode: 'plan', extendedThinking: false } }],
  ] as const)('%s comes back exactly as it came', async (_name, message) => {
    await scene.create();
    const command = { id: messageId('A-z.0:9_'), userId: eve, message } as Omit<Command, 'state'>;
    await scene.store.addCommand(one, command);
    const stored = { ...command, state: 'new' };
    expect(await scene.store.openCommands(one)).toEqual([stored]);
    expect(await scene.store.addCommand(one, command)).toEqual({ kind: 'known', command: stored });
  });

  test('a prompt of 1 MB comes back', async () => {
    await scene.create();
    const message = { type: 'prompt' as const, prompt: 'ü'.repeat(500_000) };
    await scene.store.addCommand(one, { id: messageId('p1'), userId: ada, message });
    const [stored] = await scene.store.openCommands(one);
    expect(stored?.message).toEqual(message);
  });

  test.each(['logged', 'taken', 'done'] as const)(
    'one that is %s is known as such when it is sent again',
    async (state) => {
      await scene.create();
      await scene.store.addCommand(one, abortOf('p1'));
      await scene.write(await scene.lease(), { commands: [{ id: messageId('p1'), state }], durable: false });
      const known = { kind: 'known', command: { ...abortOf('p1'), state } };
      expect(await scene.store.addCommand(one, abortOf('p1'))).toEqual(known);
      expect(await scene.commandIds()).toEqual(state === 'done' ? [] : ['p1']);
    },
  );

  test('messages and the progress of their commands are written together', async () => {
    await scene.create();
    for (const id of ['p1', 'p2', 'p3']) await scene.store.addCommand(one, abortOf(id));
    const generation = await scene.lease();
    const step = (seq: number, commands: LogWrite['commands'] & {}): Promise<string> =>
      scene.write(generation, { batch: batchOf(seq, `m${seq}`), commands, durable: seq % 2 === 0, runnerOffset: seq });
    expect(await step(1, [{ id: messageId('p2'), state: 'logged' }])).toBe('written');
    expect(await step(2, [{ id: messageId('p2'), state: 'taken' }])).toBe('written');
    const both = [
      { id: messageId('p2'), state: 'done' as const },
      { id: messageId('p1'), state: 'logged' as const },
    ];
    expect(await step(3, both)).toBe('written');
    expect(await statesOf()).toEqual({ p1: 'logged', p3: 'new' });
    const refused = { batch: batchOf(9, 'x'), commands: [{ id: messageId('p1'), state: 'done' as const }] };
    expect(await scene.write(generation, refused)).toBe('fenced');
    expect(await statesOf()).toEqual({ p1: 'logged', p3: 'new' });
    expect(await scene.texts()).toEqual(['m1', 'm2', 'm3']);
  });

  test('progress of a command that is not there is passed over', async () => {
    await scene.create();
    const commands = [{ id: messageId('p9'), state: 'logged' as const }];
    expect(await scene.write(await scene.lease(), { commands, batch: batchOf(1, 'a') })).toBe('written');
    expect(await scene.store.openCommands(one)).toEqual([]);
    expect(await scene.store.addCommand(one, abortOf('p9'))).toEqual({ kind: 'added' });
  });

  test('many are listed in the order in which they came, however their ids sort', async () => {
    await scene.create();
    const ids = ['p9', 'p10', 'P1', '_', '0', 'zz', 'a:b', 'p1'];
    for (const id of ids) await scene.store.addCommand(one, abortOf(id));
    expect(await scene.commandIds()).toEqual(ids);
  });

  test('they wait for whoever drives next, whoever drove before', async () => {
    await scene.create();
    await scene.store.addCommand(one, abortOf('p1'));
    const first = await scene.lease(one, 'a');
    await scene.write(first, { commands: [{ id: messageId('p1'), state: 'logged' }], at: start });
    await scene.lease(one, 'b', { takeFrom: 'a' });
    expect(await scene.write(first, { commands: [{ id: messageId('p1'), state: 'done' }] })).toBe('fenced');
    expect(await statesOf()).toEqual({ p1: 'logged' });
  });

  test('a hundred different ones at once are all there', async () => {
    await scene.create();
    const ids = Array.from({ length: 100 }, (_, index) => `p${index}`);
    const results = await Promise.all(ids.map((id) => scene.store.addCommand(one, abortOf(id))));
    expect(results.every(({ kind }) => kind === 'added')).toBe(true);
    expect((await scene.commandIds()).toSorted()).toEqual(ids.toSorted());
  });
}
