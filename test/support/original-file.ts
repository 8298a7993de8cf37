import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';

/** A row as it stands in the original's table; bytes are a BLOB. */
export type OriginalColumns = readonly [
  conversationId: Value,
  userId: Value,
  taskId: Value,
  status: Value,
  data: Value,
  createdAt: Value,
  lastActivityAt: Value,
];
type Value = string | number | null | Uint8Array;

const schema = `CREATE TABLE conversations (
  conversation_id TEXT PRIMARY KEY, user_id TEXT, task_id TEXT, status TEXT, data TEXT, created_at TEXT, last_activity_at TEXT)`;
const insert = 'INSERT INTO conversations VALUES (?, ?, ?, ?, ?, ?, ?)';

const program = `
import base64, json, sqlite3, sys
given = json.load(sys.stdin)
connection = sqlite3.connect(given["path"])
connection.execute("PRAGMA journal_mode=" + given["mode"])
connection.execute(given["schema"])
plain = lambda value: base64.b64decode(value["bytes"]) if isinstance(value, dict) else value
connection.executemany(given["insert"], [[plain(value) for value in row] for row in given["rows"]])
connection.commit()
connection.close()
`;

/** Whether Python, which the original is written in, is here. */
const hasPython = spawnSync('python3', ['-c', 'import sqlite3']).status === 0;

/** Writes a file as the original does: with Python's sqlite3 where there is one, else with Node's. */
export function writeOriginalFile(
  path: string,
  rows: readonly OriginalColumns[],
  { mode = 'delete' }: { readonly mode?: 'delete' | 'wal' } = {},
): void {
  if (!hasPython) return writeWithNode(path, rows, mode);
  const plain = (value: Value) =>
    value instanceof Uint8Array ? { bytes: Buffer.from(value).toString('base64') } : value;
  const input = JSON.stringify({ path, mode, schema, insert, rows: rows.map((row) => row.map(plain)) });
  const { status, stderr } = spawnSync('python3', ['-c', program], { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`Python could not write ${path}: ${stderr}`);
}

function writeWithNode(path: string, rows: readonly OriginalColumns[], mode: string): void {
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA journal_mode = ${mode}; ${schema}; BEGIN`);
  const statement = db.prepare(insert);
  for (const row of rows) statement.run(...(row as readonly SQLInputValue[]));
  db.exec('COMMIT');
  db.close();
}

/** A row as the original saves a conversation: columns, and the whole as JSON in `data`. */
export function savedRow(conversation: Readonly<Record<string, unknown>>): OriginalColumns {
  const column = (name: string): Value => (conversation[name] ?? null) as Value;
  return [
    ...([column('conversation_id'), column('user_id'), column('task_id'), column('status')] as const),
    ...([JSON.stringify(conversation), column('created_at'), column('last_activity_at')] as const),
  ];
}

const writer = `
import { DatabaseSync } from 'node:sqlite';
const [path, sql] = process.argv.slice(1);
const db = new DatabaseSync(path, { timeout: 10_000 });
const statement = db.prepare(sql);
process.stdin.once('data', () => { db.close(); process.exit(0); });
process.stdout.write('writing\\n');
for (let turn = 0; ; turn = (turn + 1) % 200) {
  statement.run('live-' + turn, 'ada', 't', 'completed', JSON.stringify({ turn, text: 'x'.repeat(2_000) }),
    new Date().toISOString(), new Date().toISOString());
  await new Promise((resolve) => setTimeout(resolve, 2));
}
`;

/** Another process that goes on replacing rows of the file, as the running original does. */
export async function startWriter(path: string): Promise<{ stop(): Promise<void> }> {
  const sql = insert.replace('INSERT', 'INSERT OR REPLACE');
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', writer, path, sql], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  return {
    stop: async () => {
      const ended = once(child, 'exit');
      child.stdin?.write('stop');
      await ended;
    },
  };
}
