/** Of a longer output this many characters are kept at each end; the mark between has its room too. */
const endCharacters = 970;
const maxCharacters = 2000;
/** Enough for as many characters of three bytes, and for twice the limit if they are shorter. */
const endBytes = 6000;

/** Head and tail of an output of any length: what a result carries. */
export class Excerpt {
  #head: Buffer = Buffer.alloc(0);
  #tail: Buffer = Buffer.alloc(0);
  #bytes = 0;

  add(chunk: Buffer): void {
    this.#bytes += chunk.length;
    const room = endBytes - this.#head.length;
    if (room > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, room)]);
    const rest = chunk.subarray(Math.max(0, room));
    if (rest.length >= endBytes) this.#tail = Buffer.from(rest.subarray(-endBytes));
    else if (rest.length > 0) this.#tail = Buffer.from(Buffer.concat([this.#tail, rest]).subarray(-endBytes));
  }

  /** All of it was seen by `text`. */
  get isWhole(): boolean {
    return this.#isKept && this.#all.length <= maxCharacters;
  }

  /** At most 2000 characters (UTF-16 units, none cut in two); where something is missing, a mark says how much. */
  text(): string {
    if (this.isWhole) return this.#all;
    const head = this.#isKept ? this.#all : this.#head.toString();
    const tail = this.#isKept ? this.#all : withoutBrokenStart(this.#tail).toString();
    const first = head.slice(0, wholeEnd(head, endCharacters));
    const last = tail.slice(wholeEnd(tail, tail.length - endCharacters));
    const cut = this.#bytes - Buffer.byteLength(first) - Buffer.byteLength(last);
    return `${first}\n[… ${cut} bytes cut …]\n${last}`;
  }

  get #isKept(): boolean {
    return this.#bytes <= this.#head.length + this.#tail.length;
  }

  get #all(): string {
    return Buffer.concat([this.#head, this.#tail]).toString();
  }
}

/** The first bytes may be the rest of a character. */
function withoutBrokenStart(bytes: Buffer): Buffer {
  let start = 0;
  while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return bytes.subarray(start);
}

/** `at`, or one before it when a pair of surrogates would be cut there. */
function wholeEnd(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}
