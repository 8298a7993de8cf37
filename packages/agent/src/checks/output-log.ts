import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export const defaultMaxLogBytes: number = 64 * 1024 * 1024;
/** Of an output beyond the limit the end is kept too: that is where a failure stands. */
const tailBytes = 1024 * 1024;

export type OutputLog = {
  readonly path: string;
  add(chunk: Buffer): void;
  /** Writes the end of what was too much, with a mark before it. Undefined, or why the log is not whole. */
  close(): string | undefined;
};

/**
 * The whole output in a file, for its owner only; beyond `maxBytes` its begin and its end, and how many bytes are missing between.
 * A disk that does not take it harms nobody but the log.
 */
export function openOutputLog(path: string, maxBytes: number = defaultMaxLogBytes): OutputLog {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = openSync(path, 'w', 0o600);
  const headBytes = Math.max(0, maxBytes - Math.min(tailBytes, maxBytes / 2));
  const tail = new Tail(Math.min(tailBytes, maxBytes / 2));
  let written = 0;
  let fault: string | undefined;
  const write = (bytes: Buffer): void => {
    if (fault !== undefined) return;
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error);
    }
  };
  return {
    path,
    add(chunk) {
      const head = chunk.subarray(0, Math.max(0, headBytes - written));
      if (head.length > 0) write(head);
      written += head.length;
      if (head.length < chunk.length) tail.add(chunk.subarray(head.length));
    },
    close() {
      if (tail.lostBytes > 0)
        write(Buffer.from(`\n[… ${tail.lostBytes} bytes left out: the log is limited to ${maxBytes} …]\n`));
      for (const part of tail.parts()) write(part);
      closeSync(file);
      if (fault !== undefined) return `the log could not be written whole: ${fault}`;
      return tail.lostBytes > 0 ? `the log leaves ${tail.lostBytes} bytes out` : undefined;
    },
  };
}

/** The last bytes of a stream, in a ring that is made when there is something to keep. */
class Tail {
  readonly #size: number;
  #ring: Buffer | undefined;
  #total = 0;

  constructor(size: number) {
    this.#size = Math.floor(size);
  }

  get lostBytes(): number {
    return Math.max(0, this.#total - this.#size);
  }

  add(chunk: Buffer): void {
    this.#ring ??= Buffer.alloc(this.#size);
    const kept = chunk.subarray(-this.#size);
    const at = (this.#total + chunk.length - kept.length) % this.#size;
    const first = kept.copy(this.#ring, at);
    kept.copy(this.#ring, 0, first);
    this.#total += chunk.length;
  }

  parts(): readonly Buffer[] {
    if (this.#ring === undefined) return [];
    const at = this.#total % this.#size;
    if (this.#total <= this.#size) return [this.#ring.subarray(0, this.#total)];
    return [this.#ring.subarray(at), this.#ring.subarray(0, at)];
  }
}
