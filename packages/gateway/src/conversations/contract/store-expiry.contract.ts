import { describe, expect, test } from 'vitest';
import { newSessionState, type Conversation } from '../conversation.ts';
import {
  abortOf,
  ada,
  batchOf,
  dayMs,
  eve,
  fieldsOf,
  idOf,
  inTurn,
  messageId,
  one,
  shop,
  start,
  ttlMs,
  two,
  type StoreScene,
} from './store-scene.contract.ts';

/** What is not open counts as not there `ttlMs` after its last activity, swept or not. Nothing here sweeps. */
export function describeExpiry(scene: StoreScene): void {
  const isThere = async (): Promise<boolean> => (await scene.store.get(one)) !== undefined;

  /** A conversation with log, document, a finished command and a lease, that has just expired. */
  async function expired(): Promise<{ generation: number; conversation: Conversation }> {
    await scene.create(one, { fields: fieldsOf({ title: 'old', task: { confirmed: true } }) });
    const generation = await scene.lease(one, 'old-owner');
    await scene.store.addCommand(one, abortOf('p1'));
    for (let seq = 1; seq <= 3; seq++) await scene.write(generation, { batch: batchOf(seq, `old ${seq}`) });
    await scene.write(generation, { commands: [{ id: messageId('p1'), state: 'done' }], runnerOffset: 3 });
    const { task: _, ...conversation } = await scene.read();
    scene.pass(ttlMs);
    return { generation, conversation };
  }

  test('it is there until the last millisecond, and then it is not', async () => {
    await scene.create();
    scene.pass(ttlMs - 1);
    expect(await isThere()).toBe(true);
    scene.pass(1);
    expect(await isThere()).toBe(false);
  });

  test('one that is created with an activity long ago is expired from the beginning', async () => {
    await scene.create(one, { at: start - ttlMs });
    await scene.create(two, { at: start - ttlMs + 1, createdAt: start - 100 * dayMs });
    expect(await isThere()).toBe(false);
    expect(await scene.store.get(two)).toBeDefined();
  });

  test('null keeps conversations for ever', async () => {
    const store = await scene.openFresh(null);
    await store.create(scene.fresh());
    scene.pass(50_000 * dayMs);
    expect(await store.get(one)).toBeDefined();
    expect((await store.list({ limit: 10 })).conversations).toHaveLength(1);
  });

  describe('once expired', () => {
    test('it is neither got nor read', async () => {
      await expired();
      expect(await scene.store.get(one)).toBeUndefined();
      expect(await scene.store.read(one)).toBeUndefined();
    });

    test('it is neither listed nor the newest', async () => {
      await scene.create(two, { userId: eve });
      await expired();
      expect(await scene.store.list({ limit: 10 })).toEqual({ conversations: [], next: null });
      expect(await scene.store.list({ limit: 10, userId: ada })).toEqual({ conversations: [], next: null });
      expect(await scene.store.newest({ userId: ada, projectId: shop, agent: 'demo' })).toBeUndefined();
    });

    test('the newest is one that is not expired, though that came before it', async () => {
      await scene.create(one, { at: start - 2 });
      await scene.write(await scene.lease(), { session: inTurn, at: start - 2 });
      await scene.create(two, { at: start - 1 });
      scene.pass(ttlMs);
      const newest = await scene.store.newest({ userId: ada, projectId: shop, agent: 'demo' });
      expect(newest?.conversationId).toBe(one);
    });

    test('it has neither log nor commands nor a head', async () => {
      await expired();
      expect(await scene.store.readLog(one, 0, 1_000)).toEqual([]);
      expect(await scene.store.openCommands(one)).toEqual([]);
      expect([...(await scene.store.heads([one]))]).toEqual([]);
      expect(await scene.store.unfinished(10)).toEqual([]);
    });

    test('a lease, a command, a save and a deletion find it missing', async () => {
      const { conversation } = await expired();
      const request = { owner: 'b', now: scene.now, until: scene.now + 1_000 };
      expect(await scene.store.acquire(one, request)).toEqual({ kind: 'missing' });
      expect(await scene.store.addCommand(one, abortOf('p2'))).toEqual({ kind: 'missing' });
      const { version } = conversation;
      expect(await scene.store.save(one, version, fieldsOf(), scene.now)).toEqual({ kind: 'missing' });
      expect(await scene.store.delete(one)).toBe('missing');
      expect(await scene.store.delete(one, { force: true })).toBe('missing');
      expect(await isThere()).toBe(false);
    });

    test('a late write is fenced, and does not bring it back', async () => {
      const { generation } = await expired();
      expect(await scene.write(generation, { batch: batchOf(4, 'late'), status: 'waiting' })).toBe('fenced');
      expect(await isThere()).toBe(false);
    });

    test('its id can be created anew: fresh, empty, without the old log and the old commands', async () => {
      await expired();
      const created = await scene.create(one, { userId: eve, epoch: 'e2' });
      expect(created).toMatchObject({ userId: eve, epoch: 'e2', version: 1, title: '', lastSeq: 0, runnerOffset: 0 });
      expect(created.createdAt).toBe(scene.now);
      expect(await scene.read()).toEqual({ ...created, task: {} });
      expect(await scene.texts()).toEqual([]);
      expect(await scene.store.addCommand(one, abortOf('p1'))).toEqual({ kind: 'added' });
      expect(await scene.write(await scene.lease(), { batch: batchOf(1, 'new') })).toBe('written');
      expect(await scene.texts()).toEqual(['new']);
    });

    test('whoever drove the old one has no lease on the new one, and is fenced', async () => {
      const { generation } = await expired();
      await scene.create();
      expect(await scene.write(generation, { batch: batchOf(1, 'late') })).toBe('fenced');
      await scene.store.renew('old-owner', scene.now + 60_000);
      const next = await scene.lease(one, 'new-owner');
      expect(next).not.toBe(generation);
      expect(await scene.write(generation, { batch: batchOf(1, 'late') })).toBe('fenced');
      expect(await scene.write(next, { batch: batchOf(1, 'new') })).toBe('written');
      expect(await scene.texts()).toEqual(['new']);
    });

    test('of ten who create its id anew at once one does', async () => {
      await expired();
      const results = await Promise.all(Array.from({ length: 10 }, () => scene.store.create(scene.fresh())));
      expect(results.filter(({ kind }) => kind === 'created')).toHaveLength(1);
      expect(results.filter(({ kind }) => kind === 'known')).toHaveLength(9);
    });

    test('a new one under its id is listed once', async () => {
      await expired();
      await scene.create(one, { userId: eve });
      const { conversations } = await scene.store.list({ limit: 10 });
      expect(conversations.map(({ userId }) => userId)).toEqual([eve]);
    });
  });

  test.each([
    ['a durable write', async (at: number) => scene.write(await scene.lease(), { batch: batchOf(1, 'a'), at })],
    ['a change of status', async (at: number) => scene.write(await scene.lease(), { status: 'waiting', at })],
    ['a save', async (at: number) => scene.store.save(one, (await scene.read()).version, fieldsOf(), at)],
  ])('%s keeps it for as long again', async (_name, act) => {
    await scene.create();
    scene.pass(ttlMs - 1);
    await act(scene.now);
    scene.pass(ttlMs - 1);
    expect(await isThere()).toBe(true);
    scene.pass(1);
    expect(await isThere()).toBe(false);
  });

  test.each([
    ['progress', async () => scene.write(await scene.lease(), { batch: batchOf(1, 'a'), durable: false })],
    ['a lease', () => scene.lease()],
    ['reading', () => scene.read()],
  ])('%s is no activity', async (_name, act) => {
    await scene.create();
    scene.pass(ttlMs - 1);
    await act();
    scene.pass(1);
    expect(await isThere()).toBe(false);
  });

  test('one with a turn is open and does not expire; when the turn has ended it does', async () => {
    await scene.create();
    const generation = await scene.lease();
    await scene.write(generation, { session: inTurn });
    scene.pass(5 * ttlMs);
    expect(await isThere()).toBe(true);
    expect((await scene.store.list({ limit: 10 })).conversations).toHaveLength(1);
    expect((await scene.store.unfinished(10)).map(({ id }) => id)).toEqual([one]);
    await scene.write(generation, { session: newSessionState });
    scene.pass(ttlMs - 1);
    expect(await isThere()).toBe(true);
    scene.pass(1);
    expect(await isThere()).toBe(false);
  });

  test('one with a command that is not done is open and does not expire', async () => {
    await scene.create();
    scene.pass(ttlMs - 1);
    await scene.store.addCommand(one, abortOf('p1'));
    scene.pass(5 * ttlMs);
    expect(await isThere()).toBe(true);
    expect(await scene.commandIds()).toEqual(['p1']);
    const generation = await scene.lease();
    await scene.write(generation, { commands: [{ id: messageId('p1'), state: 'taken' }], durable: false });
    expect(await isThere()).toBe(true);
  });

  test('when its last command is done it is kept no longer than its activity allows', async () => {
    await scene.create();
    for (const id of ['p1', 'p2']) await scene.store.addCommand(one, abortOf(id));
    scene.pass(ttlMs);
    const generation = await scene.lease();
    await scene.write(generation, { commands: [{ id: messageId('p1'), state: 'done' }], durable: false });
    expect(await isThere()).toBe(true);
    await scene.write(generation, { commands: [{ id: messageId('p2'), state: 'done' }], durable: false });
    expect(await isThere()).toBe(false);
  });

  test('a turn that ended keeps it open while a command waits', async () => {
    await scene.create();
    const generation = await scene.lease();
    await scene.store.addCommand(one, abortOf('p1'));
    await scene.write(generation, { session: inTurn });
    await scene.write(generation, { session: newSessionState });
    scene.pass(ttlMs);
    expect(await isThere()).toBe(true);
  });

  test('each goes at its own time', async () => {
    for (const [index, id] of ['a', 'b', 'c'].entries()) await scene.create(idOf(id), { at: start + index });
    const left = async (): Promise<readonly string[]> =>
      (await scene.store.list({ limit: 10 })).conversations.map((summary) => summary.conversationId);
    scene.pass(ttlMs - 1);
    expect(await left()).toEqual(['c', 'b', 'a']);
    scene.pass(1);
    expect(await left()).toEqual(['c', 'b']);
    scene.pass(2);
    expect(await left()).toEqual([]);
  });
}
