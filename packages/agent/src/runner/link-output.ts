import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** What is made to wait while the pipe is full. */
export type Source = { pause(): unknown; resume(): unknown };

/** Above this, those who write are made to wait until the pipe has drained. */
const maxUnsentBytes = 262_144;

/**
 * The one pipe to the gateway, shared by all channels. When it is full every channel waits, and when it has drained all
 * go on: each gets its turn with what one read of its socket brings, so a fast one cannot keep the others out.
 */
export class LinkOutput {
  readonly #stream: Writable;
  readonly #sources = new Set<Source>();
  #isBlocked = false;
  #isBroken = false;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('drain', () => this.#unblock());
    // Whoever read us has gone; the end of our input follows, and what is still written goes nowhere.
    stream.on('error', () => {
      this.#isBroken = true;
      this.#unblock();
    });
  }

  /** From now on this source is read only while there is room, until it is taken out by what is returned. */
  addSource(source: Source): () => void {
    this.#sources.add(source);
    if (this.#isBlocked) source.pause();
    return () => void this.#sources.delete(source);
  }

  /** Writes pieces in one go; together they are whole frames. */
  write(pieces: readonly Uint8Array[]): void {
    if (this.#isBroken) return;
    this.#stream.cork();
    for (const piece of pieces) this.#stream.write(piece);
    this.#stream.uncork();
    if (this.#isBlocked || this.#stream.writableLength < maxUnsentBytes) return;
    this.#isBlocked = true;
    for (const source of this.#sources) source.pause();
  }

  /** Resolves when all is out or cannot be any more, or after `timeoutMs`: a reader that is stuck takes nothing. */
  async flushed(timeoutMs: number): Promise<void> {
    if (this.#isBroken || this.#stream.writableLength === 0) return;
    const out = new Promise<void>((resolve) => {
      this.#stream.once('error', () => resolve());
      this.#stream.end(resolve);
    });
    await Promise.race([out, delay(timeoutMs, undefined, { ref: false })]);
  }

  #unblock(): void {
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    for (const source of this.#sources) source.resume();
  }
}

/**
 * Standard output that does not block the process while its reader is slow: Node's own `process.stdout` writes to a pipe
 * synchronously. A file or a terminal is used as it is.
 */
export function openStandardOutput(): Writable {
  if ('bun' in process.versions) return process.stdout;
  try {
    return new Socket({ fd: 1, readable: false, writable: true });
  } catch {
    return process.stdout;
  }
}
