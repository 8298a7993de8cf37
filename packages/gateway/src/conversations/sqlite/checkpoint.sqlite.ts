import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { pageBytes } from './file.sqlite.ts';

const mebibyte = 1024 * 1024;
/** The WAL is brought into the file when nothing was written for this long in milliseconds, */
const idleMs = 250;
/** or when this much has gathered. */
const checkpointBytes = 64 * mebibyte;
/** From this length on the WAL is begun anew: by itself that happens only when writers pause. */
const longWalBytes = 256 * mebibyte;
/** At this length the writer itself sees to it, at the cost of standing still: the other thread cannot keep up. */
const maxWalBytes = 768 * mebibyte;
/**
 * What may gather from work that can wait, and how long the WAL may become by it. More at once would keep the disk from others
 * for too long.
 */
const backlogBytes = 8 * mebibyte;
const backlogWalBytes = 32 * mebibyte;

/**
 * To begin the WAL anew SQLite keeps writers out, and when something is left to be brought in, for as long as two fsyncs take:
 * so that is tried right after nothing was left, or, under writers that never pause, little.
 */
const source = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { DatabaseSync } = require('node:sqlite');
  const db = new DatabaseSync(new URL(workerData.url), { timeout: 100 });
  const littleFrames = 200;
  const bringIn = (mode) => db.prepare('PRAGMA wal_checkpoint(' + mode + ')').get();

  function carryOut({ isCut, restartFrames }) {
    let { log, checkpointed } = bringIn('PASSIVE');
    for (let round = 0; round < 10 && log === checkpointed && (isCut || log >= restartFrames); round++) {
      const before = log;
      ({ log, checkpointed } = bringIn('PASSIVE'));
      if (log - before > (round < 6 ? 0 : littleFrames)) continue;
      const { busy } = bringIn(isCut ? 'TRUNCATE' : 'RESTART');
      return busy === 0 ? { isWhole: true, frames: 0 } : { isWhole: false, frames: log };
    }
    return { isWhole: log === checkpointed, frames: log };
  }

  parentPort.on('message', (order) => {
    try {
      parentPort.postMessage(carryOut(order));
    } catch {
      parentPort.postMessage(null);
    }
  });
`;

type Order = { readonly isCut: boolean; readonly restartFrames: number };
type Answer = { readonly isWhole: boolean; readonly frames: number };
type Waiting = { readonly order: Order; readonly resolve: () => void };

const usual: Order = { isCut: false, restartFrames: longWalBytes / pageBytes };
const forBacklog: Order = { isCut: false, restartFrames: backlogWalBytes / pageBytes };
const cut: Order = { isCut: true, restartFrames: 0 };

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
  /** Bytes that are not in the file yet, at most; and of the WAL. */
  #gathered = 0;
  #walBytes = 0;
  #restartAt = maxWalBytes;
  #sinceAsked = 0;
  #sinceLooked = 0;
  /** Who waits for an order to be carried out; and those whom the one under way is for. */
  #waiting: Waiting[] = [];
  #served: Waiting[] = [];

  /** `restartHere` brings everything in and has the WAL begun anew, at once; false when a reader is in the way. */
  constructor(path: string, restartHere: () => boolean) {
    this.#path = path;
    this.#restartHere = restartHere;
  }

  /** So many bytes were written, at most. */
  grown(bytes: number): void {
    this.#gathered += bytes;
    this.#walBytes += bytes;
    this.#sinceAsked += bytes;
    this.#sinceLooked += bytes;
    if (this.#sinceAsked >= checkpointBytes) this.#ask();
    else this.#timer ??= setInterval(() => this.#look(), idleMs).unref();
  }

  /** Between transactions: when the WAL has grown beyond its bound, it is begun anew here and now. */
  settle(): void {
    if (this.#walBytes < this.#restartAt) return;
    const isBegunAnew = this.#restartHere();
    this.#gathered = 0;
    if (isBegunAnew) this.#walBytes = 0;
    // Whoever reads for long keeps it from that; it is tried again when there is more.
    this.#restartAt = isBegunAnew ? maxWalBytes : this.#walBytes + checkpointBytes;
  }

  /** Makes the files as short as they can be; nothing happens when somebody is in the way. */
  truncate(): Promise<void> {
    return this.#order(cut);
  }

  /** Before more of what can wait is written: when much has gathered, waits until it was brought in. */
  async catchUp(): Promise<void> {
    if (this.#gathered > backlogBytes) await this.#order(forBacklog);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#worker?.terminate();
    this.#worker = null;
    for (const { resolve } of [...this.#served, ...this.#waiting]) resolve();
  }

  #order(order: Order): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ order, resolve });
      this.#ask();
    });
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
    const orders = this.#served.map(({ order }) => order);
    this.#worker.postMessage(orders.find(({ isCut }) => isCut) ?? orders[0] ?? usual);
  }

  #start(): Worker {
    // Opened as it is: a file that is gone must not come back empty.
    const url = pathToFileURL(this.#path);
    url.searchParams.set('mode', 'rw');
    const worker = new Worker(source, { eval: true, workerData: { url: url.href } });
    worker.unref();
    worker.on('message', (answer: Answer | null) => this.#answered(answer));
    worker.on('error', () => {
      this.#worker = null;
      this.#answered(null);
    });
    return worker;
  }

  /** Null: it could not. */
  #answered(answer: Answer | null): void {
    this.#isBusy = false;
    if (answer?.isWhole === true) this.#gathered = this.#sinceAsked;
    if (answer !== null) this.#walBytes = answer.frames * pageBytes + this.#sinceAsked;
    for (const { resolve } of this.#served) resolve();
    this.#served = [];
    if (this.#waiting.length > 0) this.#ask();
  }
}
