import { closeSync, openSync, renameSync, statSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, test } from 'vitest';
import type { ConversationId } from '@holdfast/protocol';
import { pageBytes } from './sqlite/file.sqlite.ts';
import { LogBatchWriter } from './log-batch.ts';
import { describeStore } from './store.contract.ts';
import { SQLiteConversationStore } from './store.sqlite.ts';
import type { ConversationStore, StoreOptions } from './store.ts';
import { inFile, newConversation, SQLiteChild, SQLiteFolder } from './testing/sqlite-file.ts';

const folder = new SQLiteFolder();
afterAll(() => folder[Symbol.dispose]());

const fresh = newConversation('c1');
const id = fresh.conversationId;
const paths = new WeakMap<ConversationStore, string>();
const pathOf = (store: ConversationStore): string => paths.get(store) ?? '';

function open(path: string, options: StoreOptions): ConversationStore {
  const store = new SQLiteConversationStore(path, options);
  paths.set(store, path);
  return store;
}

const damages = {
  session: `UPDATE sessions SET state = '{"turn":' WHERE number = (SELECT number FROM conversations WHERE id = ?)`,
  task: `UPDATE tasks SET document = '{"confirmed":' WHERE number = (SELECT number FROM conversations WHERE id = ?)`,
  log: `UPDATE batches SET bytes = zeroblob(length(bytes)) WHERE key =
    (SELECT max(key) FROM batches JOIN conversations ON key >> 32 = number WHERE id = ?)`,
};

describeStore('SQLite', {
  open: async (options) => open(folder.freshPath(), options),
  openAgain: async (store, options) => open(pathOf(store), options),
  damage: async (store, damaged, part) => void inFile(pathOf(store), (db) => db.prepare(damages[part]).run(damaged)),
  takeAway: async (store) => {
    const path = pathOf(store);
    renameSync(path, `${path}.away`);
    // Progress looks for the file now and then only, from the first look that was in vain at once.
    await store.get(id).catch(() => undefined);
    return async () => renameSync(`${path}.away`, path);
  },
});

