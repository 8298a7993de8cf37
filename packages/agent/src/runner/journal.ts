import { closeSync, fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { JournalIndex } from './journal-index.ts';

const newline = 0x0a;
const blockBytes = 262_144;

/**
 * The lines of a session in one file; the number of a line is its offset (docs/protocol.md 7.2). One process at a time
 * has it open (see claim.ts). Everything is synchronous: a line that `append` has returned for is in the file, and the
 * next thing that is told about it comes later, with no order to keep in between.
 */
export class Journal {
  readonly #fd: number;
  readonly #index = new JournalIndex();
  #next = 0;
  #length = 0;

  /**
   * Opens the file (made when it is not there), cuts off a last line without newline, and calls `onLine` with each line
   * there is, newline excluded; the bytes are valid during the call.
   */
  constructor(path: string, onLine: (line: Buffer) => void) {
    this.#fd = openReadWrite(path);
    this.#scan(onLine);
    if (fstatSync(this.#fd).size > this.#length) ftruncateSync(this.#fd, this.#length);
  }

  /** The offset of the line that comes next: how many lines there are. */
  get next(): number {
    return this.#next;
  }

  /** Bytes in the file: where the next line begins. */
  get length(): number {
    return this.#length;
  }

  /**
   * Writes whole lines, each with its newline; `sync`: they are on the disk when this returns. When it throws (a full
   * disk), nothing of them is in the file.
   */
  append(lines: Uint8Array, lineCount: number, sync: boolean): void {
    try {
      let written = 0;
      while (written < lines.length) {
        written += writeSync(this.#fd, lines, written, lines.length - written, this.#length + written);
      }
      if (sync) fdatasyncSync(this.#fd);
    } catch (error) {
      ftruncateSync(this.#fd, this.#length);
      throw error;
    }
    this.#length += lines.length;
    this.#next += lineCount;
    this.#index.note(this.#next, this.#length);
  }

  /** Where the line `offset` begins. `offset` is at most `next`. */
  positionOf(offset: number): number {
    if (offset >= this.#next) return this.#length;
    const known = this.#index.before(offset);
    let { position } = known;
    let missing = offset - known.offset;
    const block = Buffer.allocUnsafe(blockBytes);
    while (missing > 0) {
      const bytes = block.subarray(0, this.read(position, block));
      let at = 0;
      while (missing > 0) {
        const end = bytes.indexOf(newline, at);
        if (end < 0) break;
        at = end + 1;
        missing -= 1;
      }
      position += missing === 0 ? at : bytes.length;
    }
    return position;
  }

  /** Fills `target` from byte `position` on with what is there, and returns how much that is. */
  read(position: number, target: Uint8Array): number {
    const wanted = Math.min(target.length, this.#length - position);
    return wanted <= 0 ? 0 : readSync(this.#fd, target, 0, wanted, position);
  }

  /** The last act: nothing may be called afterwards. */
  close(): void {
    closeSync(this.#fd);
  }

  #scan(onLine: (line: Buffer) => void): void {
    let block = Buffer.allocUnsafe(1_048_576);
    for (;;) {
      const got = readSync(this.#fd, block, 0, block.length, this.#length);
      const bytes = block.subarray(0, got);
      let at = 0;
      for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, at)) {
        onLine(bytes.subarray(at, end));
        at = end + 1;
        this.#next += 1;
        this.#index.note(this.#next, this.#length + at);
      }
      this.#length += at;
      if (got < block.length && at === 0) return;
      // A line longer than the block: look at it again through a larger one.
      if (at === 0) block = Buffer.allocUnsafe(block.length * 2);
    }
  }
}

function openReadWrite(path: string): number {
  try {
    return openSync(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const fd = openSync(path, 'wx+', 0o600);
  // The name must be on the disk before the first line counts as being there.
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
  return fd;
}
