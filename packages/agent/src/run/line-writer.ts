/** Above this many characters unsent a provider should wait. */
const fullCharacters = 256 * 1024;
/** A batch of this size leaves at once, without waiting for the end of the tick. */
const batchCharacters = 64 * 1024;

/** Where the bytes go: stdout, or a test. */
export type LineSink = {
  /** Takes a batch; calls `done` when it has been read, or never will be. */
  write(batch: string, done: () => void): void;
  /** Takes the last batch before the process goes. */
  writeNow(batch: string): void;
};

/**
 * Collects the lines of a tick and hands them on in one write, one write at a time: what comes while the reader is slow leaves
 * together. Memory is bounded by writers that heed `isFull`.
 */
export class LineWriter {
  readonly #sink: LineSink;
  #batch = '';
  #sending = 0;
  #scheduled = false;
  readonly #waiting: (() => void)[] = [];

  constructor(sink: LineSink) {
    this.#sink = sink;
  }

  get isFull(): boolean {
    return this.#batch.length + this.#sending >= fullCharacters;
  }

  /** Takes one line, without its newline. */
  write(line: string): void {
    this.#batch += `${line}\n`;
    if (this.#sending > 0) return;
    if (this.#batch.length >= batchCharacters) this.#send();
    else this.#schedule();
  }

  /** Resolves when everything written so far has left. */
  drained(): Promise<void> {
    if (this.#batch === '' && this.#sending === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** For the end of the process: what is left goes out synchronously. */
  flushNow(): void {
    const batch = this.#batch;
    this.#batch = '';
    if (batch !== '') this.#sink.writeNow(batch);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#sending === 0) this.#send();
    });
  }

  #send(): void {
    const batch = this.#batch;
    if (batch === '') return;
    this.#batch = '';
    this.#sending = batch.length;
    this.#sink.write(batch, () => {
      this.#sending = 0;
      if (this.#batch !== '') this.#send();
      else for (const resolve of this.#waiting.splice(0)) resolve();
    });
  }
}
