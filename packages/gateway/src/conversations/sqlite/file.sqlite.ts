import { chmodSync, closeSync, lstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { HoldfastError } from '@holdfast/protocol';
import { migrate } from './schema.sqlite.ts';

/** Large batches cost a third less with 8 KiB than with 4, small ones hardly more. Holds for a new file only. */
export const pageBytes: number = 8192;

/** What `PRAGMA auto_vacuum` says of a file whose free pages can be given back in small steps. */
const incrementalMode = 2;
/** Memory for pages; what is not in it comes from the system's cache. */
const cacheKiB = 32 * 1024;

/** Opens the file, makes it when there is none, and brings it to the newest schema. `unavailable` when that cannot be. */
export function openFile(path: string, busyTimeoutMs: number): DatabaseSync {
  try {
    if (path !== ':memory:') prepareFile(path);
    const db = new DatabaseSync(path, { timeout: busyTimeoutMs });
    const isNew = refuseForeign(db, path);
    if (path !== ':memory:') chmodSync(path, 0o600);
    // Of a file that has tables it would change nothing, but wait until nobody writes.
    if (isNew) db.exec(`PRAGMA page_size = ${pageBytes}; PRAGMA auto_vacuum = INCREMENTAL`);
    // Checkpoints are the Checkpointer's work, on another thread: they would hold up tokens here.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0');
    db.exec(`PRAGMA cache_size = -${cacheKiB}`);
    migrate(db);
    allowShrinking(db, busyTimeoutMs);
    return db;
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new HoldfastError('unavailable', `SQLite could not open ${path} (${why}); check SQLITE_DB_PATH.`, {
      cause: error,
    });
  }
}

/** The folder is made, a new file is the user's own and nobody else's (0600), and a symbolic link is refused. */
function prepareFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSymbolicLink() === true) {
    throw new HoldfastError('unavailable', `SQLITE_DB_PATH ${path} is a symbolic link; name the file itself.`);
  }
  if (found === undefined) closeSync(openSync(path, 'a', 0o600));
}

/**
 * A database of something else is left as it is, to its mode: the original's default path is ours too, and the first pragma
 * would change its file. One statement: another process may be making the tables at this moment. True: it has none yet.
 */
function refuseForeign(db: DatabaseSync, path: string): boolean {
  const { steps, tables } = db
    .prepare('SELECT user_version AS steps, (SELECT count(*) FROM sqlite_schema) AS tables FROM pragma_user_version')
    .get() as { steps: number; tables: number };
  if (steps > 0 || tables === 0) return steps === 0;
  db.close();
  throw new HoldfastError(
    'unavailable',
    `SQLITE_DB_PATH ${path} is a database of something else; name another file. If the original Backend Agent wrote it, ` +
      `\`holdfast conversations import ${path}\` brings it into that one.`,
  );
}

/**
 * Once for a file that was made without it: SQLite builds it anew. Only when nobody is in the way and there is room; else the
 * file does not become shorter until it is next opened.
 */
function allowShrinking(db: DatabaseSync, busyTimeoutMs: number): void {
  const { auto_vacuum: mode } = db.prepare('PRAGMA auto_vacuum').get() as { auto_vacuum: number };
  if (mode === incrementalMode) return;
  try {
    db.exec('PRAGMA busy_timeout = 0; PRAGMA auto_vacuum = INCREMENTAL; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
  } catch {
    // It works as it is.
  } finally {
    db.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  }
}
