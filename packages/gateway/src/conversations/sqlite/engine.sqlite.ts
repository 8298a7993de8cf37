import { statSync, type Stats } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { HoldfastError } from '@holdfast/protocol';
import { Checkpointer } from './checkpoint.sqlite.ts';
import { openFile, pageBytes } from './file.sqlite.ts';

export type Bound = string | number | null | Uint8Array;

type Queued = {
  readonly run: () => unknown;
  readonly isDurable: boolean;
  /** It waits for other processes in short turns, and is asked for again when one was in vain. */
  readonly isPatient: boolean;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
};

type Outcome = { readonly result: unknown } | { readonly error: HoldfastError };

/** Statements whose text depends on what is asked for (how many projects, which filters) are kept up to this many. */
const maxStatements = 200;
/** A look whether the file is there costs a tenth of a small commit; those that acknowledge nothing do with one now and then. */
const lookEveryMs = 50;
/** What is patient waits for other processes so long at a time, because everybody here waits with it, */
const patientBusyTimeoutMs = 20;
/** and tries again for so long: other processes that never pause leave a free file seldom. */
const patienceMs = 60_000;
/** So often a slice lets other writes go first, when they never end. */
const maxPassedOver = 16;

/**
 * One SQLite file. One queue of writers: whatever has come in one turn of the event loop shares one commit (group commit, no
 * timer). Slices, the parts of long work, have transactions of their own and come when nobody else waits.
 */
