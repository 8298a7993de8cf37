/** Longer input lines are dropped: a client message is at most 1 MiB (docs/protocol.md 2.6), an id and an escape or two come on top. */
const maxLineBytes = 4 * 1_048_576;
const newline = 0x0a;

/** Cuts a byte stream into lines. Memory is bounded by the longest line that is allowed. */
export class LineReader {
  readonly #onLine: (line: string) => void;
  readonly #onTooLong: () => void;
  #parts: Buffer[] = [];
  #bytes = 0;
  #skipping = false;

  constructor(onLine: (line: string) => void, onTooLong: () => void) {
    this.#onLine = onLine;
    this.#onTooLong = onTooLong;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, from)) {
      this.#add(chunk.subarray(from, at));
      this.#finish();
      from = at + 1;
    }
    // A copy: the reader of the stream may use its buffer again.
    if (from < chunk.length) this.#add(Buffer.from(chunk.subarray(from)));
  }

  /** The stream has ended: a last line may lack its newline. */
  end(): void {
    if (this.#bytes > 0) this.#finish();
  }

  #add(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > maxLineBytes) {
      this.#parts = [];
      this.#skipping = true;
    }
    if (!this.#skipping) this.#parts.push(part);
  }

  #finish(): void {
    const line = this.#parts.length === 1 ? this.#parts[0]?.toString() : Buffer.concat(this.#parts).toString();
    const skipped = this.#skipping;
    this.#parts = [];
    this.#bytes = 0;
    this.#skipping = false;
    if (skipped) this.#onTooLong();
    else if (line !== undefined && line.trim() !== '') this.#onLine(line);
  }
}
