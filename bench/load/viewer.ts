import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { Dialect } from './dialect.ts';
import { clientFrame, FrameReader } from './frame-reader.ts';
import { markByte } from '../line-mark.ts';

export type Upgrade = { readonly url: string; readonly headers: Readonly<Record<string, string>> };

/** Called for each line: where its mark is, and where its frame ends (a mark may be cut there). */
export type OnLine = (bytes: Buffer, markAt: number, frameEnd: number) => void;

const text = 1;
const binary = 2;
const ping = 9;
const pong = 10;
const markStart = 0x30;

/** One viewer on a bare socket. Counts lines by their marks, wherever they stand in a frame. */
export class Viewer {
  readonly #upgrade: Upgrade;
  readonly #dialect: Dialect;
  readonly #onLine: OnLine;
  #socket: Socket | undefined;
  #markBuffer: Buffer | undefined;
  #mark = 0;
  #lastFrame: { bytes: Buffer; begin: number; end: number } | undefined;

  constructor(upgrade: Upgrade, dialect: Dialect, onLine: OnLine) {
    this.#upgrade = upgrade;
    this.#dialect = dialect;
    this.#onLine = onLine;
  }

  /** Resolves when the contender says that lines would come now. */
  open(isReturning: boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const url = new URL(this.#upgrade.url);
    const socket = connect({ port: Number(url.port), host: url.hostname, noDelay: true });
    this.#socket = socket;
    const reader = new FrameReader((opcode, bytes, begin, end) => {
      if (opcode === ping) socket.write(clientFrame(pong, bytes.subarray(begin, end)));
      else if (opcode === text) this.#readText(bytes, begin, end, isReturning, resolve);
      else if (opcode === binary) this.#readLines(bytes, begin, end);
    });
    let head: Buffer | undefined = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      if (head === undefined) {
        reader.push(chunk);
        return;
      }
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!head.toString('latin1', 0, 12).endsWith(' 101')) reject(new Error(head.toString('latin1', 0, end)));
      const rest = head.subarray(end + 4);
      head = undefined;
      if (this.#dialect.isReadyAtOnce) resolve();
      reader.push(rest);
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`${url.host} closed the connection before the viewer was ready`)));
    const path = url.pathname + (this.#dialect.query(isReturning) || url.search);
    socket.write(upgradeRequest(url.host, path, this.#upgrade.headers));
    return promise;
  }

  /** Goes away without a word, and remembers where it was. */
  cut(): void {
    const last = this.#lastFrame;
    if (last) this.#dialect.remember(last.bytes.toString('utf8', last.begin, last.end));
    this.#socket?.destroy();
  }

  #readText(bytes: Buffer, begin: number, end: number, isReturning: boolean, onReady: () => void): void {
    if (this.#readLines(bytes, begin, end)) {
      this.#lastFrame = { bytes, begin, end };
      return;
    }
    const { answer, isReady } = this.#dialect.onControl(bytes.toString('utf8', begin, end), isReturning);
    if (answer !== undefined) this.#socket?.write(clientFrame(text, Buffer.from(answer)));
    if (isReady) onReady();
  }

  #readLines(bytes: Buffer, begin: number, end: number): boolean {
    let at = this.#markBuffer === bytes && this.#mark >= begin ? this.#mark : indexOfMark(bytes, begin);
    const hasLine = at < end;
    while (at < end) {
      // A length may look like a mark, but not like one with its time.
      if (at + 1 >= end || bytes[at + 1] === markStart) this.#onLine(bytes, at, end);
      at = indexOfMark(bytes, at + 1);
    }
    // The search went into the next frames of this chunk: they need not search again.
    this.#markBuffer = bytes;
    this.#mark = at;
    return hasLine;
  }
}

function indexOfMark(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(markByte, from);
  return at < 0 ? Infinity : at;
}

function upgradeRequest(host: string, path: string, headers: Readonly<Record<string, string>>): string {
  const own = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return (
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n${own.join('')}\r\n`
  );
}
