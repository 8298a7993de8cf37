import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HoldfastError } from '@holdfast/protocol';
import { savedRow, startWriter, writeOriginalFile } from '../../../../../test/support/original-file.ts';
import type { OriginalRow } from './original.ts';
import { SQLiteOriginal } from './original.sqlite.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'original-'));
  path = join(folder, 'conversations.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const conversation = (id: string, fields: Readonly<Record<string, unknown>> = {}) => ({
  ...{ conversation_id: id, user_id: 'ada', task_id: null, status: 'completed' },
  ...{ created_at: '2025-11-03T12:00:00+00:00', last_activity_at: '2025-11-03T12:00:00+00:00' },
  ...fields,
});

async function readAll(file = path): Promise<readonly OriginalRow[]> {
  const storage = new SQLiteOriginal(file);
  const rows: OriginalRow[] = [];
  for await (const row of storage.rows()) rows.push(row);
  await storage.close();
  await storage.close();
  return rows;
}

/** Everything about the folder that a reader could change. */
function fingerprint(): readonly string[] {
  return readdirSync(folder)
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => {
      const file = join(folder, name);
      const hash = createHash('sha256').update(readFileSync(file)).digest('hex');
      return `${name} ${hash} ${statSync(file).mtimeMs} ${statSync(file).mode}`;
    });
}

function refusalOf(file: string): HoldfastError {
  try {
    const opened = new SQLiteOriginal(file);
    void opened.close();
  } catch (error) {
    expect(error).toBeInstanceOf(HoldfastError);
    return error as HoldfastError;
  }
  throw new Error('it was opened');
}

describe('a SQLite file of the original', () => {
  test.each(['delete', 'wal'] as const)('in mode %s is read, and nothing of it or beside it changes', async (mode) => {
    const odd = { text: 'ﷺ \u{1f468}\u200d\u{1f469}\u0000\u202e', n: 0.1, list: [null, true] };
    writeOriginalFile(path, [savedRow(conversation('a', odd)), savedRow(conversation('b'))], { mode });
    const before = fingerprint();
    expect(await readAll()).toEqual([
      {
        kind: 'read',
        name: 'row 1 ("a")',
        fields: conversation('a', odd),
        numbersAsText: 0,
        bytes: expect.any(Number),
      },
      expect.objectContaining({ name: 'row 2 ("b")' }),
    ]);
    expect(fingerprint()).toEqual(before);
  });

  test('is read through a symbolic link, and when nobody may write it', async () => {
    writeOriginalFile(path, [savedRow(conversation('a'))], { mode: 'wal' });
    chmodSync(path, 0o400);
    symlinkSync(path, join(folder, 'link.db'));
    expect(await readAll(join(folder, 'link.db'))).toHaveLength(1);
  });

  test.each(['delete', 'wal'] as const)(
    'in mode %s is read while another process writes it all the time',
    async (mode) => {
      const rows = Array.from({ length: 300 }, (_, index) => savedRow(conversation(`c${index}`)));
      writeOriginalFile(path, rows, { mode });
      const writer = await startWriter(path);
      try {
        const found = (await readAll()).flatMap((row) =>
          row.kind === 'read' ? [row.fields['conversation_id']] : [row],
        );
        for (let index = 0; index < 300; index += 1) expect(found).toContain(`c${index}`);
        expect(new Set(found).size).toBe(found.length);
      } finally {
        await writer.stop();
      }
      const db = new DatabaseSync(path);
      expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
      db.close();
    },
  );

  test('shows what is in the log beside it, of which the original’s end left it there', async () => {
    writeOriginalFile(path, [], { mode: 'wal' });
    const writer = new DatabaseSync(path);
    const row = savedRow(conversation('in-the-log'));
    writer.prepare('INSERT INTO conversations VALUES (?, ?, ?, ?, ?, ?, ?)').run(...(row as readonly SQLInputValue[]));
    mkdirSync(join(folder, 'copy'));
    for (const name of ['conversations.db', 'conversations.db-wal'])
      copyFileSync(join(folder, name), join(folder, 'copy', name));
    writer.close();
    expect(await readAll(join(folder, 'copy', 'conversations.db'))).toMatchObject([{ name: 'row 1 ("in-the-log")' }]);
  });

  test('that was at rest and is taken into use meanwhile is to be read again', async () => {
    writeOriginalFile(path, [savedRow(conversation('a'))], { mode: 'wal' });
    const storage = new SQLiteOriginal(path);
    const original = new DatabaseSync(path);
    original.exec('UPDATE conversations SET user_id = 1');
    await expect(storage.rows()[Symbol.asyncIterator]().next()).rejects.toThrow(/taken into use.*do it again/);
    original.close();
    await storage.close();
    expect(await readAll()).toMatchObject([{ fields: { user_id: '1' } }]);
  });

  test('gives each conversation once although its rows move while it is read', async () => {
    // So long that each is read for itself.
    const long = 'x'.repeat(1_100_000);
    const rows = ['a', 'b', 'c', 'd'].map((id) => savedRow(conversation(id, { turn: 0, long })));
    writeOriginalFile(path, rows);
    const storage = new SQLiteOriginal(path);
    const original = new DatabaseSync(path);
    const replace = original.prepare('INSERT OR REPLACE INTO conversations VALUES (?, ?, ?, ?, ?, ?, ?)');
    const seen: unknown[] = [];
    for await (const row of storage.rows()) {
      if (seen.length === 0) {
        original.exec(`DELETE FROM conversations WHERE conversation_id = 'd'`);
        for (const id of ['b', 'c', 'a'])
          replace.run(...(savedRow(conversation(id, { turn: 1 })) as readonly SQLInputValue[]));
      }
      seen.push(row.kind === 'read' ? [row.fields['conversation_id'], row.fields['turn']] : row);
    }
    original.close();
    await storage.close();
    expect(seen).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 1],
    ]);
  });

  test('with rows that cannot be read tells of each and reads the others', async () => {
    const fine = savedRow(conversation('fine'));
    const [, user, task, status, data, created, activity] = fine;
    writeOriginalFile(path, [
      ['cut', user, task, status, (data as string).slice(0, 40), created, activity],
      [null, user, task, status, data, created, activity],
      ['none', user, task, status, null, created, activity],
      ['list', user, task, status, '[1]', created, activity],
      ['latin', user, task, status, new Uint8Array([0x7b, 0x22, 0xe9, 0x22, 0x7d]), created, activity],
      fine,
      ['blob', user, task, status, new TextEncoder().encode('{"note": "é"}'), created, activity],
      ['numbers', 5, 7, status, '{"big": 123456789012345678901234567890, "not": NaN}', 1_762_171_200.5, 1_762_171_200],
    ]);
    expect(await readAll()).toEqual([
      { kind: 'corrupt', name: 'row 1 ("cut")', why: 'data is not JSON' },
      expect.objectContaining({ kind: 'read', name: 'row 2', fields: conversation('fine') }),
      { kind: 'corrupt', name: 'row 3 ("none")', why: 'data is NULL' },
      { kind: 'corrupt', name: 'row 4 ("list")', why: 'data is not a JSON object' },
      { kind: 'corrupt', name: 'row 5', why: expect.stringContaining('encoding') },
      expect.objectContaining({ name: 'row 6 ("fine")' }),
      expect.objectContaining({ fields: expect.objectContaining({ note: 'é' }) }),
      expect.objectContaining({
        numbersAsText: 2,
        fields: expect.objectContaining({
          ...{ user_id: '5', task_id: '7', big: '123456789012345678901234567890', not: 'NaN' },
          created_at: '1762171200.5',
        }),
      }),
    ]);
  });

  test('with a page that is damaged loses only what is on it', async () => {
    const rows = Array.from({ length: 40 }, (_, index) =>
      savedRow(conversation(`c${index}`, { text: 'x'.repeat(9_000) })),
    );
    writeOriginalFile(path, rows);
    const bytes = readFileSync(path);
    // The first page of the overflow chain of some row: its pointer to the next one leads out of the file.
    const at = bytes.indexOf('x'.repeat(4_092), 4_096 * 40);
    bytes.writeUInt32BE(0xff_ff_ff, at - 4);
    writeFileSync(path, bytes);
    const found = await readAll();
    expect(found).toHaveLength(40);
    const damaged = found.filter(({ kind }) => kind === 'corrupt');
    expect(damaged).toEqual([
      { kind: 'corrupt', name: expect.stringMatching(/^row \d+$/), why: expect.stringContaining('damaged') },
    ]);
  });
});