export class SQLiteEngine {
  readonly #path: string;
  readonly #busyTimeoutMs: number;
  readonly #db: DatabaseSync;
  readonly #file: Stats | undefined;
  readonly #checkpointer: Checkpointer;
  readonly #statements = new Map<string, StatementSync>();
  #queue: Queued[] = [];
  #slices: Queued[] = [];
  #passedOver = 0;
  #isScheduled = false;
  /** What the transaction under way writes, about, in bytes; the messages among it; and those of the last one that failed. */
  #dirtyBytes = 0;
  #appendedBytes = 0;
  #failedBytes = 0;
  #isSyncFull = true;
  #currentBusyTimeoutMs: number;
  /** When the file was last seen under its name. */
  #seenAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(path: string, busyTimeoutMs = 5_000) {
    this.#path = path;
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#currentBusyTimeoutMs = busyTimeoutMs;
    this.#db = openFile(path, busyTimeoutMs);
    this.#file = this.#findFile();
    this.#checkpointer = new Checkpointer(path, () => this.#restartWal());
  }

  /** Bytes of messages that did not find room last; 0 when they do. */
  get failedBytes(): number {
    return this.#failedBytes;
  }

  /** Reads at once, outside of the queue: what is committed. */
  read<Result>(read: () => Result): Result {
    this.#mustBeOpen();
    try {
      this.#mustBeThere();
      return read();
    } catch (error) {
      throw this.#fault(error);
    }
  }

  /**
   * In the order of the calls, several in one transaction. `run` may throw a HoldfastError as long as it has changed nothing;
   * the others in the transaction are not touched by that.
   */
  write<Result>(isDurable: boolean, run: () => Result): Promise<Result> {
    return this.#enqueue(this.#queue, { isDurable, isPatient: false }, run);
  }

  /** Like a durable `write`, and other processes that never pause do not make it fail. */
  writePatiently<Result>(run: () => Result): Promise<Result> {
    return patiently(run, (once) => this.#enqueue(this.#queue, { isDurable: true, isPatient: true }, once));
  }

  /** In a transaction of its own, on disk before it resolves, when no other write waits. Tells how long it held the file. */
  async slice<Result>(run: () => Result): Promise<{ readonly result: Result; readonly tookMs: number }> {
    let startedAt = 0;
    const timed = (): Result => {
      startedAt = performance.now();
      return run();
    };
    const result = await patiently(timed, async (once) => {
      await this.#checkpointer.catchUp();
      return this.#enqueue(this.#slices, { isDurable: true, isPatient: true }, once);
    });
    return { result, tookMs: performance.now() - startedAt };
  }

  /** Makes the files as short as they can be; nothing happens when somebody is in the way. */
  truncate(): Promise<void> {
    return this.#checkpointer.truncate();
  }

  one<Row>(sql: string, ...values: Bound[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined;
  }

  all<Row>(sql: string, ...values: Bound[]): Row[] {
    return this.#prepare(sql).all(...values) as Row[];
  }

  /** Rows as arrays: a page of 200 costs half of what objects cost. */
  rows<Row>(sql: string, ...values: Bound[]): Row[] {
    const key = `rows ${sql}`;
    const known = this.#statements.get(key);
    if (known !== undefined) return known.all(...values) as Row[];
    const statement = this.#db.prepare(sql);
    statement.setReturnArrays(true);
    this.#keep(key, statement);
    return statement.all(...values) as Row[];
  }

  iterate<Row>(sql: string, ...values: Bound[]): IterableIterator<Row> {
    return this.#prepare(sql).iterate(...values) as IterableIterator<Row>;
  }

  /** Returns how many rows changed. */
  run(sql: string, ...values: Bound[]): number {
    const changes = Number(this.#prepare(sql).run(...values).changes);
    this.#dirtyBytes += changes * 3 * pageBytes;
    return changes;
  }

  /** Like `run`, for messages: their bytes are counted. */
  append(bytes: number, sql: string, ...values: Bound[]): number {
    this.#appendedBytes += bytes;
    return Number(this.#prepare(sql).run(...values).changes);
  }

  /** The probe had room. */
  recovered(bytes: number): void {
    if (bytes >= this.#failedBytes) this.#failedBytes = 0;
  }

  /** What waits is written, slices are not begun any more. Twice is fine. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    while (this.#queue.length > 0) this.#commitQueue();
    this.#isClosed = true;
    for (const slice of this.#slices) slice.reject(closed());
    this.#slices = [];
    await this.#checkpointer.close();
    this.#db.close();
  }

  #enqueue<Result>(queue: Queued[], how: Pick<Queued, 'isDurable' | 'isPatient'>, run: () => Result): Promise<Result> {
    if (this.#isClosed) return Promise.reject(closed());
    return new Promise<Result>((resolve, reject) => {
      queue.push({ run, ...how, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    if (this.#isClosed) return;
    const isForSlice = this.#slices.length > 0 && (this.#queue.length === 0 || ++this.#passedOver > maxPassedOver);
    if (isForSlice) {
      this.#passedOver = 0;
      this.#commit(this.#slices.splice(0, 1));
    } else {
      this.#commitQueue();
    }
    if (this.#queue.length + this.#slices.length > 0) this.#schedule();
  }

  #commitQueue(): void {
    this.#commit(this.#queue.splice(0));
  }

  /** One transaction for all of these. It fails as a whole only when the engine does; then nobody's write was done. */
  #commit(queue: readonly Queued[]): void {
    if (queue.length === 0) return;
    const mostMs = queue.every((queued) => queued.isPatient) ? patientBusyTimeoutMs : Number.POSITIVE_INFINITY;
    const isDurable = queue.some((queued) => queued.isDurable);
    let outcomes: Outcome[];
    this.#appendedBytes = 0;
    this.#dirtyBytes = pageBytes;
    try {
      if (isDurable || performance.now() - this.#seenAt > lookEveryMs) this.#mustBeThere();
      this.#checkpointer.settle();
      this.#setSync(isDurable);
      this.#setBusyTimeout(Math.min(mostMs, this.#busyTimeoutMs));
      this.#prepare('BEGIN IMMEDIATE').run();
      outcomes = queue.map(({ run }) => outcomeOf(run));
      this.#prepare('COMMIT').run();
      // What went into a file that is no longer the one of this name is not kept.
      if (isDurable) this.#mustBeThere();
    } catch (error) {
      this.#failedBytes = Math.max(this.#failedBytes, this.#appendedBytes);
      this.#rollBack();
      const fault = this.#fault(error);
      for (const queued of queue) queued.reject(fault);
      return;
    }
    if (this.#appendedBytes >= this.#failedBytes) this.#failedBytes = 0;
    this.#checkpointer.grown(this.#appendedBytes + this.#dirtyBytes);
    queue.forEach((queued, index) => settle(queued, outcomes[index] as Outcome));
  }

  #rollBack(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    } catch {
      // The engine is away; the error that brought us here says so.
    }
  }

  /** FULL: COMMIT returns after fsync of the WAL. Set between transactions only; SQLite ignores it inside one. */
  #setSync(isFull: boolean): void {
    if (isFull === this.#isSyncFull) return;
    this.#db.exec(`PRAGMA synchronous = ${isFull ? 'FULL' : 'NORMAL'}`);
    this.#isSyncFull = isFull;
  }

  #setBusyTimeout(ms: number): void {
    if (ms === this.#currentBusyTimeoutMs) return;
    this.#db.exec(`PRAGMA busy_timeout = ${ms}`);
    this.#currentBusyTimeoutMs = ms;
  }

  #restartWal(): boolean {
    // A reader may take minutes (a backup); nobody waits for it.
    this.#setBusyTimeout(0);
    const result = this.#db.prepare('PRAGMA wal_checkpoint(RESTART)').get() as { busy: number };
    return result.busy === 0;
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw closed();
  }

  /** SQLite goes on with a file that was removed or replaced as if nothing had happened, and what it is given is lost. */
  #mustBeThere(): void {
    if (this.#file === undefined) return;
    const found = this.#findFile();
    if (found?.ino === this.#file.ino && found.dev === this.#file.dev) {
      this.#seenAt = performance.now();
      return;
    }
    this.#seenAt = Number.NEGATIVE_INFINITY;
    const what = found === undefined ? 'was removed' : 'was replaced; start again to use the new one';
    throw new HoldfastError('unavailable', `The SQLite file ${this.#path} ${what}.`);
  }

  #findFile(): Stats | undefined {
    return this.#path === ':memory:' ? undefined : statSync(this.#path, { throwIfNoEntry: false });
  }

  #fault(cause: unknown): HoldfastError {
    if (cause instanceof HoldfastError) return cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    if (isCorrupt(cause)) {
      return new HoldfastError('internal', `${this.#path} is corrupt (${why}); restore it from a backup.`, { cause });
    }
    const way = 'check SQLITE_DB_PATH and its disk';
    return new HoldfastError('unavailable', `SQLite could not use ${this.#path} (${why}); ${way}.`, { cause });
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#keep(sql, statement);
    return statement;
  }

  #keep(key: string, statement: StatementSync): void {
    const [oldest] = this.#statements.keys();
    if (this.#statements.size >= maxStatements && oldest !== undefined) this.#statements.delete(oldest);
    this.#statements.set(key, statement);
  }
}

