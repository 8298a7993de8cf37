import { randomBytes } from 'node:crypto';
import { constants, lstatSync } from 'node:fs';
import { copyFile, link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { HoldfastError } from '@holdfast/protocol';
import { newestSchema } from './schema.sqlite.ts';

/** All pages in one step: the copy is of one moment, and a step that others write into would begin again. */
const allPages = 2 ** 31 - 1;
/** SQLITE_BUSY, SQLITE_CORRUPT and SQLITE_NOTADB (https://sqlite.org/rescode.html). */
const busy = 5;
const unreadable: readonly number[] = [11, 26];

/**
 * Copies a store's file as it is at one moment, while others write to it. The copy is checked and on disk before it has its
 * name; until then there is nothing of that name. Rejects with `conflict` when the target is there, `not_found` when the file
 * is not, `internal` when the copy is damaged, `unavailable` when the disk does not play along.
 */
export function backupFile(path: string, target: string): Promise<void> {
  return told(`SQLite could not copy ${path} to ${target}`, async () => {
    mustBeFile(path);
    if (isThere(target)) throw new HoldfastError('conflict', `${target} is there already; name another one.`);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await withDraft(target, async (draft) => {
      using source = openAsItIs(path, 'rw');
      await backup(source, draft, { rate: allPages });
      makePlain(draft);
      mustBeWhole(draft, path);
      await sync(draft);
      await publish(draft, target);
    });
  });
}

/**
 * Puts a backup in the place of a store's file, byte by byte; what was there is kept as `<path>.before-restore-<time>`. The
 * backup is checked first. Rejects with `conflict` when any process has the file open, `not_found` when there is no backup,
 * `internal` when the backup is damaged or of a newer Holdfast.
 */
export function restoreFile(source: string, path: string): Promise<void> {
  return told(`SQLite could not restore ${source} to ${path}`, async () => {
    mustBeFile(source);
    if (isThere(path)) mustBeFile(path);
    if ((lstatSync(`${source}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) {
      const way = 'make one with `holdfast conversations backup`';
      throw new HoldfastError('conflict', `${source} is in use or was copied from under a writer; ${way}.`);
    }
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await withDraft(path, async (draft) => {
      await copyFile(source, draft, constants.COPYFILE_FICLONE);
      mustBeWhole(draft, source);
      await sync(draft);
      const kept = `${path}.before-restore-${new Date().toISOString().replaceAll(/[-:]/g, '')}`;
      using held = new DisposableStack();
      if (isThere(path)) held.use(takeOver(path));
      for (const side of ['-wal', '-shm']) {
        if (isThere(path + side)) await rename(path + side, kept + side);
      }
      if (isThere(path)) await keep(path, kept);
      await rename(draft, path);
      await syncFolder(path);
    });
  });
}

/** A name beside the file that is to be, made empty and for its user alone; nothing stays under it. */
async function withDraft(path: string, make: (draft: string) => Promise<void>): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.partial`;
  await (await open(draft, 'wx', 0o600)).close();
  try {
    await make(draft);
  } finally {
    for (const side of ['', '-wal', '-shm', '-journal']) await rm(draft + side, { force: true });
  }
}

/** Out of WAL mode, so that the copy is one file, which can also be read where nobody may write. */
function makePlain(path: string): void {
  using db = openAsItIs(path, 'rw');
  db.exec('PRAGMA journal_mode = DELETE');
}

/** Every page and index, and a schema that this Holdfast knows. `name` is what the person knows it by. */
function mustBeWhole(path: string, name: string): void {
  using db = openAsItIs(path, 'ro');
  const version = versionOf(db, name);
  if (version > newestSchema) {
    throw new HoldfastError('internal', `${name} was written by a newer Holdfast; update this one to use it.`);
  }
  const found = db.prepare('PRAGMA integrity_check(1)').get() as { integrity_check: string };
  if (found.integrity_check !== 'ok') {
    throw new HoldfastError('internal', `${name} is corrupt (${found.integrity_check}); take another backup.`);
  }
}

function versionOf(db: DatabaseSync, name: string): number {
  try {
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version > 0 && db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'conversations'`).get()) return version;
  } catch (cause) {
    throw new HoldfastError('internal', `${name} is no SQLite file, or corrupt.`, { cause });
  }
  throw new HoldfastError('internal', `${name} holds no conversations of Holdfast.`);
}

/**
 * Whoever has a file in WAL mode open holds a shared lock on it all the time, idle or not. Leaving that mode needs the lock for
 * oneself: it succeeds only when nobody else is there. The lock is held until the file has its new name.
 */
function takeOver(path: string): DatabaseSync {
  const db = openAsItIs(path, 'rw');
  try {
    db.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
    return db;
  } catch (cause) {
    const code = errorCodeOf(cause);
    // What SQLite cannot read nobody uses through SQLite.
    if (unreadable.includes(code)) return db;
    db.close();
    if (code !== busy) throw cause;
    throw new HoldfastError('conflict', `${path} is in use; stop every gateway that uses it, then restore.`, { cause });
  }
}

/** Never made new. */
function openAsItIs(path: string, mode: 'ro' | 'rw'): DatabaseSync {
  const url = pathToFileURL(path);
  url.searchParams.set('mode', mode);
  // Nobody writes to a draft that is only read; so SQLite needs no files beside it.
  if (mode === 'ro') url.searchParams.set('immutable', '1');
  return new DatabaseSync(url, { timeout: 0 });
}

/** Gives the draft its name, unless something has that name by now. */
async function publish(draft: string, target: string): Promise<void> {
  try {
    await link(draft, target);
  } catch (cause) {
    if (isThere(target))
      throw new HoldfastError('conflict', `${target} is there already; name another one.`, { cause });
    // A file system without hard links.
    await rename(draft, target);
  }
  await syncFolder(target);
}

/** Under both names at once, so that there is never no file; where there are no hard links, nearly so. */
async function keep(path: string, kept: string): Promise<void> {
  try {
    await link(path, kept);
  } catch {
    await rename(path, kept);
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.chmod(0o600);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function mustBeFile(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new HoldfastError('not_found', `There is no file ${path}.`);
  if (found.isSymbolicLink()) {
    throw new HoldfastError('conflict', `${path} is a symbolic link; name the file itself.`);
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function errorCodeOf(error: unknown): number {
  const hasCode = error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
  return hasCode ? (error.errcode as number) & 0xff : 0;
}

async function told(what: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HoldfastError('unavailable', `${what} (${why}).`, { cause });
  }
}
