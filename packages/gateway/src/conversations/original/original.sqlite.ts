import { closeSync, existsSync, openSync, readSync, realpathSync, statSync, type Stats } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { TextDecoder } from 'node:util';
import { HoldfastError, isRecord, type Json } from '@holdfast/protocol';
import { parseOriginalJson } from './original-json.ts';
import type { OriginalRow, OriginalStorage } from './original.ts';

const columnNames = ['conversation_id', 'user_id', 'task_id', 'status', 'created_at', 'last_activity_at'] as const;
/** SQLite's SQLITE_READONLY and SQLITE_CORRUPT, the lowest byte of its result codes. */
const readOnlyCode = 8;
const corruptCode = 11;

/** So much is read in one transaction: a writer waits for no more than that. */
const maxRowsAtOnce = 100;
const maxBytesAtOnce = 1_000_000;

/** For a writer to let go of the file; one that writes all the time leaves few gaps. */
const maxWaitMs = 30_000;

type Listed = { readonly number: bigint; readonly id: Uint8Array | null };
type Row = Readonly<Record<string, Uint8Array | string | bigint | null>>;

/**
 * A SQLite file of the original: `conversations(conversation_id, user_id, task_id, status, data, created_at, last_activity_at)`,
 * where `data` is the whole conversation as JSON. Read in short transactions, so that whoever writes the file meanwhile hardly
 * waits.
 */
export class SQLiteOriginal implements OriginalStorage {
  readonly #path: string;
  readonly #db: DatabaseSync;
  /** Whether it is still the file that was opened. */
  readonly #isUnchanged: () => boolean;
  readonly #decoder: TextDecoder;
  readonly #columns: readonly string[];

  /** Throws `unavailable` when there is no such file, or it is not one of the original's. */
  constructor(path: string) {
    this.#path = path;
    const { db, isUnchanged } = openReadOnly(path);
    this.#db = db;
    this.#isUnchanged = isUnchanged;
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
    const listed = this.#ask(() => list.all() as Listed[]).sort((one, other) => (one.number < other.number ? -1 : 1));
    for (let at = 0; at < listed.length;) {
      const rows = this.#readSome(byNumber, byId, listed.slice(at, at + maxRowsAtOnce));
      at += rows.length;
      this.#mustBeUnchanged();
      yield* rows.filter((row) => row !== undefined);
    }
  }

  #mustBeUnchanged(): void {
    if (this.#isUnchanged()) return;
    throw new HoldfastError('unavailable', `${this.#path} was taken into use while it was read; do it again.`);
  }

  async close(): Promise<void> {
    if (this.#db.isOpen) this.#db.close();
  }

  /** The first of these rows, as many as are short enough, in one transaction; undefined for one that was deleted. */
  #readSome(
    byNumber: StatementSync,
    byId: StatementSync,
    listed: readonly Listed[],
  ): readonly (OriginalRow | undefined)[] {
    const rows: (OriginalRow | undefined)[] = [];
    let bytes = 0;
    this.#ask(() => this.#db.exec('BEGIN'));
    try {
      for (const { number, id } of listed) {
        const found = this.#find(byNumber, byId, number, id);
        const isFound = found !== undefined && found !== 'damaged';
        const damaged = found === 'damaged' ? corrupt(`row ${number}`, 'the database is damaged here') : undefined;
        rows.push(isFound ? this.#read(found) : damaged);
        bytes += isFound ? ((found['data'] as Uint8Array | null)?.length ?? 0) : 0;
        if (bytes >= maxBytesAtOnce) break;
      }
    } finally {
      // Nothing was written; after a damaged page there is nothing that could be committed.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    }
    return rows;
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
      if (error instanceof HoldfastError && codeOf(error.cause) === corruptCode) return 'damaged';
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
 * needs to see what others write. Should somebody open it meanwhile, what was read could be of two states.
 */
function openReadOnly(path: string): { readonly db: DatabaseSync; readonly isUnchanged: () => boolean } {
  try {
    const real = realpathSync(path);
    const before = statSync(real);
    if (!before.isFile()) {
      throw new HoldfastError('unavailable', `${path} is not a file; name the original's SQLite file.`);
    }
    const url = pathToFileURL(real);
    const options = { readOnly: true, timeout: maxWaitMs };
    if (!isInWalMode(real) || existsSync(`${real}-wal`)) {
      return { db: new DatabaseSync(url, options), isUnchanged: () => true };
    }
    url.search = '?immutable=1';
    const isSame = ({ mtimeMs, size }: Stats) => mtimeMs === before.mtimeMs && size === before.size;
    const isUnchanged = () => !existsSync(`${real}-wal`) && isSame(statSync(real));
    return { db: new DatabaseSync(url, options), isUnchanged };
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
  if (codeOf(error) === readOnlyCode) {
    const message = `${path} was left in the middle of a write; let the original open it once, which takes that back.`;
    return new HoldfastError('unavailable', message, { cause: error });
  }
  const why = error instanceof Error ? error.message : String(error);
  const wayOut =
    'check that it is a SQLite file which you may read, or import a copy of it (and of its -wal, if there is one)';
  return new HoldfastError('unavailable', `SQLite could not read ${path} (${why}); ${wayOut}.`, { cause: error });
}

function codeOf(error: unknown): number {
  return ((error as { errcode?: number } | undefined)?.errcode ?? 0) % 256;
}

function sameBytes(a: Row[string] | undefined, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b;
  return a instanceof Uint8Array && Buffer.compare(a, b) === 0;
}

function corrupt(name: string, why: string): OriginalRow {
  return { kind: 'corrupt', name, why };
}
