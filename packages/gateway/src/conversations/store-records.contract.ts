import { expect, test } from 'vitest';
import { newSessionState } from './conversation.ts';
import { ada, eve, idOf, none, one, shop, start, type StoreScene } from './store-scene.contract.ts';

/** Records: created once, replaced by compare and set. */
export function describeRecords(scene: StoreScene): void {
  test('gives a new conversation its defaults', async () => {
    expect(await scene.create()).toEqual({
      conversationId: one,
      userId: ada,
      projectId: shop,
      agent: 'demo',
      epoch: 'e1',
      taskId: null,
      title: '',
      status: 'completed',
      createdAt: start,
      lastActivityAt: start,
      version: 1,
      lastSeq: 0,
      runnerOffset: 0,
      session: newSessionState,
    });
  });

  test('creates an id once: the second time the first conversation is returned', async () => {
    const first = await scene.create();
    const again = await scene.store.create(scene.fresh(one, { userId: eve, epoch: 'e2', at: start + 5 }));
    expect(again).toEqual({ kind: 'known', conversation: first });
    expect(await scene.store.get(one)).toEqual(first);
  });

  test('answers undefined for a conversation that is not there', async () => {
    expect(await scene.store.get(none)).toBeUndefined();
    expect(await scene.store.read(none)).toBeUndefined();
  });

  test('finds the conversation with the newest activity of a user, project and agent', async () => {
    await scene.create(idOf('old'), { at: start - 2 });
    await scene.create(idOf('new'), { at: start - 1 });
    expect((await scene.store.newest({ userId: ada, projectId: shop, agent: 'demo' }))?.conversationId).toBe('new');
    expect(await scene.store.newest({ userId: ada, projectId: shop, agent: 'claude' })).toBeUndefined();
    expect(await scene.store.newest({ userId: eve, projectId: shop, agent: 'demo' })).toBeUndefined();
  });
}