describe('what is no file of the original is refused with the way out', () => {
  test('nothing at all', () => {
    expect(refusalOf(path)).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('There is no file'),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a folder', () => {
    expect(refusalOf(folder).message).toMatch(/is not a file/);
  });

  test('one whose writer was killed in the middle of a commit', () => {
    const rows = Array.from({ length: 200 }, (_, index) =>
      savedRow(conversation(`c${index}`, { text: 'x'.repeat(4_000) })),
    );
    writeOriginalFile(path, rows);
    const writer = new DatabaseSync(path);
    writer.exec(`PRAGMA cache_size = 5; BEGIN; UPDATE conversations SET status = 'waiting'`);
    const left = join(folder, 'left.db');
    copyFileSync(path, left);
    copyFileSync(`${path}-journal`, `${left}-journal`);
    writer.close();
    const before = readFileSync(left);
    expect(refusalOf(left).message).toMatch(/in the middle of a write; let the original open it once/);
    expect(readFileSync(left).equals(before)).toBe(true);
  });

  test('a text', () => {
    writeFileSync(path, 'Dear diary, '.repeat(1_000));
    expect(refusalOf(path).message).toMatch(/SQLite could not read .* \(file is not a database\)/);
  });

  test('an empty file, and a database of something else', () => {
    writeFileSync(path, '');
    expect(refusalOf(path).message).toMatch(/has no table conversations/);
    const other = join(folder, 'other.db');
    const db = new DatabaseSync(other);
    db.exec('CREATE TABLE conversations (id TEXT, document TEXT)');
    db.close();
    expect(refusalOf(other).message).toMatch(/has no table conversations/);
  });
});
