import { StringDecoder } from 'node:string_decoder';

/** Keeps head and tail of an output of any length; memory is bounded by about one and a half times `maxBytes`. */
export class CappedOutput {
  readonly #half: number;
  readonly #head: Buffer[] = [];
  #headBytes = 0;
  #tail: Buffer = Buffer.alloc(0);
  #cutBytes = 0;

  constructor(maxBytes: number) {
    this.#half = maxBytes / 2;
  }

  add(chunk: Buffer): void {
    const room = this.#half - this.#headBytes;
    if (room > 0) {
      const part = chunk.subarray(0, room);
      this.#head.push(Buffer.from(part));
      this.#headBytes += part.length;
    }
    if (chunk.length <= room) return;
    const joined = Buffer.concat([this.#tail, chunk.subarray(Math.max(0, room))]);
    const over = Math.max(0, joined.length - this.#half);
    this.#cutBytes += over;
    this.#tail = Buffer.from(joined.subarray(over));
  }

  /** The text, with a mark where something is missing. Half a character at the cut becomes none. */
  text(): string {
    const head = Buffer.concat(this.#head);
    if (this.#cutBytes === 0) return Buffer.concat([head, this.#tail]).toString();
    // A decoder holds back a character that is cut in two.
    const whole = new StringDecoder('utf8').write(head);
    return `${whole}\n[… ${this.#cutBytes} bytes cut …]\n${this.#tail.toString().replace(/^\uFFFD+/, '')}`;
  }
}
