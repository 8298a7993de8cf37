import { open, type FileHandle } from 'node:fs/promises';

/** How far the reader may be ahead of what was taken: little, for sessions share the way with it. */
const windowBytes = 65_536;
/** How often a log that grows is looked at; nobody tells us of it. */
const lookEveryMs = 150;

/**
 * Reads a log while it grows and gives it away piece by piece. What is not taken stays in the file: memory holds one piece.
 * `done` resolves when the log is whole and everything was taken, or it cannot be read.
 */
export class LinkCheckLog {
  readonly done: Promise<void>;
  readonly #finish: () => void;
  readonly #write: (offset: number, bytes: Uint8Array) => void;
  readonly #timer: NodeJS.Timeout;
  #path: string | undefined;
  #file: FileHandle | undefined;
  #sent = 0;
  #taken = 0;
  #isWhole = false;
  #isWaiting = false;
  #isReading = false;
  #isOver = false;

  constructor(path: string | undefined, write: (offset: number, bytes: Uint8Array) => void) {
    let finish: () => void = () => undefined;
    this.done = new Promise((resolve) => (finish = resolve));
    this.#finish = finish;
    this.#path = path;
    this.#write = write;
    this.#timer = setInterval(() => this.#read(), lookEveryMs);
  }

  /** Nothing more comes. `path`: where the log is, when that is elsewhere than was thought (the result is one of earlier). */
  whole(path?: string): void {
    if (path !== undefined && this.#file === undefined) this.#path = path;
    this.#isWhole = true;
    this.#read();
  }

  taken(offset: number): void {
    this.#taken = Math.min(this.#sent, Math.max(this.#taken, offset));
    this.#read();
  }

  pause(): void {
    this.#isWaiting = true;
  }

  resume(): void {
    this.#isWaiting = false;
    this.#read();
  }

  /** Nobody wants the rest. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#timer);
    if (!this.#isReading) void this.#file?.close();
    this.#finish();
  }

  #read(): void {
    if (this.#isReading || this.#isOver) return;
    this.#isReading = true;
    void this.#readOn().then(
      () => {
        this.#isReading = false;
        if (this.#isOver) void this.#file?.close();
      },
      () => {
        // A log that cannot be read is not worth a run: its result says what was seen of it.
        this.#isReading = false;
        this.stop();
      },
    );
  }

  async #readOn(): Promise<void> {
    for (;;) {
      const room = windowBytes - (this.#sent - this.#taken);
      if (room <= 0 || this.#isWaiting || this.#isOver) return;
      // Asked before the read: what is written after it would be missed.
      const isWhole = this.#isWhole;
      const bytes = await this.#next(room);
      if (this.#isOver) return;
      if (bytes.length === 0) {
        if (isWhole && this.#taken === this.#sent) this.stop();
        return;
      }
      this.#write(this.#sent, bytes);
      this.#sent += bytes.length;
    }
  }

  async #next(maxBytes: number): Promise<Uint8Array> {
    this.#file ??= await this.#open();
    if (this.#file === undefined) return new Uint8Array();
    const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(maxBytes), 0, maxBytes, this.#sent);
    return buffer.subarray(0, bytesRead);
  }

  async #open(): Promise<FileHandle | undefined> {
    if (this.#path === undefined) return undefined;
    try {
      return await open(this.#path, 'r');
    } catch (error) {
      // It has not begun, or nothing was run.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}
