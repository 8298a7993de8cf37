import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, test } from 'vitest';
import type { ConversationId } from '@holdfast/protocol';
import { backupFile, restoreFile } from './backup.sqlite.ts';
import { LogBatchWriter } from '../log-batch.ts';
import { newestSchema } from './schema.sqlite.ts';
import { SQLiteConversationStore } from '../store.sqlite.ts';
import { inFile, newConversation, SQLiteChild, SQLiteFolder } from '../testing/sqlite-file.ts';

const folder = new SQLiteFolder();
afterAll(() => folder[Symbol.dispose]());

const beside = (path: string, name: string): string => join(dirname(path), name);
const error = (code: string, words: RegExp): object =>
  expect.objectContaining({ code, message: expect.stringMatching(words) });

/** Every row of every table. */
function contentOf(path: string): Record<string, unknown> {
  const rowsOf = (db: DatabaseSync): Record<string, unknown> => {
    const tables = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`).all();
    return Object.fromEntries(tables.map(({ name }) => [name, db.prepare(`SELECT * FROM ${String(name)}`).all()]));
  };
  return inFile(path, rowsOf);
}

async function filled(count: number): Promise<string> {
  const path = folder.freshPath();
  const store = new SQLiteConversationStore(path, { ttlMs: null });
  for (let index = 0; index < count; index++) {
    const id = `c${index}` as ConversationId;
    await store.create(newConversation(id));
    const lease = await store.acquire(id, { owner: 'a', now: 1, until: 2 });
    const writer = new LogBatchWriter(1, 1);
    writer.addMessage({ type: 'notice', agent: 'demo', code: 'test', content: 'x'.repeat(20_000) });
    const generation = lease.kind === 'acquired' ? lease.generation : 0;
    await store.write({ conversationId: id, generation, batch: writer.finish(), at: 1, durable: true });
  }
  await store.close();
  return path;
}

async function idsIn(path: string): Promise<readonly string[]> {
  const store = new SQLiteConversationStore(path, { ttlMs: null });
  const { conversations } = await store.list({ limit: 1_000 });
  await store.close();
  return conversations.map((row) => row.conversationId).toSorted();
}

describe('a backup', () => {
  test('is the file, row by row, in one file that belongs to its user alone', async () => {
    const path = await filled(5);
    const copy = beside(path, 'copies/backup.db');
    await backupFile(path, copy);
    expect(contentOf(copy)).toEqual(contentOf(path));
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect(readdirSync(dirname(copy))).toEqual([basename(copy)]);
  });

  test('has all that was acknowledged before it began, while others write', { timeout: 60_000 }, async () => {
    const path = await filled(20);
    const store = new SQLiteConversationStore(path, { ttlMs: null });
    await using child = new SQLiteChild('create', path, 'w');
    await child.lines(20);
    const copy = beside(path, 'backup.db');
    const before = [...child.said];
    await backupFile(path, copy);
    const atEnd = child.said.length;
    await child.lines(atEnd + 5);
    await child.end();
    expect(await idsIn(copy)).toEqual(expect.arrayContaining(before));
    // And nothing that hangs in the air: it is the file as it was at one moment.
    const written = (await idsIn(copy)).filter((id) => id.startsWith('w')).length;
    expect(await idsIn(copy)).toEqual(expect.arrayContaining(child.said.slice(0, written)));
    await store.close();
  });

  test('does not overwrite, nor follow a symbolic link', async () => {
    const path = await filled(1);
    const there = beside(path, 'there.db');
    writeFileSync(there, 'mine');
    await expect(backupFile(path, there)).rejects.toEqual(error('conflict', /there already/));
    expect(readFileSync(there, 'utf8')).toBe('mine');
    symlinkSync(path, beside(path, 'link.db'));
    await expect(backupFile(beside(path, 'link.db'), beside(path, 'b.db'))).rejects.toEqual(
      error('conflict', /symbolic/),
    );
    symlinkSync(beside(path, 'nowhere.db'), beside(path, 'to.db'));
    await expect(backupFile(path, beside(path, 'to.db'))).rejects.toEqual(error('conflict', /there already/));
    expect(existsSync(beside(path, 'nowhere.db'))).toBe(false);
  });

  test('of a file that is not there, or is none of ours, is refused, and leaves nothing', async () => {
    const path = await filled(1);
    const copy = beside(path, 'b.db');
    await expect(backupFile(beside(path, 'none.db'), copy)).rejects.toEqual(error('not_found', /none\.db/));
    inFile(beside(path, 'other.db'), (db) => db.exec('CREATE TABLE t (x)'));
    await expect(backupFile(beside(path, 'other.db'), copy)).rejects.toEqual(error('internal', /no conversations/));
    expect(readdirSync(dirname(path)).toSorted()).toEqual(['holdfast.db', 'other.db']);
  });

  test('that is killed half-way leaves nothing under its name', { timeout: 60_000 }, async () => {
    const path = await filled(100);
    const copy = beside(path, 'copies/backup.db');
    mkdirSync(dirname(copy));
    await using child = new SQLiteChild('back', path, copy);
    await expect.poll(() => readdirSync(dirname(copy)).length, { interval: 1, timeout: 30_000 }).toBeGreaterThan(0);
    await child.kill();
    const left = readdirSync(dirname(copy));
    if (left.includes('backup.db')) expect(contentOf(copy)).toEqual(contentOf(path));
    else expect(left.every((name) => name.includes('.partial'))).toBe(true);
  });
});

describe('a restored file', () => {
  test('is the backup, byte by byte; what was there is kept', async () => {
    const path = await filled(3);
    const copy = beside(path, 'backup.db');
    await backupFile(path, copy);
    const store = new SQLiteConversationStore(path, { ttlMs: null });
    await store.create(newConversation('later'));
    await store.close();
    await restoreFile(copy, path);
    expect(readFileSync(path).equals(readFileSync(copy))).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const kept = readdirSync(dirname(path)).filter((name) => name.includes('before-restore'));
    expect(kept).toHaveLength(1);
    expect(await idsIn(path)).toEqual(['c0', 'c1', 'c2']);
    expect(await idsIn(beside(path, kept[0] ?? ''))).toEqual(['c0', 'c1', 'c2', 'later']);
  });

  test('is made where none was, with its folder; an orphaned write-ahead log does not get into it', async () => {
    const path = await filled(2);
    const target = beside(path, 'new/holdfast.db');
    mkdirSync(dirname(target));
    writeFileSync(`${target}-wal`, 'left over');
    await restoreFile(path, target);
    expect(await idsIn(target)).toEqual(['c0', 'c1']);
    expect(readdirSync(dirname(target)).filter((name) => name.endsWith('-wal'))).toHaveLength(1);
    expect(existsSync(`${target}-wal`)).toBe(false);
  });

  test('is refused while any process has the file open, idle or not, and works when it has gone', async () => {
    const path = await filled(2);
    const copy = beside(path, 'backup.db');
    await backupFile(path, copy);
    const store = new SQLiteConversationStore(path, { ttlMs: null });
    await expect(restoreFile(copy, path)).rejects.toEqual(error('conflict', /in use/));
    await store.create(newConversation('goes-on'));
    await store.close();
    await using child = new SQLiteChild('hold', path);
    await child.lines(1);
    await expect(restoreFile(copy, path)).rejects.toEqual(error('conflict', /in use/));
    await child.end();
    expect(await idsIn(path)).toContain('goes-on');
    await restoreFile(copy, path);
    expect(await idsIn(path)).toEqual(['c0', 'c1']);
  });

  test.each([
    ['is cut short', (copy: string) => writeFileSync(copy, readFileSync(copy).subarray(0, 50_000)), /corrupt/],
    ['is no database', (copy: string) => writeFileSync(copy, 'x'.repeat(5_000)), /no SQLite file/],
    ['is empty', (copy: string) => writeFileSync(copy, ''), /no conversations/],
    [
      'is of a newer Holdfast',
      (copy: string) => inFile(copy, (db) => db.exec(`PRAGMA user_version = ${newestSchema + 1}`)),
      /newer/,
    ],
  ] as const)('is not made from a backup that %s', async (_name, spoil, words) => {
    const path = await filled(5);
    const copy = beside(path, 'backup.db');
    await backupFile(path, copy);
    spoil(copy);
    const before = readFileSync(path);
    await expect(restoreFile(copy, path)).rejects.toEqual(error('internal', words));
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(dirname(path)).toSorted()).toEqual(['backup.db', 'holdfast.db']);
  });

  test('takes the place of a damaged one', async () => {
    const path = await filled(2);
    const copy = beside(path, 'backup.db');
    await backupFile(path, copy);
    writeFileSync(path, 'this is not a database any more, whatever it was before; nobody can read it'.repeat(3));
    await restoreFile(copy, path);
    expect(await idsIn(path)).toEqual(['c0', 'c1']);
  });

  test('is not made from a file that somebody writes to', async () => {
    const path = await filled(1);
    const store = new SQLiteConversationStore(path, { ttlMs: null });
    await store.create(newConversation('new'));
    copyFileSync(path, beside(path, 'raw.db'));
    copyFileSync(`${path}-wal`, beside(path, 'raw.db-wal'));
    await expect(restoreFile(beside(path, 'raw.db'), beside(path, 'target.db'))).rejects.toEqual(
      error('conflict', /holdfast conversations backup/),
    );
    await store.close();
  });

  test('is neither read from nor written through a symbolic link', async () => {
    const path = await filled(1);
    const link = beside(path, 'link.db');
    symlinkSync(path, link);
    await expect(restoreFile(link, beside(path, 'x.db'))).rejects.toEqual(error('conflict', /symbolic/));
    const copy = beside(path, 'backup.db');
    await backupFile(path, copy);
    await expect(restoreFile(copy, link)).rejects.toEqual(error('conflict', /symbolic/));
  });
});
