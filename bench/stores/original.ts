import { DatabaseSync } from 'node:sqlite';
import { documentOf, idOf, statuses, type StoreContender } from './contender.ts';

/**
 * The guide's SQLite adapter as its text describes it: one table with the whole conversation as JSON, indexes on status and
 * activity, a connection for each call, SQLite's default journal.
 */
export function original(path: string): StoreContender {
  const use = <Result>(work: (db: DatabaseSync) => Result): Result => {
    const db = new DatabaseSync(path);
    try {
      return work(db);
    } finally {
      db.close();
    }
  };
  use((db) =>
    db.exec(
      `CREATE TABLE conversations (conversation_id TEXT PRIMARY KEY, user_id TEXT, task_id TEXT, status TEXT, data TEXT,
         created_at TEXT, last_activity_at TEXT);
       CREATE INDEX idx_status ON conversations (status); CREATE INDEX idx_activity ON conversations (last_activity_at)`,
    ),
  );
  const put = (db: DatabaseSync, index: number, at: number): void => {
    const [status, time] = [statuses[index % statuses.length] as string, new Date(at).toISOString()];
    const data = JSON.stringify({ conversation_id: idOf(index), status, last_activity_at: time, ...documentOf(index) });
    db.prepare('INSERT OR REPLACE INTO conversations VALUES (?, ?, ?, ?, ?, ?, ?)').run(
      idOf(index),
      `user-${index % 50}`,
      `task-${index}`,
      status,
      data,
      time,
      time,
    );
  };
  const filler = new DatabaseSync(path);
  filler.exec('PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY');
  return {
    name: "the guide's way",
    inFlight: 1,
    // Filled in one go, or a million would take half an hour.
    create: async (at, index) => put(filler, index, at),
    save: async (index) => use((db) => put(db, index, Date.now())),
    get: async (index) =>
      use((db) => {
        const row = db.prepare('SELECT data FROM conversations WHERE conversation_id = ?').get(idOf(index));
        return row !== undefined && parseData(row['data']) !== null;
      }),
    list: async () =>
      use((db) => {
        const sql = 'SELECT data FROM conversations WHERE status = ? ORDER BY last_activity_at DESC LIMIT 200';
        return db
          .prepare(sql)
          .all('waiting')
          .map((row) => parseData(row['data'])).length;
      }),
    cleanup: async (before) =>
      use((db) => {
        const sql = 'DELETE FROM conversations WHERE last_activity_at < ?';
        return Number(db.prepare(sql).run(new Date(before).toISOString()).changes);
      }),
    close: async () => filler.close(),
  };
}

function parseData(data: unknown): unknown {
  return JSON.parse(String(data));
}
