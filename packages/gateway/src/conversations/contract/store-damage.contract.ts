import { expect, test } from 'vitest';
import {
  ada,
  batchOf,
  fieldsOf,
  idOf,
  inTurn,
  shop,
  start,
  two,
  type DamagedPart,
  type StoreScene,
} from './store-scene.contract.ts';

const id = idOf('conversation-7');

/** What is damaged is named as corrupt by whoever needs it, and stands in nobody else's way. */
export function describeDamage(scene: StoreScene): void {
  /** One open conversation of which a part is damaged, and one beside it. */
  async function damaged(part: DamagedPart): Promise<void> {
    await scene.create(id, { fields: fieldsOf({ title: 'T', task: { taskDetails: { name: 'N' } } }) });
    await scene.create(two, { at: start - 1 });
    const generation = await scene.lease(id);
    await scene.write(generation, { conversationId: id, batch: batchOf(1, 'a'), session: inTurn });
    await scene.write(generation, { conversationId: id, batch: batchOf(2, 'b') });
    await scene.damage(id, part);
  }

  async function expectCorrupt(call: () => Promise<unknown>): Promise<void> {
    const error = await call().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: 'HoldfastError', code: 'internal' });
    expect(error).toHaveProperty('message', expect.stringContaining('corrupt'));
    expect(error).toHaveProperty('message', expect.stringContaining(id));
  }

  test('of the session is named by whoever needs it', async () => {
    await damaged('session');
    await expectCorrupt(() => scene.store.get(id));
    await expectCorrupt(() => scene.store.read(id));
    await expectCorrupt(() => scene.store.newest({ userId: ada, projectId: shop, agent: 'demo' }));
    await expectCorrupt(() => scene.store.acquire(id, { owner: 'gateway-1', now: start, until: start + 1 }));
  });

  test('of the document is named when it is read, and heals when it is saved', async () => {
    await damaged('task');
    await expectCorrupt(() => scene.store.read(id));
    const { version } = (await scene.store.get(id)) ?? {};
    expect(version).toBe(3);
    const saved = await scene.store.save(id, version ?? 0, fieldsOf({ task: { confirmed: true } }), start);
    expect(saved).toMatchObject({ kind: 'saved' });
    expect((await scene.read(id)).task).toEqual({ confirmed: true });
  });

  test('of the log is named when it is read', async () => {
    await damaged('log');
    await expectCorrupt(() => scene.store.readLog(id, 1, 1_000_000));
    await expectCorrupt(() => scene.store.readLog(id, 0, 1_000_000));
    expect(await scene.store.get(id)).toMatchObject({ lastSeq: 2 });
  });

  test.each(['session', 'task', 'log'] as const)('of the %s keeps nothing out of lists and heads', async (part) => {
    await damaged(part);
    const { conversations } = await scene.store.list({ limit: 10 });
    expect(conversations.map((row) => [row.conversationId, row.taskName])).toEqual([
      [id, 'N'],
      [two, null],
    ]);
    expect((await scene.store.unfinished(10)).map((row) => row.id)).toEqual([id]);
    expect((await scene.store.heads([id, two])).get(id)).toEqual({ lastSeq: 2, hasNewCommands: false });
    expect(await scene.store.read(two)).toMatchObject({ task: {} });
  });

  test.each(['session', 'task', 'log'] as const)('of the %s does not keep it from being deleted', async (part) => {
    await damaged(part);
    expect(await scene.store.delete(id, { force: true })).toBe('deleted');
    expect(await scene.store.get(id)).toBeUndefined();
    expect(await scene.store.readLog(id, 0, 1_000)).toEqual([]);
  });

  test.each(['task', 'log'] as const)('of the %s does not keep cleanup from it, nor from others', async (part) => {
    await scene.create(id, { fields: fieldsOf({ task: { confirmed: true } }) });
    await scene.write(await scene.lease(id), { conversationId: id, batch: batchOf(1, 'a') });
    await scene.create(two);
    await scene.damage(id, part);
    expect(await scene.store.cleanup({ before: start })).toBe(2);
    expect(await scene.store.get(id)).toBeUndefined();
  });
}
