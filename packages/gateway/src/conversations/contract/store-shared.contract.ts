import type { ConversationId } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import type { ConversationStore } from '../store.ts';
import {
  abortOf,
  ada,
  batchOf,
  bank,
  contentsOf,
  fieldsOf,
  idOf,
  inTurn,
  messageId,
  one,
  shop,
  start,
  ttlMs,
  type StoreScene,
} from './store-scene.contract.ts';

/** Two stores on the same data, as two processes have them: nothing is remembered that the other may have changed. */
export function describeShared(scene: StoreScene): void {
  /** The scene's own store and a second one. */
  async function both(): Promise<readonly [ConversationStore, ConversationStore]> {
    return [scene.store, await scene.openAgain()];
  }

  /** The same call on both, so many times each, all at once. */
  function race<Result>(
    stores: readonly ConversationStore[],
    times: number,
    call: (store: ConversationStore, index: number) => Promise<Result>,
  ): Promise<readonly Result[]> {
    const turns = Array.from({ length: times * stores.length }, (_, index) => index);
    return Promise.all(turns.map((index) => call(stores[index % stores.length] as ConversationStore, index)));
  }

  function takeOver(store: ConversationStore, from: string): Promise<number> {
    const request = { owner: 'gateway-2', now: scene.now, until: scene.now + 1_000, takeFrom: from };
    return store.acquire(one, request).then((result) => (result.kind === 'acquired' ? result.generation : -1));
  }

  test('it says how often to look for what the others wrote', async () => {
    expect(scene.store.pollEveryMs).toBeGreaterThan(0);
  });

  test('what one creates, saves and writes the other sees at once', async () => {
    const [, second] = await both();
    await scene.create();
    expect(await second.read(one)).toMatchObject({ version: 1, task: {} });
    await scene.saveTask({ confirmed: true });
    expect(await second.read(one)).toMatchObject({ version: 2, task: { confirmed: true } });
    const generation = await scene.lease();
    await scene.write(generation, { batch: batchOf(1, 'a'), runnerOffset: 1, durable: false });
    expect((await second.readLog(one, 0, 1_000)).flatMap(contentsOf)).toEqual(['a']);
    expect(await second.get(one)).toMatchObject({ lastSeq: 1, runnerOffset: 1 });
    await scene.write(generation, { status: 'waiting', at: start + 5 });
    expect((await second.list({ limit: 5, statuses: ['waiting'] })).conversations).toHaveLength(1);
    expect((await second.newest({ userId: ada, projectId: shop, agent: 'demo' }))?.lastActivityAt).toBe(start + 5);
  });

  test('one id created in both at once is created once', async () => {
    const stores = await both();
    const results = await race(stores, 5, (store, index) => store.create(scene.fresh(one, { epoch: `e${index}` })));
    expect(results.filter(({ kind }) => kind === 'created')).toHaveLength(1);
    const epochs = results.map((result) => (result.kind === 'deleted' ? '' : result.conversation.epoch));
    expect(new Set(epochs).size).toBe(1);
  });

  test('one version saved in both at once is saved once', async () => {
    const stores = await both();
    const { version } = await scene.create();
    const results = await race(stores, 5, (store, index) =>
      store.save(one, version, fieldsOf({ title: `${index}` }), start),
    );
    expect(results.filter(({ kind }) => kind === 'saved')).toHaveLength(1);
    expect(await scene.store.get(one)).toMatchObject({
      version: version + 1,
      title: `${results.findIndex(({ kind }) => kind === 'saved')}`,
    });
  });

  test('a save in one makes the version that the other read a conflict there', async () => {
    const [first, second] = await both();
    const { version } = await scene.create();
    await second.save(one, version, fieldsOf({ title: 'second' }), start);
    const late = await first.save(one, version, fieldsOf({ title: 'first' }), start);
    expect(late).toEqual({ kind: 'conflict', version: version + 1 });
  });

  test('of two batches with one number, written in both at once, one is there', async () => {
    const stores = await both();
    await scene.create();
    const generation = await scene.lease();
    for (const firstSeq of [1, 2, 3]) {
      const results = await race(stores, 2, (store, index) =>
        store.write({
          conversationId: one,
          generation,
          batch: batchOf(firstSeq, `${firstSeq}:${index}`),
          at: start,
          durable: firstSeq % 2 === 0,
        }),
      );
      expect(results.toSorted()).toEqual(['fenced', 'fenced', 'fenced', 'written']);
      expect((await scene.texts(firstSeq - 1)).join()).toBe(`${firstSeq}:${results.indexOf('written')}`);
    }
    expect(await scene.texts()).toHaveLength(3);
  });

  test('whoever was replaced through the other store is fenced at the next write of any kind', async () => {
    const [, second] = await both();
    await scene.create();
    const old = await scene.lease(one, 'gateway-1');
    await scene.write(old, { batch: batchOf(1, 'a'), runnerOffset: 1, durable: false });
    const young = await takeOver(second, 'gateway-1');
    expect(young).toBeGreaterThan(old);
    expect(await scene.write(old, { batch: batchOf(2, 'x'), runnerOffset: 2, durable: false })).toBe('fenced');
    expect(await scene.write(old, { batch: batchOf(2, 'x') })).toBe('fenced');
    expect(await scene.write(old, { status: 'completed' })).toBe('fenced');
    const write = { conversationId: one, generation: young, batch: batchOf(2, 'b'), at: start, durable: true };
    expect(await second.write(write)).toBe('written');
    expect(await scene.texts()).toEqual(['a', 'b']);
  });

  test('renewing in one does not bring back what was taken in the other', async () => {
    const [first, second] = await both();
    await scene.create();
    await scene.lease(one, 'gateway-1');
    await takeOver(second, 'gateway-1');
    await first.renew('gateway-1', start + 60_000);
    const request = { owner: 'gateway-1', now: start, until: start + 500 };
    const held = { kind: 'held', owner: 'gateway-2', until: start + 1_000 };
    expect(await first.acquire(one, request)).toEqual(held);
  });

  test('of ten who want a lease in both at once one gets it', async () => {
    const stores = await both();
    await scene.create();
    const results = await race(stores, 5, (store, index) =>
      store.acquire(one, { owner: `g${index}`, now: start, until: start + 1_000 }),
    );
    expect(results.filter(({ kind }) => kind === 'acquired')).toHaveLength(1);
  });

  test('a command that is sent through one waits in the other, and is done once', async () => {
    const [first, second] = await both();
    await scene.create();
    const results = await race([first, second], 3, (store) => store.addCommand(one, abortOf('p1')));
    expect(results.filter(({ kind }) => kind === 'added')).toHaveLength(1);
    await second.addCommand(one, abortOf('p2'));
    expect(await scene.commandIds()).toEqual(['p1', 'p2']);
    expect((await first.heads([one])).get(one)).toEqual({ lastSeq: 0, hasNewCommands: true });
    expect(await first.unfinished(5)).toMatchObject([{ id: one, owner: null }]);
    const commands = ['p1', 'p2'].map((id) => ({ id: messageId(id), state: 'done' as const }));
    await scene.write(await scene.lease(), { commands });
    expect(await second.openCommands(one)).toEqual([]);
    expect(await second.addCommand(one, abortOf('p1'))).toMatchObject({ kind: 'known', command: { state: 'done' } });
  });

  test('what is deleted in one is gone in the other, and who drives it there is fenced', async () => {
    const [first, second] = await both();
    const { version } = await scene.create();
    const generation = await scene.lease();
    await scene.write(generation, { session: inTurn, batch: batchOf(1, 'a') });
    expect(await second.delete(one, { force: true })).toBe('deleted');
    expect(await scene.write(generation, { batch: batchOf(2, 'b'), runnerOffset: 2, durable: false })).toBe('fenced');
    expect(await scene.write(generation, { batch: batchOf(2, 'b') })).toBe('fenced');
    expect(await first.get(one)).toBeUndefined();
    expect(await first.save(one, version + 1, fieldsOf(), start)).toEqual({ kind: 'deleted' });
    expect(await first.create(scene.fresh())).toEqual({ kind: 'deleted' });
    expect(await first.addCommand(one, abortOf('p1'))).toEqual({ kind: 'missing' });
    expect(await first.delete(one)).toBe('missing');
    expect(await first.list({ limit: 5 })).toEqual({ conversations: [], next: null });
  });

  test('what is deleted in both at once is deleted by one', async () => {
    const stores = await both();
    await scene.create();
    const results = await race(stores, 3, (store) => store.delete(one));
    expect(results.filter((result) => result === 'deleted')).toHaveLength(1);
    expect(results.filter((result) => result === 'missing')).toHaveLength(5);
  });

  test('an expired one is created anew by one of both, and who drove the old one in the other is fenced', async () => {
    const stores = await both();
    await scene.create();
    const generation = await scene.lease();
    await scene.write(generation, { batch: batchOf(1, 'old') });
    scene.pass(ttlMs);
    const results = await race(stores, 3, (store) => store.create(scene.fresh(one, { projectId: bank })));
    expect(results.filter(({ kind }) => kind === 'created')).toHaveLength(1);
    expect(await scene.write(generation, { batch: batchOf(1, 'late') })).toBe('fenced');
    expect(await scene.texts()).toEqual([]);
    expect(await stores[1].get(one)).toMatchObject({ projectId: bank, lastSeq: 0 });
  });

  test('regular work is begun by one of both, and its end is known to the other', async () => {
    const stores = await both();
    const turn = { now: start, until: start + 1_000, everyMs: 5_000 };
    const told = await race(stores, 3, (store, index) => store.beginWork('sweep', { owner: `g${index}`, ...turn }));
    expect(told.filter(Boolean)).toHaveLength(1);
    await stores[0].endWork('sweep', `g${told.indexOf(true)}`, start + 10);
    expect(await stores[1].beginWork('sweep', { owner: 'b', ...turn, now: start + 5_009 })).toBe(false);
    expect(await stores[1].beginWork('sweep', { owner: 'b', ...turn, now: start + 5_010 })).toBe(true);
  });

  test('a cleanup in both at once counts each conversation in one of them', async () => {
    const stores = await both();
    await Promise.all(Array.from({ length: 20 }, (_, index) => scene.create(idOf(`c${index}`))));
    const counts = await race(stores, 1, (store) => store.cleanup({ before: start }));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(20);
    expect((await stores[1].list({ limit: 50 })).conversations).toEqual([]);
  });

  test('a conversation that goes from one to the other and back has a log without a hole', async () => {
    const stores = await both();
    await scene.create();
    let seq = 0;
    for (let turn = 0; turn < 6; turn++) {
      const store = stores[turn % 2] as ConversationStore;
      const request = { owner: `g${turn % 2}`, now: start, until: start + 1, takeFrom: `g${(turn + 1) % 2}` };
      const lease = await store.acquire(one, request);
      if (lease.kind !== 'acquired') throw new Error(lease.kind);
      expect(lease.conversation.lastSeq).toBe(seq);
      for (let count = 0; count < 3; count++) {
        seq += 1;
        const batch = batchOf(seq, `m${seq}`);
        const write = { conversationId: one, generation: lease.generation, batch, runnerOffset: seq, at: start };
        expect(await store.write({ ...write, durable: count === 1 })).toBe('written');
      }
    }
    expect(await scene.texts()).toEqual(Array.from({ length: 18 }, (_, index) => `m${index + 1}`));
    expect(await stores[1].get(one)).toMatchObject({ lastSeq: 18, runnerOffset: 18 });
  });

  test('all that one wrote is there for the other when it has closed, what was under way too', async () => {
    const [first, second] = await both();
    await scene.create();
    const generation = await scene.lease();
    const ids: readonly ConversationId[] = ['x1', 'x2', 'x3'].map(idOf);
    const begun = [
      ...ids.map((id) => first.create(scene.fresh(id))),
      scene.write(generation, { batch: batchOf(1, 'a') }),
      scene.write(generation, { batch: batchOf(2, 'b'), runnerOffset: 2, durable: false }),
    ];
    await first.close();
    await Promise.all(begun);
    expect((await second.heads(ids)).size).toBe(3);
    expect((await second.readLog(one, 0, 1_000)).flatMap(contentsOf)).toEqual(['a', 'b']);
    await expect(second.check()).resolves.toBeUndefined();
    expect(await second.get(one)).toMatchObject({ lastSeq: 2, runnerOffset: 2 });
  });
}
