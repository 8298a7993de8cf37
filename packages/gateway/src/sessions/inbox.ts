/** Journal lines that follow on each other; `offset` is that of the first. */
export type Lines = { readonly offset: number; readonly lines: Buffer };

/** Unwritten bytes beyond which the machine is not read from until they are taken. */
const maxBytes = 4 * 1024 * 1024;

/** What the runner has sent and the session has not drafted yet. Full is a state, not an error: `onFull` pauses the sender. */
export class Inbox {
  readonly #onFull: () => void;
  readonly #onRoom: () => void;
  #parts: Lines[] = [];
  #bytes = 0;

  constructor(onFull: () => void, onRoom: () => void) {
    this.#onFull = onFull;
    this.#onRoom = onRoom;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(offset: number, lines: Buffer): void {
    const wasFull = this.#bytes > maxBytes;
    this.#parts.push({ offset, lines });
    this.#bytes += lines.length;
    if (!wasFull && this.#bytes > maxBytes) this.#onFull();
  }

  /** Everything that is there, in one piece. */
  take(): Lines | undefined {
    const parts = this.#parts;
    const [first] = parts;
    const wasFull = this.#bytes > maxBytes;
    this.clear();
    if (wasFull) this.#onRoom();
    if (first === undefined || parts.length === 1) return first;
    return { offset: first.offset, lines: Buffer.concat(parts.map((part) => part.lines)) };
  }

  /** The attachment broke: what was not written comes again. */
  clear(): void {
    this.#parts = [];
    this.#bytes = 0;
  }
}
