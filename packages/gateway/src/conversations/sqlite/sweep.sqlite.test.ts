import { statSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import type { ConversationId } from '@holdfast/protocol';
import { LogBatchWriter } from '../log-batch.ts';
import { SQLiteConversationStore } from '../store.sqlite.ts';
import { inFile, newConversation, SQLiteChild, SQLiteFolder } from '../testing/sqlite-file.ts';

const folder = new SQLiteFolder();
afterAll(() => folder[Symbol.dispose]());

const dayMs = 24 * 3_600_000;
const tables = ['conversations', 'batches', 'commands', 'sessions', 'tasks', 'trash'] as const;

function countsOf(path: string): Record<string, number> {
  return inFile(path, (db) =>
    Object.fromEntries(
      tables.map((table) => [table, Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'])]),
    ),
  );
}

const nothing = Object.fromEntries(tables.map((table) => [table, 0]));

/** A conversation with everything that can hang on one; its log has so many batches of so many bytes. */
async function fill(store: SQLiteConversationStore, id: string, batches: number, bytes: number): Promise<void> {
  const conversationId = id as ConversationId;
  const fields = { taskId: null, title: '', status: 'completed' as const, task: { taskDetails: 'x'.repeat(2_000) } };
  await store.create(newConversation(id, { fields }));
  const lease = await store.acquire(conversationId, { owner: 'a', now: 1, until: 2 });
  if (lease.kind !== 'acquired') throw new Error(lease.kind);
  await store.addCommand(conversationId, { id: 'p', userId: 'ada', message: { type: 'abort' } } as never);
  const write = { conversationId, generation: lease.generation, at: 1, durable: false };
  const session = { turn: null, pending: [], openTools: [], decisions: [], settings: {}, runnerEpoch: null };
  const content = 'x'.repeat(bytes);
  await Promise.all(
    Array.from({ length: batches }, (_, index) => {
      const writer = new LogBatchWriter(index + 1, 1);
      writer.addMessage({ type: 'notice', agent: 'demo', code: 'test', content });
      return store.write({ ...write, batch: writer.finish(), runnerOffset: index });
    }),
  );
  await store.write({ ...write, session, commands: [{ id: 'p' as never, state: 'done' }] });
}

describe('cleanup of a SQLite file', () => {
  test('leaves nothing of what it deletes, and the file becomes shorter', async () => {
    const path = folder.freshPath();
    const store = new SQLiteConversationStore(path, { ttlMs: null });
    for (let index = 0; index < 20; index++) await fill(store, `c${index}`, 5, 50_000);
    await fill(store, 'kept', 1, 10);
    await store.save('kept' as ConversationId, 2, { taskId: null, title: '', status: 'waiting', task: {} }, 100);
    expect(await store.cleanup({ before: 99 })).toBe(20);
    expect(countsOf(path)).toEqual({ conversations: 1, batches: 1, commands: 1, sessions: 1, tasks: 1, trash: 0 });
    expect(statSync(path).size).toBeLessThan(500_000);
    expect(statSync(`${path}-wal`).size).toBe(0);
    expect(inFile(path, (db) => db.prepare('PRAGMA integrity_check').get())).toEqual({ integrity_check: 'ok' });
    await store.close();
  });

  test('takes a large log in parts, between which others write', async () => {
    const path = folder.freshPath();
    const store = new SQLiteConversationStore(path, { ttlMs: null });
    await fill(store, 'large', 400, 100_000);
    const over = new AbortController();
    let written = 0;
    const writing = (async () => {
      for (; !over.signal.aborted; written++) await store.create(newConversation(`w${written}`, { at: 1_000 }));
    })();
    expect(await store.cleanup({ before: 1 })).toBe(1);
    over.abort();
    await writing;
    expect(written).toBeGreaterThan(10);
    expect(countsOf(path)).toEqual({ ...nothing, conversations: written });
    await store.close();
  });

  test('ends what a deletion that was killed has left', async () => {
    const path = folder.freshPath();
    const store = new SQLiteConversationStore(path, { ttlMs: null });
    await fill(store, 'c', 3, 1_000);
    // As a kill leaves it right after the deletion was acknowledged.
    inFile(path, (db) => db.exec(`INSERT INTO trash SELECT number FROM conversations; DELETE FROM conversations`));
    expect(await store.get('c' as ConversationId)).toBeUndefined();
    await fill(store, 'c', 1, 10);
    expect(await store.readLog('c' as ConversationId, 0, 1_000_000)).toHaveLength(1);
    expect(await store.cleanup({ before: 0 })).toBe(0);
    expect(countsOf(path)).toEqual({ conversations: 1, batches: 1, commands: 1, sessions: 1, tasks: 1, trash: 0 });
    await store.close();
  });

  test('forgets the ids of the deleted after 30 days', async () => {
    const path = folder.freshPath();
    let now = 0;
    const store = new SQLiteConversationStore(path, { ttlMs: null, now: () => now });
    for (let index = 0; index < 100; index++) {
      const { conversationId } = newConversation(`c${index}`);
      await store.create(newConversation(conversationId));
      now = index;
      await store.delete(conversationId);
    }
    now = 30 * dayMs + 49;
    await store.cleanup({ before: 0 });
    const left = inFile(path, (db) =>
      db.prepare('SELECT min(deleted_at) AS first, count(*) AS n FROM tombstones').get(),
    );
    expect(left).toEqual({ first: 50, n: 50 });
    await store.close();
  });

  test('stops between two parts when it is told to, and at a store that closes', async () => {
    const path = folder.freshPath();
    const store = new SQLiteConversationStore(path, { ttlMs: null });
    await Promise.all(Array.from({ length: 200 }, (_, index) => store.create(newConversation(`c${index}`))));
    const stopped = new AbortController();
    stopped.abort();
    expect(await store.cleanup({ before: 10, signal: stopped.signal })).toBe(0);
    const cleanup = store.cleanup({ before: 10 });
    await Promise.all([expect(cleanup).rejects.toMatchObject({ code: 'unavailable' }), store.close()]);
    expect(countsOf(path)['conversations']).toBe(200);
  });

  test('while another process has the file open it works too, and cuts the file when that one has gone', async () => {
    const path = folder.freshPath();
    const store = new SQLiteConversationStore(path, { ttlMs: null });
    for (let index = 0; index < 10; index++) await fill(store, `c${index}`, 5, 50_000);
    await using child = new SQLiteChild('create', path, 'other');
    await child.lines(3);
    expect(await store.cleanup({ before: 1 })).toBe(10);
    await child.end();
    await store.cleanup({ before: 1 });
    expect(statSync(path).size).toBeLessThan(1_000_000);
    expect(await store.heads(child.said as ConversationId[])).toHaveProperty('size', child.said.length - 1);
    await store.close();
  });
});

test('what hangs on a deleted conversation goes in the background', async () => {
  const path = folder.freshPath();
  const store = new SQLiteConversationStore(path, { ttlMs: null });
  await fill(store, 'c', 30, 10_000);
  expect(await store.delete('c' as ConversationId)).toBe('deleted');
  await expect.poll(() => countsOf(path), { interval: 20, timeout: 10_000 }).toEqual(nothing);
  await store.close();
});

test('an expired conversation whose id is used anew leaves nothing to the new one', async () => {
  const path = folder.freshPath();
  let now = 10;
  const store = new SQLiteConversationStore(path, { ttlMs: 100, now: () => now });
  await fill(store, 'c', 3, 1_000);
  now = 500;
  expect(await store.create(newConversation('c', { at: now }))).toMatchObject({ kind: 'created' });
  expect(await store.read('c' as ConversationId)).toMatchObject({ task: {}, lastSeq: 0 });
  await expect.poll(() => countsOf(path), { interval: 20, timeout: 10_000 }).toEqual({ ...nothing, conversations: 1 });
  await store.close();
});
