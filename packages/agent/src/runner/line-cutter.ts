const newline = 0x0a;

/**
 * Makes whole lines out of the chunks of a pipe. At most `maxBytes` of a line that is not whole yet are kept: a longer
 * one is a defect of the writer and is dropped up to its newline, whenever that comes.
 */
export class LineCutter {
  readonly #maxBytes: number;
  readonly #onDropped: () => void;
  #rest: Buffer[] = [];
  #restBytes = 0;
  #isDropping = false;

  /** `onDropped` is called once for each line that is too long, as soon as that is known. */
  constructor(maxBytes: number, onDropped: () => void) {
    this.#maxBytes = maxBytes;
    this.#onDropped = onDropped;
  }

  /** Bytes of a line whose newline has not come. */
  get restBytes(): number {
    return this.#restBytes;
  }

  /** The lines that are whole now, one after the other in one piece; undefined when there are none. */
  push(chunk: Buffer): Buffer | undefined {
    const last = chunk.lastIndexOf(newline);
    if (last < 0) {
      this.#keep(chunk);
      return undefined;
    }
    let lines = chunk.subarray(0, last + 1);
    if (this.#isDropping) {
      this.#isDropping = false;
      lines = lines.subarray(lines.indexOf(newline) + 1);
    } else if (this.#restBytes > 0) {
      lines = Buffer.concat([...this.#rest, lines]);
      this.#rest = [];
      this.#restBytes = 0;
    }
    if (last + 1 < chunk.length) this.#keep(chunk.subarray(last + 1));
    return lines.length === 0 ? undefined : lines;
  }

  #keep(piece: Buffer): void {
    if (this.#isDropping) return;
    if (this.#restBytes + piece.length > this.#maxBytes) {
      this.#rest = [];
      this.#restBytes = 0;
      this.#isDropping = true;
      this.#onDropped();
      return;
    }
    // A copy: the rest of a chunk would keep the whole chunk alive.
    this.#rest.push(Buffer.from(piece));
    this.#restBytes += piece.length;
  }
}