/** Asks for `run` again while another process holds the file. What was begun is not done a second time. */
async function patiently<Result>(run: () => Result, ask: (once: () => Result) => Promise<Result>): Promise<Result> {
  const until = performance.now() + patienceMs;
  for (;;) {
    let hasBegun = false;
    try {
      return await ask(() => {
        hasBegun = true;
        return run();
      });
    } catch (error) {
      if (hasBegun || !isBusy(error) || performance.now() > until) throw error;
    }
  }
}

function closed(): HoldfastError {
  return new HoldfastError('unavailable', 'The conversation store is closed.');
}

/** SQLITE_CORRUPT, with whatever detail. */
function isCorrupt(cause: unknown): boolean {
  return primaryCodeOf(cause) === 11;
}

/** SQLITE_BUSY: another process holds the file. */
function isBusy(error: unknown): boolean {
  return error instanceof HoldfastError && primaryCodeOf(error.cause) === 5;
}

/** The primary result code of SQLite's error (https://sqlite.org/rescode.html). */
function primaryCodeOf(cause: unknown): number | undefined {
  const isSQLites = cause instanceof Error && 'errcode' in cause && typeof cause.errcode === 'number';
  return isSQLites ? (cause.errcode as number) & 0xff : undefined;
}

function outcomeOf(run: () => unknown): Outcome {
  try {
    return { result: run() };
  } catch (error) {
    if (error instanceof HoldfastError) return { error };
    throw error;
  }
}

function settle(queued: Queued, outcome: Outcome): void {
  if ('error' in outcome) queued.reject(outcome.error);
  else queued.resolve(outcome.result as never);
}
