import type { Socket } from 'node:net';
import { encodeDataHeader, encodeFrame, frameKind, type Gone, type Opened } from '@holdfast/protocol';
import type { Journal } from './journal.ts';

/** Above this nothing more is pushed into a socket; what it misses it gets from the file when it has drained. */
const maxUnsentBytes = 262_144;
const dataBytes = 262_144;
const newline = 0x0a;
/** Below this a header and its lines are copied into one buffer: one small copy is cheaper than a second one to send. */
const copyBytes = 8192;

/**
 * One reader of the journal: a cursor, not a queue. While it is at the end and its socket takes what it is given, it gets
 * the very bytes that were just written; otherwise it lags, and is fed from the file each time its socket has drained.
 * So it costs a bounded amount of memory, however far it is behind.
 */
export class Attachment {
  readonly socket: Socket;
  readonly generation: number;
  readonly #channel: number;
  readonly #journal: Journal;
  #offset: number;
  #position: number;

  /** Answers OPENED and begins to feed. `from` is at most the journal's `next`. */
  constructor(socket: Socket, channel: number, journal: Journal, opened: Opened) {
    this.socket = socket;
    this.generation = opened.generation;
    this.#channel = channel;
    this.#journal = journal;
    this.#offset = opened.from;
    this.#position = journal.positionOf(opened.from);
    socket.write(encodeFrame(frameKind.opened, channel, opened));
    socket.on('drain', () => this.#catchUp());
    this.#catchUp();
  }

  /** These lines were just appended to the journal. */
  feed(lines: Uint8Array, lineCount: number): void {
    const isAtEnd = this.#position + lines.length === this.#journal.length;
    if (isAtEnd && this.#mayWrite()) this.#send(lines, lineCount);
  }

  /** Tells it why it is let go of, and closes its socket once that is out. */
  letGo(gone: Gone): void {
    this.socket.end(encodeFrame(frameKind.gone, this.#channel, gone));
  }

  #mayWrite(): boolean {
    return this.socket.writable && this.socket.writableLength < maxUnsentBytes;
  }

  #catchUp(): void {
    for (let size = dataBytes; this.#position < this.#journal.length && this.#mayWrite();) {
      const block = Buffer.allocUnsafe(Math.min(size, this.#journal.length - this.#position));
      const read = block.subarray(0, this.#journal.read(this.#position, block));
      const lines = read.subarray(0, read.lastIndexOf(newline) + 1);
      // A line that is longer than the block goes in one frame of its own.
      if (lines.length === 0) size *= 2;
      else this.#send(lines, countLines(lines));
    }
  }

  #send(lines: Uint8Array, lineCount: number): void {
    const header = encodeDataHeader(this.#channel, this.#offset, lines.length);
    if (lines.length <= copyBytes) this.socket.write(Buffer.concat([header, lines]));
    else {
      this.socket.cork();
      this.socket.write(header);
      this.socket.write(lines);
      this.socket.uncork();
    }
    this.#offset += lineCount;
    this.#position += lines.length;
  }
}

function countLines(lines: Buffer): number {
  let count = 0;
  for (let at = lines.indexOf(newline); at >= 0; at = lines.indexOf(newline, at + 1)) count += 1;
  return count;
}
