import { closeSync, existsSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { TextDecoder } from 'node:util';
import { HoldfastError, isRecord, type Json } from '@holdfast/protocol';
import { parseOriginalJson } from './original-json.ts';
import type { OriginalRow, OriginalStorage } from './original.ts';

const columnNames = ['conversation_id', 'user_id', 'task_id', 'status', 'created_at', 'last_activity_at'] as const;
/** SQLite's SQLITE_CORRUPT, the lowest byte of its result codes. */
const corruptCode = 11;

type Row = Readonly<Record<string, Uint8Array | string | bigint | null>>;

/**
 * A SQLite file of the original: `conversations(conversation_id, user_id, task_id, status, data, created_at, last_activity_at)`,
 * where `data` is the whole conversation as JSON. Each row is read in a transaction of its own, so that whoever writes the file
 * meanwhile waits for no more than that.
 */
export class SQLiteOriginal implements OriginalStorage {
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #decoder: TextDecoder;
  readonly #columns: readonly string[];

  /** Throws `unavailable` when there is no such file, or it is not one of the original's. */
  constructor(path: string) {
    this.#path = path;
    this.#db = openReadOnly(path);
    try {
      const columns = this.#db
        .prepare('PRAGMA table_info(conversations)')
        .all()
        .map(({ name }) => String(name));
      if (!['conversation_id', 'data'].every((name) => columns.includes(name))) {
        throw new HoldfastError(
          'unavailable',
          `${path} has no table conversations(conversation_id, …, data), as the original writes it; name another file.`,
        );
      }
      this.#columns = columnNames.filter((name) => columns.includes(name));
      const { encoding } = this.#db.prepare('PRAGMA encoding').get() as { encoding: string };
      this.#decoder = new TextDecoder(encoding.toLowerCase(), { fatal: true, ignoreBOM: true });
    } catch (error) {
      this.#db.close();
      throw explain(error, path);
    }
  }

  async *rows(): AsyncGenerator<OriginalRow, undefined> {
    const list = this.#prepare('SELECT rowid AS number, CAST(conversation_id AS BLOB) AS id FROM conversations');
    const fields = this.#columns.flatMap((name) => [
      `CAST(${name} AS BLOB) AS ${name}`,
      `typeof(${name}) AS ${name}_type`,
    ]);
    const select = `SELECT rowid AS number, ${fields.join(', ')}, CAST(data AS BLOB) AS data FROM conversations`;
    const byNumber = this.#prepare(`${select} WHERE rowid = ?`);
    const byId = this.#prepare(`${select} WHERE conversation_id = CAST(? AS TEXT)`);
    // All at once: later ones have a transaction of their own each, and rows may move while we go.
    for (const { number, id } of this.#ask(() => list.all() as Row[])) {
      const found = this.#find(byNumber, byId, number as bigint, id as Uint8Array | null);
      if (found === 'damaged') yield corrupt(`row ${String(number)}`, 'the database is damaged here');
      else if (found !== undefined) yield this.#read(found);
    }
  }

  async close(): Promise<void> {
    if (this.#db.isOpen) this.#db.close();
  }

  /** The row of this conversation: the original replaces rows, which gives them new numbers. Undefined: it was deleted. */
  #find(
    byNumber: StatementSync,
    byId: StatementSync,
    number: bigint,
    id: Uint8Array | null,
  ): Row | 'damaged' | undefined {
    try {
      const row = this.#ask(() => byNumber.get(number)) as Row | undefined;
      if (row !== undefined && sameBytes(row['conversation_id'], id)) return row;
      return id === null ? undefined : (this.#ask(() => byId.get(id)) as Row | undefined);
    } catch (error) {
      if (error instanceof HoldfastError && isDamage(error.cause)) return 'damaged';
      throw error;
    }
  }

  #read(row: Row): OriginalRow {
    const number = `row ${String(row['number'])}`;
    try {
      const columns: Record<string, Json> = {};
      for (const name of this.#columns) {
        const type = row[`${name}_type`];
        if (type === 'null') continue;
        const text = this.#decode(row[name]);
        columns[name] = type === 'integer' || type === 'real' ? Number(text) : text;
      }
      const { conversation_id: id } = columns;
      const name = id === undefined ? number : `${number} (${JSON.stringify(id)})`;
      if (row['data'] === null) return corrupt(name, 'data is NULL');
      const text = this.#decode(row['data']);
      const parsed = parseOriginalJson(text);
      if (parsed === undefined) return corrupt(name, 'data is not JSON');
      if (!isRecord(parsed.value)) return corrupt(name, 'data is not a JSON object');
      const { value, numbersAsText } = parsed;
      return { kind: 'read', name, fields: { ...value, ...columns }, numbersAsText, bytes: text.length };
    } catch (error) {
      if (error instanceof TypeError) return corrupt(number, 'a column holds text that is not in the file’s encoding');
      throw error;
    }
  }

  #decode(value: Row[string] | undefined): string {
    return this.#decoder.decode(value as Uint8Array);
  }

  #prepare(sql: string): StatementSync {
    const statement = this.#ask(() => this.#db.prepare(sql));
    statement.setReadBigInts(true);
    return statement;
  }

  #ask<Answer>(question: () => Answer): Answer {
    try {
      return question();
    } catch (error) {
      throw explain(error, this.#path);
    }
  }
}

/**
 * A file in WAL mode that nobody has open is taken as unchanging: SQLite would leave two files beside it otherwise, which it
 * needs to see what others write.
 */
function openReadOnly(path: string): DatabaseSync {
  try {
    const real = realpathSync(path);
    if (!statSync(real).isFile()) {
      throw new HoldfastError('unavailable', `${path} is not a file; name the original's SQLite file.`);
    }
    const url = pathToFileURL(real);
    if (isInWalMode(real) && !existsSync(`${real}-wal`)) url.search = '?immutable=1';
    return new DatabaseSync(url, { readOnly: true, timeout: 5_000 });
  } catch (error) {
    throw explain(error, path);
  }
}

/** The file format, versions of reading and writing (sqlite.org/fileformat.html, 1.3.3). */
function isInWalMode(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(20);
    return readSync(file, header, 0, 20, 0) === 20 && header[18] === 2;
  } finally {
    closeSync(file);
  }
}

function explain(error: unknown, path: string): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') {
    return new HoldfastError('unavailable', `There is no file ${path}; name the original's SQLite file.`, {
      cause: error,
    });
  }
  const why = error instanceof Error ? error.message : String(error);
  const wayOut =
    'check that it is a SQLite file which you may read, or import a copy of it (and of its -wal, if there is one)';
  return new HoldfastError('unavailable', `SQLite could not read ${path} (${why}); ${wayOut}.`, { cause: error });
}

function isDamage(error: unknown): boolean {
  return ((error as { errcode?: number } | undefined)?.errcode ?? 0) % 256 === corruptCode;
}

function sameBytes(a: Row[string] | undefined, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b;
  return a instanceof Uint8Array && Buffer.compare(a, b) === 0;
}

function corrupt(name: string, why: string): OriginalRow {
  return { kind: 'corrupt', name, why };
}
