import type { DatabaseSync } from 'node:sqlite';
import { HoldfastError } from '@holdfast/protocol';

/*
 * `conversations` has what lists and leases read, and is small; session and task document lie apart. Everything of a
 * conversation goes by its number, which is never used again: what is left of a deleted one is seen by nobody, and `trash`
 * has the numbers of which something may be left. `tombstones` are the ids that must not come back. `open` is 1 while there is
 * a turn or a command that is not done.
 *
 * A batch's key is the conversation's number (upper 32 bits) and its own last seq (lower 32): the log of a conversation lies
 * together and in order without a second index, so that the usual write, one batch of deltas, touches one page. It carries the
 * journal offset that it reaches; `base_offset` is the offset as of `base_seq`, and counts until a later batch says another.
 *
 * `entries` has nothing to do with conversations. `change_number` orders those of one list by their last change.
 */

/** Each entry is one step; `user_version` counts those that were done. A step that has shipped is never changed. */
const steps: readonly string[] = [
  `CREATE TABLE conversations (
     number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     user_id TEXT NOT NULL,
     project_id TEXT NOT NULL,
     agent TEXT NOT NULL,
     title TEXT NOT NULL DEFAULT '',
     status TEXT NOT NULL DEFAULT 'completed',
     created_at INTEGER NOT NULL,
     last_activity_at INTEGER NOT NULL,
     version INTEGER NOT NULL DEFAULT 1,
     epoch TEXT NOT NULL,
     base_offset INTEGER NOT NULL DEFAULT 0,
     base_seq INTEGER NOT NULL DEFAULT 0,
     has_turn INTEGER NOT NULL DEFAULT 0,
     session TEXT,
     lease_owner TEXT,
     lease_until INTEGER NOT NULL DEFAULT 0,
     lease_generation INTEGER NOT NULL DEFAULT 0
   );
   CREATE INDEX conversations_of_user ON conversations (user_id, project_id, agent, last_activity_at DESC);
   CREATE INDEX conversations_with_turn ON conversations (has_turn) WHERE has_turn = 1;
   CREATE INDEX conversations_leased ON conversations (lease_owner) WHERE lease_owner IS NOT NULL;
   CREATE TABLE batches (
     key INTEGER NOT NULL PRIMARY KEY,
     first_seq INTEGER NOT NULL,
     last_seq INTEGER NOT NULL,
     runner_offset INTEGER NOT NULL,
     bytes BLOB NOT NULL
   );
   CREATE VIEW records AS
     SELECT conversations.*, coalesce(newest.last_seq, 0) AS last_seq,
       CASE WHEN newest.last_seq > base_seq THEN newest.runner_offset ELSE base_offset END AS runner_offset
     FROM conversations LEFT JOIN batches AS newest ON newest.key =
       (SELECT max(key) FROM batches WHERE key BETWEEN number << 32 AND (number << 32) + 4294967295);
   CREATE TABLE commands (
     position INTEGER PRIMARY KEY AUTOINCREMENT,
     conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
     id TEXT NOT NULL,
     user_id TEXT NOT NULL,
     message TEXT NOT NULL,
     state TEXT NOT NULL,
     UNIQUE (conversation_id, id)
   );
   CREATE INDEX commands_open ON commands (conversation_id, position) WHERE state <> 'done';
   CREATE TABLE probes (id INTEGER PRIMARY KEY, bytes BLOB);`,
  `DROP VIEW records;
   DROP INDEX conversations_of_user;
   DROP INDEX conversations_with_turn;
   CREATE TABLE sessions (number INTEGER NOT NULL PRIMARY KEY, state TEXT NOT NULL);
   INSERT INTO sessions SELECT number, session FROM conversations WHERE session IS NOT NULL;
   ALTER TABLE conversations DROP COLUMN session;
   ALTER TABLE conversations ADD COLUMN task_id TEXT;
   ALTER TABLE conversations ADD COLUMN digest TEXT;
   ALTER TABLE conversations ADD COLUMN open INTEGER NOT NULL DEFAULT 0;
   CREATE TABLE tasks (number INTEGER NOT NULL PRIMARY KEY, document TEXT NOT NULL);
   CREATE TABLE numbered_commands (
     position INTEGER NOT NULL PRIMARY KEY,
     number INTEGER NOT NULL,
     id TEXT NOT NULL,
     user_id TEXT NOT NULL,
     message TEXT NOT NULL,
     state TEXT NOT NULL,
     UNIQUE (number, id)
   );
   INSERT INTO numbered_commands
     SELECT position, number, commands.id, commands.user_id, message, state
     FROM commands JOIN conversations ON conversations.id = conversation_id;
   DROP TABLE commands;
   ALTER TABLE numbered_commands RENAME TO commands;
   CREATE INDEX commands_open ON commands (number, position) WHERE state <> 'done';
   UPDATE conversations SET open = 1
     WHERE has_turn = 1 OR number IN (SELECT number FROM commands WHERE state <> 'done');
   CREATE INDEX conversations_open ON conversations (last_activity_at DESC, id DESC) WHERE open = 1;
   CREATE INDEX conversations_by_status ON conversations (status, last_activity_at DESC, id DESC,
     user_id, project_id, agent, task_id, title, created_at, version, digest);
   CREATE INDEX conversations_by_user ON conversations (user_id, status, last_activity_at DESC, id DESC, project_id, agent);
   CREATE INDEX conversations_by_project ON conversations (project_id, status, last_activity_at DESC, id DESC, user_id);
   CREATE INDEX conversations_by_task ON conversations (task_id, last_activity_at DESC, id DESC) WHERE task_id IS NOT NULL;
   CREATE VIEW records AS
     SELECT conversations.*, coalesce(newest.last_seq, 0) AS last_seq,
       CASE WHEN newest.last_seq > base_seq THEN newest.runner_offset ELSE base_offset END AS runner_offset
     FROM conversations LEFT JOIN batches AS newest ON newest.key =
       (SELECT max(key) FROM batches WHERE key BETWEEN number << 32 AND (number << 32) + 4294967295);
   CREATE TABLE tombstones (id TEXT NOT NULL PRIMARY KEY, deleted_at INTEGER NOT NULL) WITHOUT ROWID;
   CREATE INDEX tombstones_by_age ON tombstones (deleted_at);
   CREATE TABLE trash (number INTEGER NOT NULL PRIMARY KEY);
   CREATE TABLE works (name TEXT NOT NULL PRIMARY KEY, owner TEXT, until INTEGER NOT NULL, ended_at INTEGER) WITHOUT ROWID;`,
  `CREATE TABLE entries (
     key TEXT NOT NULL PRIMARY KEY,
     list TEXT,
     change_number INTEGER NOT NULL,
     expires_at INTEGER,
     body TEXT NOT NULL
   );
   CREATE INDEX entries_in_list ON entries (list, change_number, expires_at, key) WHERE list IS NOT NULL;
   CREATE INDEX entries_expiring ON entries (expires_at) WHERE expires_at IS NOT NULL;`,
];

/** What `user_version` says of a file that all steps were done to. */
export const newestSchema: number = steps.length;

/** Brings the file to the newest schema, all or nothing; several processes at once are fine. */
export function migrate(db: DatabaseSync): void {
  // A look waits for nobody; processes that never stop writing would keep this one from opening the file.
  if (stepsDone(db) === steps.length) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    const done = stepsDone(db);
    if (done > steps.length) {
      throw new HoldfastError(
        'unavailable',
        'This database was written by a newer Holdfast; update this one to use it.',
      );
    }
    for (const step of steps.slice(done)) db.exec(step);
    db.exec(`PRAGMA user_version = ${steps.length}`);
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

function stepsDone(db: DatabaseSync): number {
  return (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
}
