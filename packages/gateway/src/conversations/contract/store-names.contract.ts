import { expect, test } from 'vitest';
import {
  ada,
  bank,
  bob,
  eve,
  fieldsOf,
  idOf,
  mill,
  one,
  shop,
  start,
  two,
  type StoreScene,
} from './store-scene.contract.ts';

/** Names of all kinds: what is called strangely comes back exactly, and each is found by its own name. */
export function describeNames(scene: StoreScene): void {
  test.each([
    'Käse 🧀 漢字',
    'it\'s; "quoted" \\',
    'a\nb\tc\u0000d',
    '\u2028 \ufeff',
    ' ',
    'null',
    '007',
    'x'.repeat(900),
  ])('title and task come back exactly, as created, saved and written: %j', async (text) => {
    await scene.create(one, { fields: fieldsOf({ title: text, taskId: text }) });
    expect(await scene.store.get(one)).toMatchObject({ title: text, taskId: text });
    expect((await scene.store.list({ limit: 5, taskId: text })).conversations).toMatchObject([{ title: text }]);
    await scene.create(two);
    await scene.store.save(two, 1, fieldsOf({ title: text, taskId: text }), start);
    await scene.write(await scene.lease(two), { conversationId: two, title: `${text}!` });
    expect(await scene.store.get(two)).toMatchObject({ title: `${text}!`, taskId: text });
  });

  test('people and agents may be named strangely, and none is taken for another', async () => {
    const names = ['auth0|ada@x', 'a#b', 'a', 'a#', 'A', 'ädä 🧀', 'a|b', 'a b', '%', '_'].map(
      (name) => name as typeof ada,
    );
    const agents = ['demo', 'b#demo', 'acp:gemini --acp'];
    let count = 0;
    for (const userId of names) {
      const agent = agents[count % agents.length] ?? '';
      await scene.create(idOf(`n${count++}`), { userId, agent });
      expect(await scene.store.newest({ userId, projectId: shop, agent })).toMatchObject({ userId, agent });
    }
    for (const [index, userId] of names.entries()) {
      const { conversations } = await scene.store.list({ limit: 50, userId });
      expect(conversations.map((row) => row.conversationId)).toEqual([`n${index}`]);
      const visible = await scene.store.list({ limit: 50, visibleTo: { userId, projectIds: [bank] } });
      expect(visible.conversations).toEqual(conversations);
    }
    expect(await scene.store.newest({ userId: 'a' as typeof ada, projectId: shop, agent: 'b#demo' })).toBeUndefined();
  });

  test('tells ids apart that differ in the case of a letter', async () => {
    await scene.create(idOf('Id-1'));
    expect(await scene.store.get(idOf('id-1'))).toBeUndefined();
  });

  test('finds the conversation with the newest activity of a user, project and agent', async () => {
    await scene.create(idOf('old'), { at: start - 2 });
    await scene.create(idOf('new'), { at: start - 1 });
    await scene.create(idOf('hers'), { userId: eve });
    await scene.create(idOf('claude'), { agent: 'claude' });
    await scene.create(idOf('bank'), { projectId: bank });
    const of = { userId: ada, projectId: shop, agent: 'demo' };
    expect(await scene.store.newest(of)).toEqual(await scene.store.get(idOf('new')));
    expect(await scene.store.newest({ ...of, agent: 'codex' })).toBeUndefined();
    expect(await scene.store.newest({ ...of, userId: bob })).toBeUndefined();
    expect(await scene.store.newest({ ...of, projectId: mill })).toBeUndefined();
  });

  test('the newest is the one that was written to or saved last', async () => {
    const of = { userId: ada, projectId: shop, agent: 'demo' };
    await scene.create(one, { at: start });
    await scene.create(two, { at: start + 1 });
    await scene.write(await scene.lease(one), { status: 'waiting', at: start + 2 });
    expect((await scene.store.newest(of))?.conversationId).toBe(one);
    scene.pass(3);
    await scene.saveTask({}, two);
    expect((await scene.store.newest(of))?.conversationId).toBe(two);
  });

  test('of two with the same newest activity the one that a list shows first is the newest', async () => {
    for (const id of ['b', 'c', 'a']) await scene.create(idOf(id));
    expect((await scene.store.newest({ userId: ada, projectId: shop, agent: 'demo' }))?.conversationId).toBe('c');
  });
}
