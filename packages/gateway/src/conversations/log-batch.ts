import type { DurableMessage } from '@holdfast/protocol';

/** Consecutive messages of a log, as they are stored and as they go on the wire (docs/protocol.md section 9). */
export type LogBatch = {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The messages, each behind the header of an unmasked text frame (9.1). */
  readonly bytes: Buffer;
};

const quote = 0x22;
/** Largest frame header (10) and largest prefix: `{"seq":` + 16 digits + `,"at":"…",`. */
const headroom = 10 + 7 + 16 + 34;

/**
 * Numbers lines and messages and frames them, once, for the store and for every viewer.
 * This is the hot path: a line is copied, never parsed.
 */
export class LogBatchWriter {
  readonly #firstSeq: number;
  readonly #stamp: Buffer;
  #seq: number;
  #out: Buffer;
  #length = 0;

  /** `firstSeq`: the number of the first message. `sizeHint`: bytes of lines that will come, about. */
  constructor(firstSeq: number, atMs: number, sizeHint = 0) {
    this.#firstSeq = firstSeq;
    this.#seq = firstSeq;
    this.#stamp = stampOf(atMs);
    // Small ones come from Node's pool, which is cheaper than memory of their own.
    this.#out = Buffer.allocUnsafe(Math.max(512, Math.ceil(sizeHint * 1.35)));
  }

  get count(): number {
    return this.#seq - this.#firstSeq;
  }

  get nextSeq(): number {
    return this.#seq;
  }

  /** Adds the JSON object in `source[start, end)` (no newline), which begins with `{"`. */
  addLine(source: Buffer, start: number, end: number): void {
    const digits = digitCount(this.#seq);
    const stamp = this.#stamp;
    const payload = 7 + digits + stamp.length + (end - start - 1);
    this.#reserve(payload + headroom);
    const out = this.#out;
    let at = writeFrameHeader(out, this.#length, payload);
    // The seven bytes are written one by one: a copy call costs more than they do.
    out[at] = 0x7b;
    out[at + 1] = quote;
    out[at + 2] = 0x73;
    out[at + 3] = 0x65;
    out[at + 4] = 0x71;
    out[at + 5] = quote;
    out[at + 6] = 0x3a;
    at += 7;
    let rest = this.#seq;
    for (let index = at + digits - 1; index >= at; index--) {
      const next = Math.floor(rest / 10);
      out[index] = 48 + rest - next * 10;
      rest = next;
    }
    at += digits;
    stamp.copy(out, at);
    at += stamp.length;
    source.copy(out, at, start + 1, end);
    this.#length = at + end - start - 1;
    this.#seq++;
  }

  /** Adds a message that the gateway itself makes. */
  addMessage(message: DurableMessage): void {
    const line = Buffer.from(JSON.stringify(message));
    this.addLine(line, 0, line.length);
  }

  finish(): LogBatch {
    return { firstSeq: this.#firstSeq, lastSeq: this.#seq - 1, bytes: this.#out.subarray(0, this.#length) };
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#out.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#out.length * 2, this.#length + bytes));
    this.#out.copy(larger, 0, 0, this.#length);
    this.#out = larger;
  }
}

let newestStamp = { atMs: Number.NaN, bytes: Buffer.alloc(0) };

function stampOf(atMs: number): Buffer {
  if (atMs !== newestStamp.atMs) {
    newestStamp = { atMs, bytes: Buffer.from(`,"at":"${new Date(atMs).toISOString()}",`) };
  }
  return newestStamp.bytes;
}

function digitCount(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}

/** RFC 6455, 5.2: FIN and opcode 1, no mask, the length in 7, 7+16 or 7+64 bits. Returns where the payload begins. */
function writeFrameHeader(target: Buffer, at: number, payloadBytes: number): number {
  target[at] = 0x81;
  if (payloadBytes < 126) {
    target[at + 1] = payloadBytes;
    return at + 2;
  }
  if (payloadBytes < 65_536) {
    target[at + 1] = 126;
    target[at + 2] = payloadBytes >>> 8;
    target[at + 3] = payloadBytes & 0xff;
    return at + 4;
  }
  target[at + 1] = 127;
  target.writeUInt32BE(Math.floor(payloadBytes / 2 ** 32), at + 2);
  target.writeUInt32BE(payloadBytes >>> 0, at + 6);
  return at + 10;
}

/** One message that is not in the log (an answer, a heartbeat), framed for the wire. */
export function frameMessage(message: object): Buffer {
  const payload = Buffer.from(JSON.stringify(message));
  const frame = Buffer.allocUnsafe(payload.length + 10);
  const at = writeFrameHeader(frame, 0, payload.length);
  payload.copy(frame, at);
  return frame.subarray(0, at + payload.length);
}

/**
 * Walks the messages of log bytes: `visit(start, end, next)` with the bounds of each JSON text and the start of the next frame.
 * Returning false stops. Throws RangeError when the bytes are not whole frames: the row is corrupt.
 */
export function walkLog(bytes: Buffer, visit: (start: number, end: number, next: number) => boolean | void): void {
  let at = 0;
  while (at < bytes.length) {
    const start = at + headerLength(bytes, at);
    const end = start + payloadLength(bytes, at);
    if (bytes[at] !== 0x81 || end > bytes.length) throw new RangeError(`log bytes are corrupt at ${at}`);
    if (visit(start, end, end) === false) return;
    at = end;
  }
}

/** The part of a batch after message `seq`; the batch itself when all of it is. */
export function batchAfter(batch: LogBatch, seq: number): LogBatch {
  if (seq < batch.firstSeq) return batch;
  let current = batch.firstSeq;
  let cut = batch.bytes.length;
  walkLog(batch.bytes, (_start, _end, next) => {
    cut = next;
    return current++ < seq;
  });
  return { firstSeq: seq + 1, lastSeq: batch.lastSeq, bytes: batch.bytes.subarray(cut) };
}

/** The JSON texts of a batch, in order. */
export function textsOf(batch: LogBatch): string[] {
  const texts: string[] = [];
  walkLog(batch.bytes, (start, end) => void texts.push(batch.bytes.toString('utf8', start, end)));
  return texts;
}

function headerLength(bytes: Buffer, at: number): number {
  const short = (bytes[at + 1] ?? 0) & 0x7f;
  return short < 126 ? 2 : short === 126 ? 4 : 10;
}

function payloadLength(bytes: Buffer, at: number): number {
  const short = (bytes[at + 1] ?? 0) & 0x7f;
  if (short < 126) return short;
  if (at + 10 > bytes.length && (short === 127 || at + 4 > bytes.length)) return Number.POSITIVE_INFINITY;
  return short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6);
}
