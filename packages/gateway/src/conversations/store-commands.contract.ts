import { expect, test } from 'vitest';
import { abortOf, ada, eve, messageId, none, one, two, type StoreScene } from './store-scene.contract.ts';

/** What people send: stored once for each id, carried out once. */
export function describeCommands(scene: StoreScene): void {
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
}
