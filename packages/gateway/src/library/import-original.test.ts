import { describe, expect, test } from 'vitest';
import type { ConversationId, Json } from '@holdfast/protocol';
import type { OriginalRow, OriginalStorage } from '../conversations/original/original.ts';
import { MemoryConversationStore } from '../conversations/store.memory.ts';
import { importOriginal, type ImportOptions } from './import-original.ts';
import { ImportTally } from './import-report.ts';

const day = 86_400_000;
const someNoon = Date.parse('2025-11-03T12:00:00Z');
const usual: ImportOptions = {
  ...{ projectId: 'imported', agent: 'claude', ttlMs: 7 * day },
  ...{ isDryRun: false, overwrites: false, touches: false, now: () => someNoon },
};

type Fields = Readonly<Record<string, Json>>;

const row = (id: string, fields: Fields = {}): OriginalRow => ({
  kind: 'read',
  name: `row ${id}`,
  fields: {
    ...{ conversation_id: id, user_id: 'ada', task_id: 't', status: 'completed' },
    ...{ created_at: '2025-11-01T00:00:00', last_activity_at: '2025-11-02T00:00:00' },
    ...fields,
  },
  numbersAsText: 0,
  bytes: 100,
});

const storageOf = (rows: readonly OriginalRow[]): OriginalStorage => ({
  async *rows() {
    yield* rows;
  },
  async close() {},
});

function openStore() {
  return new MemoryConversationStore({ ttlMs: 7 * day, now: () => someNoon });
}

async function kindsOf(
  store: MemoryConversationStore,
  rows: readonly OriginalRow[],
  options: Partial<ImportOptions> = {},
) {
  const kinds: string[] = [];
  for await (const { kind } of importOriginal(storageOf(rows), store, { ...usual, ...options })) kinds.push(kind);
  return kinds;
}

const id = (text: string) => text as ConversationId;

