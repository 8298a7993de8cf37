import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, test } from 'vitest';
import type { ConversationId, MessageId } from '@holdfast/protocol';
import { LogBatchWriter, textsOf } from '../log-batch.ts';
import { newestSchema } from './schema.sqlite.ts';
import { SQLiteConversationStore } from '../store.sqlite.ts';
import { inFile, newConversation, SQLiteFolder } from '../testing/sqlite-file.ts';

const folder = new SQLiteFolder();
afterAll(() => folder[Symbol.dispose]());

const turn = { promptId: 'p1' as MessageId, userId: 'ada', runnerEpoch: 'r1' };
const session = { turn, pending: [], openTools: [], decisions: [], settings: {}, runnerEpoch: 'r1' };

/** The first version of the schema, as it is on people's disks. */
function firstSchema(): string {
  const source = readFileSync(new URL('schema.sqlite.ts', import.meta.url), 'utf8');
  const [, step = ''] = /const steps[^=]*= \[\s*`([^`]*)`/.exec(source) ?? [];
  expect(step).toContain('CREATE TABLE conversations');
  return step;
}

/** A file as the first version left it: one in a turn, one with a command that waits, one that is at rest. */
function oldFile(): string {
  const path = folder.freshPath();
  mkdirSync(dirname(path), { recursive: true });
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; ${firstSchema()} PRAGMA user_version = 1`);
  const insert = db.prepare(
    `INSERT INTO conversations (id, user_id, project_id, agent, title, status, created_at, last_activity_at, version, epoch,
       base_offset, base_seq, has_turn, session, lease_owner, lease_until, lease_generation)
     VALUES (?, 'ada', 'shop', 'demo', 'T', 'waiting', 1, ?, 3, 'e1', 4, 1, ?, ?, ?, 9, 2)`,
  );
  insert.run('turn', 30, 1, JSON.stringify(session), 'gateway-1');
  insert.run('asked', 20, 0, null, null);
  insert.run('rest', 10, 0, null, null);
  const writer = new LogBatchWriter(1, 1_700_000_000_000);
  for (const content of ['a', 'b']) writer.addMessage({ type: 'notice', agent: 'demo', code: 'test', content });
  db.prepare(`INSERT INTO batches VALUES ((1 << 32) + 2, 1, 2, 7, ?)`).run(writer.finish().bytes);
  const command = db.prepare(
    `INSERT INTO commands (conversation_id, id, user_id, message, state) VALUES (?, ?, 'ada', '{"type":"abort"}', ?)`,
  );
  command.run('asked', 'x', 'done');
  command.run('asked', 'z', 'new');
  command.run('asked', 'y', 'logged');
  db.close();
  return path;
}

describe('a file of the first schema', () => {
  test('has everything after it was opened', async () => {
    const path = oldFile();
    const store = new SQLiteConversationStore(path, { ttlMs: null });
    const [inTurn, asked] = ['turn', 'asked'] as ConversationId[] as [ConversationId, ConversationId];
    expect(await store.read(inTurn)).toEqual({
      ...newConversationFields,
      conversationId: inTurn,
      lastActivityAt: 30,
      lastSeq: 2,
      runnerOffset: 7,
      session,
      task: {},
    });
    expect((await store.readLog(inTurn, 0, 1_000)).flatMap(textsOf)).toHaveLength(2);
    expect((await store.openCommands(asked)).map((row) => [row.id, row.state])).toEqual([
      ['z', 'new'],
      ['y', 'logged'],
    ]);
    const known = { id: 'x' as MessageId, userId: 'ada', message: { type: 'abort' } } as const;
    expect(await store.addCommand(asked, known as never)).toMatchObject({ kind: 'known', command: { state: 'done' } });
    expect(await store.unfinished(5)).toEqual([
      { id: 'asked', owner: null, until: 9 },
      { id: 'turn', owner: 'gateway-1', until: 9 },
    ]);
    const { conversations } = await store.list({ limit: 5, statuses: ['waiting'] });
    expect(conversations.map((row) => row.conversationId)).toEqual(['turn', 'asked', 'rest']);
    await store.close();
  });

  test('goes on numbering where it was, and can become shorter', async () => {
    const path = oldFile();
    const store = new SQLiteConversationStore(path, { ttlMs: null });
    await store.create(newConversation('next'));
    await store.close();
    const [{ number }, { mode }, { version }] = inFile(path, (db) => [
      db.prepare(`SELECT number FROM conversations WHERE id = 'next'`).get() as { number: number },
      db.prepare(`SELECT auto_vacuum AS mode FROM pragma_auto_vacuum`).get() as { mode: number },
      db.prepare(`SELECT user_version AS version FROM pragma_user_version`).get() as { version: number },
    ]);
    expect([number, mode, version]).toEqual([4, 2, newestSchema]);
  });

  test('is brought up by whoever comes first, and the other finds it done', async () => {
    const path = oldFile();
    const stores = [1, 2].map(() => new SQLiteConversationStore(path, { ttlMs: null }));
    for (const store of stores) {
      expect((await store.list({ limit: 5 })).conversations).toHaveLength(3);
      await store.close();
    }
  });
});

test('a file of a newer schema is refused and stays as it is', () => {
  const path = oldFile();
  inFile(path, (db) => db.exec(`PRAGMA user_version = ${newestSchema + 1}`));
  expect(() => new SQLiteConversationStore(path, { ttlMs: null })).toThrow(/newer Holdfast/);
  const tables = inFile(path, (db) => db.prepare(`SELECT name FROM sqlite_schema WHERE name = 'trash'`).all());
  expect(tables).toEqual([]);
});

test('a step that fails half-way leaves the file as it was', () => {
  const path = oldFile();
  inFile(path, (db) => db.exec('CREATE TABLE works (is_in_the_way)'));
  expect(() => new SQLiteConversationStore(path, { ttlMs: null })).toThrow(/could not open/);
  const { version, rows } = inFile(path, (db) => ({
    version: db.prepare('PRAGMA user_version').get(),
    rows: db.prepare('SELECT id, session FROM conversations').all(),
  }));
  expect([version, rows.length]).toEqual([{ user_version: 1 }, 3]);
});

const newConversationFields = {
  userId: 'ada',
  projectId: 'shop',
  agent: 'demo',
  taskId: null,
  title: 'T',
  status: 'waiting',
  createdAt: 1,
  version: 3,
  epoch: 'e1',
};
