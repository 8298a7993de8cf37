import { Worker } from 'node:worker_threads';
import { pathToFileURL } from 'node:url';

/** The WAL is brought into the file when nothing was written for this long, */
const idleMs = 250;
/** or when this many bytes have gathered. */
const checkpointBytes = 64 * 1024 * 1024;
/** From this length on the WAL is begun anew, which writers have to stand still for: */
const longWalBytes = 256 * 1024 * 1024;
/** as soon as no more than this is left to be brought in, */
const shortRestBytes = 16 * 1024 * 1024;
/** or, when the other thread cannot keep up, at this length anyway. */
const maxWalBytes = 512 * 1024 * 1024;

const source = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { DatabaseSync } = require('node:sqlite');
  const db = new DatabaseSync(new URL(workerData), { timeout: 5000 });
  const isWhole = () => {
    const { log, checkpointed } = db.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
    return log === checkpointed;
  };
  const truncate = () => {
    db.exec('PRAGMA busy_timeout = 0');
    const { busy } = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
    db.exec('PRAGMA busy_timeout = 5000');
    return busy === 0;
  };
  parentPort.on('message', (order) => {
    try {
      parentPort.postMessage(isWhole() && (order === 'checkpoint' || truncate()));
    } catch {
      parentPort.postMessage(false);
    }
  });
`;

/**
 * Brings the write-ahead log into the database file on a thread of its own, when there is time or when much has gathered.
 * A passive checkpoint holds up neither readers nor writers. The thread is started when it is first needed.
 */
export class Checkpointer {
  readonly #path: string;
  readonly #restartHere: () => boolean;
  #worker: Worker | null = null;
  #isBusy = false;
  #timer: NodeJS.Timeout | null = null;
  /** Bytes that are not in the file yet, at most; and of the WAL since it was last begun anew, at most. */
  #gathered = 0;
  #walBytes = 0;
  #restartAt = longWalBytes;
  #sinceAsked = 0;
  #sinceLooked = 0;
  /** Who waits for files that are cut; and those whom the order under way is for. */
  #waiting: (() => void)[] = [];
  #served: (() => void)[] = [];

  /** `restartHere` brings everything in and has the WAL begun anew, at once; false when a reader is in the way. */
  constructor(path: string, restartHere: () => boolean) {
    this.#path = path;
    this.#restartHere = restartHere;
  }

  /** So many bytes were written. */
  grown(bytes: number): void {
    this.#gathered += bytes;
    this.#walBytes += bytes;
    this.#sinceAsked += bytes;
    this.#sinceLooked += bytes;
    if (this.#sinceAsked >= checkpointBytes) this.#ask();
    else this.#timer ??= setInterval(() => this.#look(), idleMs).unref();
  }

  /**
   * Between transactions. Writers that never pause would let the WAL grow for ever: SQLite begins it anew only when all of it
   * is in the file.
   */
  settle(): void {
    if (this.#walBytes < this.#restartAt) return;
    if (this.#gathered > shortRestBytes && this.#walBytes < this.#restartAt + maxWalBytes - longWalBytes) {
      this.#ask();
      return;
    }
    const isBegunAnew = this.#restartHere();
    this.#gathered = 0;
    if (isBegunAnew) this.#walBytes = 0;
    // Whoever reads for long keeps it from that; it is tried again when there is more.
    this.#restartAt = isBegunAnew ? longWalBytes : this.#walBytes + checkpointBytes;
  }

  /** Makes the files as short as they can be; nothing happens when somebody is in the way. */
  truncate(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#ask();
    });
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#worker?.terminate();
    this.#worker = null;
    for (const resolve of [...this.#served, ...this.#waiting]) resolve();
  }

  #look(): void {
    if (this.#sinceLooked === 0) this.#ask();
    this.#sinceLooked = 0;
  }

  #ask(): void {
    if (this.#isBusy) return;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#isBusy = true;
    this.#sinceAsked = 0;
    this.#served = this.#waiting;
    this.#waiting = [];
    this.#worker ??= this.#start();
    this.#worker.postMessage(this.#served.length > 0 ? 'truncate' : 'checkpoint');
  }

  #start(): Worker {
    // Opened as it is: a file that is gone must not come back empty.
    const url = pathToFileURL(this.#path);
    url.searchParams.set('mode', 'rw');
    const worker = new Worker(source, { eval: true, workerData: url.href });
    worker.unref();
    worker.on('message', (isWhole: boolean) => this.#answered(isWhole));
    worker.on('error', () => {
      this.#worker = null;
      this.#answered(false);
    });
    return worker;
  }

  #answered(isWhole: boolean): void {
    this.#isBusy = false;
    if (isWhole) this.#gathered = this.#sinceAsked;
    if (isWhole && this.#sinceAsked === 0) this.#walBytes = 0;
    for (const resolve of this.#served) resolve();
    this.#served = [];
    if (this.#waiting.length > 0) this.#ask();
  }
}
