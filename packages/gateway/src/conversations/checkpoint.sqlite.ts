import { Worker } from 'node:worker_threads';

/** The WAL is brought into the file when nothing was written for this long, */
const idleMs = 250;
/** or when this many bytes have gathered. */
const checkpointBytes = 64 * 1024 * 1024;
/** Bytes that may gather while the other thread cannot keep up; then the writer itself waits for a checkpoint. */
const maxWalBytes = 512 * 1024 * 1024;

const source = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { DatabaseSync } = require('node:sqlite');
  const db = new DatabaseSync(workerData);
  db.exec('PRAGMA busy_timeout = 5000');
  parentPort.on('message', () => {
    try {
      const { log, checkpointed } = db.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
      parentPort.postMessage(log === checkpointed);
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
  readonly #checkpointHere: () => void;
  #worker: Worker | null = null;
  #isBusy = false;
  #timer: NodeJS.Timeout | null = null;
  /** Bytes written since the log was last seen to be in the file as a whole. */
  #gathered = 0;
  #sinceAsked = 0;
  #sinceLooked = 0;

  constructor(path: string, checkpointHere: () => void) {
    this.#path = path;
    this.#checkpointHere = checkpointHere;
  }

  /** So many bytes are about to be written. */
  grown(bytes: number): void {
    this.#gathered += bytes;
    this.#sinceAsked += bytes;
    this.#sinceLooked += bytes;
    if (this.#sinceAsked >= checkpointBytes) this.#ask();
    else this.#timer ??= setInterval(() => this.#look(), idleMs).unref();
  }

  /** Between transactions: when the log has grown beyond its bound, it is brought in here and now. */
  settle(): void {
    if (this.#gathered < maxWalBytes) return;
    this.#checkpointHere();
    this.#gathered = 0;
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#worker?.terminate();
    this.#worker = null;
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
    this.#worker ??= this.#start();
    this.#worker.postMessage('checkpoint');
  }

  #start(): Worker {
    const worker = new Worker(source, { eval: true, workerData: this.#path });
    worker.unref();
    worker.on('message', (isWhole: boolean) => {
      this.#isBusy = false;
      if (isWhole) this.#gathered = this.#sinceAsked;
    });
    worker.on('error', () => {
      this.#isBusy = false;
      this.#worker = null;
    });
    return worker;
  }
}
