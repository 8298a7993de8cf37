import { expect, test } from 'vitest';
import {
  abortOf,
  ada,
  batchOf,
  fieldsOf,
  idOf,
  inTurn,
  shop,
  start,
  two,
  type StoreScene,
} from './store-scene.contract.ts';
import type { ConversationStore } from '../store.ts';

const id = idOf('conversation-7');

/** A store that was closed is unavailable, and what was begun before is done. */
export function describeClosing(scene: StoreScene): void {
  test('after close every verb rejects as unavailable, and close may come twice', async () => {
    await populate(scene);
    await scene.store.close();
    await scene.store.close();
    const names = Object.keys(verbs(scene.store));
    expect(await codesOf(scene.store)).toEqual(Object.fromEntries(names.map((name) => [name, 'unavailable'])));
  });

  test('close waits for what was begun', async () => {
    await scene.create(id);
    const generation = await scene.lease(id);
    const begun = [
      scene.write(generation, { conversationId: id, batch: batchOf(1, 'a') }),
      scene.store.addCommand(id, abortOf('p1')).then(({ kind }) => kind),
      scene.store.save(two, 1, fieldsOf(), start).then(({ kind }) => kind),
      scene.store.changeEntry('a', () => ({ next: undefined, result: 'changed' })),
    ];
    await Promise.all([scene.store.close(), scene.store.close()]);
    expect(await Promise.all(begun)).toEqual(['written', 'added', 'missing', 'changed']);
  });
}

/** An engine that is away is unavailable, never "not there". */
export function describeAway(scene: StoreScene): void {
  test('makes every verb unavailable, never "not there"; when it is back all is as it was', async () => {
    const generation = await populate(scene);
    const before = await scene.read(id);
    const entry = { body: '{}', list: 'open', expiresAt: null };
    await scene.store.changeEntry('a', () => ({ next: entry, result: undefined }));
    const bringBack = await scene.takeAway();
    const codes = await codesOf(scene.store);
    await bringBack();
    expect(codes).toEqual(Object.fromEntries(Object.keys(codes).map((name) => [name, 'unavailable'])));
    expect(await scene.read(id)).toEqual(before);
    expect([await scene.store.readEntry('a'), await scene.store.entriesIn('open', 9)]).toEqual([entry, ['a']]);
    expect(await scene.texts(0, id)).toEqual(['a', 'b']);
    expect(await scene.write(generation, { conversationId: id, batch: batchOf(3, 'c') })).toBe('written');
    expect(await scene.saveTask({ confirmed: true }, id)).toMatchObject({ kind: 'saved' });
    const listed = (await scene.store.list({ limit: 10, userId: ada })).conversations.map((row) => row.conversationId);
    expect(listed).toEqual(expect.arrayContaining([id, two]));
    await expect(scene.store.check()).resolves.toBeUndefined();
  });

  test('twice in a row is no different', async () => {
    await populate(scene);
    for (let time = 0; time < 2; time++) {
      const bringBack = await scene.takeAway();
      const code = await codeOf(() => scene.store.check());
      await bringBack();
      expect(code).toBe('unavailable');
      expect(await scene.store.get(id)).toBeDefined();
    }
  });
}

/** One conversation with everything, and one beside it. Returns the generation of its lease. */
async function populate(scene: StoreScene): Promise<number> {
  await scene.create(id, { fields: fieldsOf({ title: 'T', task: { taskDetails: { name: 'N' } } }) });
  await scene.create(two, { at: start - 1 });
  const generation = await scene.lease(id);
  await scene.write(generation, { conversationId: id, batch: batchOf(1, 'a'), session: inTurn });
  await scene.write(generation, { conversationId: id, batch: batchOf(2, 'b') });
  return generation;
}

/** What each verb rejects with. */
async function codesOf(store: ConversationStore): Promise<Record<string, string>> {
  const codes = Object.entries(verbs(store)).map(async ([name, call]) => [name, await codeOf(call)] as const);
  return Object.fromEntries(await Promise.all(codes));
}

async function codeOf(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return 'no error';
  } catch (error) {
    return String((error as { readonly code?: unknown }).code);
  }
}

function verbs(store: ConversationStore): Record<string, () => Promise<unknown>> {
  const lease = { owner: 'b', now: start, until: start + 1 };
  const fresh = { conversationId: idOf('other'), userId: ada, projectId: shop, agent: 'demo', epoch: 'e', at: start };
  return {
    create: () => store.create(fresh),
    get: () => store.get(id),
    read: () => store.read(id),
    save: () => store.save(id, 1, fieldsOf(), start),
    list: () => store.list({ limit: 10 }),
    listOfStatuses: () => store.list({ limit: 10, userId: ada, statuses: ['waiting', 'completed'] }),
    newest: () => store.newest({ userId: ada, projectId: shop, agent: 'demo' }),
    delete: () => store.delete(id),
    write: () => store.write({ conversationId: id, generation: 0, at: start, durable: true, title: 'x' }),
    progress: () =>
      store.write({
        conversationId: id,
        generation: 0,
        at: start,
        durable: false,
        batch: batchOf(9, 'x'),
        runnerOffset: 1,
      }),
    readLog: () => store.readLog(id, 0, 1_000),
    addCommand: () => store.addCommand(id, abortOf('p9')),
    openCommands: () => store.openCommands(id),
    acquire: () => store.acquire(id, lease),
    // One that has a lease: an owner without any may be answered without asking the engine.
    renew: () => store.renew('gateway-1', start + 1_000),
    release: () => store.release(id, 'gateway-1', 1),
    unfinished: () => store.unfinished(10),
    heads: () => store.heads([id]),
    beginWork: () => store.beginWork('sweep', { ...lease, everyMs: 1 }),
    endWork: () => store.endWork('sweep', 'b', start),
    readEntry: () => store.readEntry('a'),
    changeEntry: () => store.changeEntry('a', () => ({ next: null, result: undefined })),
    entriesIn: () => store.entriesIn('a', 1),
    sweepEntries: () => store.sweepEntries(),
    cleanup: () => store.cleanup({ before: 0 }),
    check: () => store.check(),
  };
}