describe('an import', () => {
  test('brings everything in once, in any number of runs, and tells of each in its order', async () => {
    const store = openStore();
    const rows = Array.from({ length: 100 }, (_, index) => row(`c${index}`, { index }));
    expect(await kindsOf(store, rows.slice(0, 70))).toEqual(Array.from({ length: 70 }, () => 'imported'));
    const again = await kindsOf(store, rows);
    expect(again.slice(0, 70).every((kind) => kind === 'already-there')).toBe(true);
    expect(again.slice(70).every((kind) => kind === 'imported')).toBe(true);
    expect((await store.list({ limit: 1_000 })).conversations).toHaveLength(100);
    expect(await store.read(id('c42'))).toMatchObject({
      userId: 'ada',
      projectId: 'imported',
      createdAt: Date.parse('2025-11-01T00:00:00Z'),
      lastActivityAt: Date.parse('2025-11-02T00:00:00Z'),
      version: 1,
      task: { index: 42 },
    });
  });

  test('goes on after a corrupt one', async () => {
    const store = openStore();
    const rows: OriginalRow[] = [
      row('a'),
      { kind: 'corrupt', name: 'row 2', why: 'x' },
      row('b', { user_id: null }),
      row('c'),
    ];
    expect(await kindsOf(store, rows)).toEqual(['imported', 'corrupt', 'corrupt', 'imported']);
  });

  test('tells what has changed, and puts it in place only when told to', async () => {
    const store = openStore();
    await kindsOf(store, [row('a', { note: 1 }), row('b')]);
    const changed = [row('a', { note: 2 }), row('b', { last_activity_at: '2025-11-02T00:00:01' })];
    const whys: (string | undefined)[] = [];
    for await (const { why } of importOriginal(storageOf(changed), store, usual)) whys.push(why);
    expect(whys).toEqual([expect.stringContaining('different: note'), expect.stringContaining('lastActivityAt')]);
    expect(await store.read(id('a'))).toMatchObject({ task: { note: 1 }, version: 1 });
    expect(await kindsOf(store, changed, { overwrites: true })).toEqual(['updated', 'updated']);
    expect(await store.read(id('a'))).toMatchObject({ task: { note: 2 }, version: 2 });
    expect(await kindsOf(store, changed)).toEqual(['already-there', 'already-there']);
  });

  test('gives nobody’s conversation to somebody else, overwriting or not', async () => {
    const store = openStore();
    await kindsOf(store, [row('a')]);
    expect(await kindsOf(store, [row('a', { user_id: 'eve' })], { overwrites: true })).toEqual(['conflict']);
    expect(await kindsOf(store, [row('a')], { overwrites: true, projectId: 'other' })).toEqual(['conflict']);
    expect(await store.read(id('a'))).toMatchObject({ userId: 'ada', projectId: 'imported', version: 1 });
  });

  test('brings nothing back that was deleted here', async () => {
    const store = openStore();
    await kindsOf(store, [row('a')]);
    await store.delete(id('a'));
    for (const options of [{}, { isDryRun: true }, { overwrites: true }]) {
      expect(await kindsOf(store, [row('a')], options)).toEqual(['conflict']);
    }
    expect(await store.read(id('a'))).toBeUndefined();
  });

  test('on trial tells the same and writes nothing', async () => {
    const store = openStore();
    await kindsOf(store, [row('a'), row('b')]);
    const rows = [row('a'), row('b', { note: 1 }), row('c')];
    expect(await kindsOf(store, rows, { isDryRun: true })).toEqual(['already-there', 'conflict', 'imported']);
    expect(await kindsOf(store, rows, { isDryRun: true, overwrites: true })).toEqual([
      'already-there',
      'updated',
      'imported',
    ]);
    expect((await store.list({ limit: 10 })).conversations.map(({ version }) => version)).toEqual([1, 1]);
  });

  test('skips what is expired, or takes it as active now, and then knows it again', async () => {
    const store = openStore();
    const old = { created_at: '2025-10-01T00:00:00', last_activity_at: '2025-10-27T12:00:00' };
    expect(await kindsOf(store, [row('a', old)])).toEqual(['expired']);
    expect(await store.read(id('a'))).toBeUndefined();
    expect(await kindsOf(store, [row('a', old)], { touches: true })).toEqual(['imported']);
    expect(await store.read(id('a'))).toMatchObject({
      createdAt: Date.parse('2025-10-01T00:00:00Z'),
      lastActivityAt: someNoon,
    });
    expect(await kindsOf(store, [row('a', old)], { now: () => someNoon + 5 })).toEqual(['already-there']);
    expect(await kindsOf(store, [row('a', old)], { now: () => someNoon + 5, touches: true })).toEqual([
      'already-there',
    ]);
    expect(await kindsOf(openStore(), [row('a', old)], { ttlMs: null })).toEqual(['imported']);
  });

  test('of large ones holds few at a time', async () => {
    const store = openStore();
    let readAhead = 0;
    let most = 0;
    const storage: OriginalStorage = {
      async *rows() {
        for (let index = 0; index < 20; index += 1) {
          readAhead += 1;
          most = Math.max(most, readAhead);
          yield { ...row(`c${index}`), bytes: 5_000_000 } as OriginalRow;
        }
      },
      async close() {},
    };
    for await (const { kind } of importOriginal(storage, store, usual)) readAhead -= kind === 'imported' ? 1 : 0;
    expect(most).toBe(2);
  });
});

describe('the report', () => {
  test('counts everything and lists a thousand', async () => {
    const tally = new ImportTally();
    for (let index = 0; index < 1_200; index += 1) {
      tally.add({ kind: 'corrupt', name: `row ${index}`, why: 'x', numbersAsText: 1 });
      tally.add({
        ...{ kind: 'imported', name: 'r', conversationId: `c${index}`, foreignId: `:${index}`, numbersAsText: 0 },
        foreignStatus: { was: 'odd', is: 'interrupted' },
      });
    }
    const { counts, problems, ids, statuses, numbersAsText } = tally.report(false);
    expect(counts).toMatchObject({ corrupt: 1_200, imported: 1_200 });
    expect([problems.length, ids.length, numbersAsText]).toEqual([1_000, 1_000, 1_200]);
    expect(statuses).toEqual([{ was: 'odd', is: 'interrupted', count: 1_200 }]);
    expect(tally.isFine).toBe(false);
  });
});
