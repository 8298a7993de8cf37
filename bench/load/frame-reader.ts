/*
 * Reads the frames that a server sends (RFC 6455 section 5.2: unmasked), as cheaply as it can be done in JavaScript:
 * no copies but of a frame that is cut by the end of a chunk, no strings, no objects.
 */

export type OnFrame = (opcode: number, bytes: Buffer, begin: number, end: number) => void;

export class FrameReader {
  readonly #onFrame: OnFrame;
  #parts: Buffer[] = [];
  #partBytes = 0;
  #wantedBytes = 2;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#partBytes > 0) {
      this.#keep(chunk);
      // A large frame comes in many chunks: join them once, when it is whole.
      if (this.#partBytes < this.#wantedBytes) return;
      bytes = Buffer.concat(this.#parts, this.#partBytes);
      this.#parts = [];
      this.#partBytes = 0;
    }
    const rest = this.#read(bytes);
    if (rest < bytes.length) this.#keep(bytes.subarray(rest));
  }

  #keep(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#partBytes += bytes.length;
  }

  /** Hands out the whole frames; returns where the first one begins that is not whole. */
  #read(bytes: Buffer): number {
    let at = 0;
    for (;;) {
      if (at + 2 > bytes.length) return this.#want(at, 2);
      let payload = (bytes[at + 1] ?? 0) & 0x7f;
      let begin = at + 2;
      if (payload === 126) {
        begin = at + 4;
        if (begin > bytes.length) return this.#want(at, 4);
        payload = bytes.readUInt16BE(at + 2);
      } else if (payload === 127) {
        begin = at + 10;
        if (begin > bytes.length) return this.#want(at, 10);
        payload = bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6);
      }
      const end = begin + payload;
      if (end > bytes.length) return this.#want(at, end - at);
      this.#onFrame((bytes[at] ?? 0) & 0x0f, bytes, begin, end);
      at = end;
    }
  }

  #want(at: number, wantedBytes: number): number {
    this.#wantedBytes = wantedBytes;
    return at;
  }
}

/** A masked, final client frame with a text of less than 64 KiB. */
export function clientFrame(opcode: number, payload: Uint8Array): Buffer {
  const long = payload.length > 125;
  const head = Buffer.alloc((long ? 4 : 2) + 4);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (long ? 126 : payload.length);
  if (long) head.writeUInt16BE(payload.length, 2);
  // The mask is zero: the payload stands as it is.
  return Buffer.concat([head, payload]);
}