describe('the SQLite file', () => {
  test('is made with its folder and belongs to its user alone', async () => {
    const path = folder.freshPath();
    const store = open(path, { ttlMs: null });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await store.close();
  });

  test('has everything again when it is opened again', async () => {
    const path = folder.freshPath();
    const first = open(path, { ttlMs: null });
    await first.create(fresh);
    await first.close();
    const second = open(path, { ttlMs: null });
    expect(await second.get(id)).toMatchObject({ userId: 'ada' });
    await second.close();
  });

  test(
    'does not grow with checks and leases alone, however long nobody says anything',
    { timeout: 20_000 },
    async () => {
      const path = folder.freshPath();
      const store = open(path, { ttlMs: null });
      await store.create(fresh);
      const growth = async (): Promise<number> => {
        const before = statSync(`${path}-wal`).size;
        for (let time = 0; time < 20; time++) await store.check();
        return statSync(`${path}-wal`).size - before;
      };
      expect(await growth()).toBeGreaterThan(0);
      // Once the log was brought into the file its room is used again.
      await expect.poll(growth, { interval: 700, timeout: 15_000 }).toBe(0);
      await store.close();
    },
  );

  test('that is a symbolic link is refused', () => {
    const link = join(folder.path, 'link.db');
    symlinkSync(join(folder.path, 'elsewhere.db'), link);
    expect(() => open(link, { ttlMs: null })).toThrow(/symbolic link/);
  });

  test('that is no database is refused with its name', () => {
    const path = join(folder.path, 'text.db');
    writeFileSync(
      path,
      'this is not a database, and it is longer than a header of one hundred bytes would have to be ....',
    );
    expect(() => open(path, { ttlMs: null })).toThrow(new RegExp(path));
  });

  test('that was replaced by another one is not written to any more', async () => {
    const path = folder.freshPath();
    const store = open(path, { ttlMs: null });
    renameSync(path, `${path}.old`);
    writeFileSync(path, '');
    await expect(store.create(fresh)).rejects.toThrow(/was replaced/);
    await store.close();
  });

  test('that another one holds for longer than is waited for is unavailable, and works when it is let go', async () => {
    const path = folder.freshPath();
    const store = new SQLiteConversationStore(path, { ttlMs: null, busyTimeoutMs: 20 });
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    await expect(store.create(fresh)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('locked'),
    });
    other.exec('ROLLBACK');
    other.close();
    expect(await store.create(fresh)).toMatchObject({ kind: 'created' });
    await store.close();
  });

  test('that another one holds can be opened and read', async () => {
    const path = folder.freshPath();
    const first = open(path, { ttlMs: null });
    await first.create(fresh);
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const second = new SQLiteConversationStore(path, { ttlMs: null, busyTimeoutMs: 20 });
    expect(await second.get(id)).toBeDefined();
    expect(await second.readEntry('a')).toBeUndefined();
    other.exec('ROLLBACK');
    other.close();
    await second.close();
    await first.close();
  });

  test('that another one holds makes a change of an entry wait longer than everything else', async () => {
    const path = folder.freshPath();
    const store = new SQLiteConversationStore(path, { ttlMs: null, busyTimeoutMs: 20 });
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    let calls = 0;
    const changing = store.changeEntry('a', () => ({ next: null, result: ++calls }));
    // They share a transaction that could not begin; one is tried again.
    await expect(store.create(fresh)).rejects.toThrow(/locked/);
    other.exec('ROLLBACK');
    other.close();
    expect(await changing).toBe(1);
    await store.close();
  });

  test('with a damaged page is corrupt, not unavailable and not empty', async () => {
    const path = folder.freshPath();
    const store = open(path, { ttlMs: null });
    await store.create(fresh);
    await store.close();
    const { rootpage } = inFile(path, (db) =>
      db.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'conversations'`).get(),
    ) as { rootpage: number };
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(pageBytes, 0x5a), 0, pageBytes, (rootpage - 1) * pageBytes);
    closeSync(file);
    const again = open(path, { ttlMs: null });
    await expect(again.get(id)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('corrupt'),
    });
    await again.close();
  });

  test('a damaged row spoils only its own call, not those that share its transaction', async () => {
    const path = folder.freshPath();
    const store = open(path, { ttlMs: null });
    await store.create(fresh);
    const lease = await store.acquire(id, { owner: 'a', now: 1, until: 2 });
    const generation = lease.kind === 'acquired' ? lease.generation : 0;
    await store.write({
      conversationId: id,
      generation,
      at: 1,
      durable: true,
      session: { turn: null, pending: [], openTools: [], decisions: [], settings: {}, runnerEpoch: null },
    });
    inFile(path, (db) => db.prepare(damages.session).run(id));
    const other = store.create(newConversation('c2'));
    const spoiled = store.acquire(id, { owner: 'a', now: 1, until: 2 });
    const third = store.create(newConversation('c3'));
    await expect(spoiled).rejects.toMatchObject({ code: 'internal' });
    expect([(await other).kind, (await third).kind]).toEqual(['created', 'created']);
    await store.close();
  });

  test('a batch whose bytes are fewer messages than its numbers say is corrupt', async () => {
    const path = folder.freshPath();
    const store = open(path, { ttlMs: null });
    await store.create(fresh);
    const lease = await store.acquire(id, { owner: 'a', now: 1, until: 2 });
    const generation = lease.kind === 'acquired' ? lease.generation : 0;
    const writer = new LogBatchWriter(1, 1);
    writer.addMessage({ type: 'notice', agent: 'demo', code: 'test', content: 'x' });
    const batch = { ...writer.finish(), lastSeq: 2 };
    expect(await store.write({ conversationId: id, generation, batch, at: 1, durable: true })).toBe('written');
    await expect(store.readLog(id, 0, 1)).rejects.toMatchObject({ code: 'internal' });
    await store.close();
  });
});

describe('several processes on one SQLite file', () => {
  test('count together by compare and set, and none of their counts is lost', { timeout: 60_000 }, async () => {
    const path = folder.freshPath();
    const store = open(path, { ttlMs: null });
    const fields = { taskId: null, title: '', status: 'completed' as const, task: { count: 0 } };
    await store.create({ ...fresh, fields });
    const times = 50;
    await using children = new AsyncDisposableStack();
    const counters = Array.from({ length: 4 }, () => children.use(new SQLiteChild('count', path, id, `${times}`)));
    await Promise.all(counters.map((counter) => counter.lines(1)));
    const record = await store.read(id);
    expect(record?.task).toEqual({ count: 4 * times });
    expect(record?.version).toBe(1 + 4 * times);
    await store.close();
  });

  test('one that is killed loses nothing that it has acknowledged', { timeout: 60_000 }, async () => {
    const path = folder.freshPath();
    const store = open(path, { ttlMs: null });
    await using child = new SQLiteChild('create', path, 'k');
    await child.lines(50);
    await child.kill();
    const heads = await store.heads(child.said as ConversationId[]);
    expect(heads.size).toBe(child.said.length);
    await store.close();
  });
});
