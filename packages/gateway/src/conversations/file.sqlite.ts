import { chmodSync, closeSync, lstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { HoldfastError } from '@holdfast/protocol';
import { migrate } from './schema.sqlite.ts';

/** Large batches cost a third less with 8 KiB than with 4, small ones hardly more. Holds for a new file only. */
export const pageBytes: number = 8192;

/** Opens the file, makes it when there is none, and brings it to the newest schema. `unavailable` when that cannot be. */
export function openFile(path: string): DatabaseSync {
  try {
    if (path !== ':memory:') prepareFile(path);
    const db = new DatabaseSync(path);
    db.exec(`PRAGMA page_size = ${pageBytes}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`);
    // Checkpoints are the Checkpointer's work, on another thread: they would hold up tokens here.
    db.exec('PRAGMA wal_autocheckpoint = 0; PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON');
    migrate(db);
    return db;
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new HoldfastError('unavailable', `SQLite could not open ${path} (${why}); check SQLITE_DB_PATH.`, {
      cause: error,
    });
  }
}

/** The folder is made, the file is the user's own and nobody else's (0600), and a symbolic link is refused. */
function prepareFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSymbolicLink() === true) {
    throw new HoldfastError('unavailable', `SQLITE_DB_PATH ${path} is a symbolic link; name the file itself.`);
  }
  if (found === undefined) closeSync(openSync(path, 'a', 0o600));
  else chmodSync(path, 0o600);
}
