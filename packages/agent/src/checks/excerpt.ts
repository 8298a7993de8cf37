/** Of a longer output this many characters are kept at each end; the mark between has its room too. */
const endCharacters = 970;
const maxCharacters = 2000;
/** Enough for as many characters of three bytes, and for twice the limit if they are shorter. */
const endBytes = 6000;

/** Head and tail of an output of any length: what a result carries. */
export class Excerpt {
  /** Both are filled in place: a buffer for each chunk would be garbage that is seen late. */
  readonly #headBytes: Buffer = Buffer.alloc(endBytes);
  readonly #tailBytes: Buffer = Buffer.alloc(endBytes);
  #headLength = 0;
  #tailLength = 0;
  #bytes = 0;

  add(chunk: Buffer): void {
    this.#bytes += chunk.length;
    const taken = chunk.copy(this.#headBytes, this.#headLength);
    this.#headLength += taken;
    const added = Math.min(chunk.length - taken, endBytes);
    if (added === 0) return;
    const kept = Math.min(this.#tailLength, endBytes - added);
    this.#tailBytes.copyWithin(0, this.#tailLength - kept, this.#tailLength);
    chunk.copy(this.#tailBytes, kept, chunk.length - added);
    this.#tailLength = kept + added;
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

  get #head(): Buffer {
    return this.#headBytes.subarray(0, this.#headLength);
  }

  get #tail(): Buffer {
    return this.#tailBytes.subarray(0, this.#tailLength);
  }

  get #isKept(): boolean {
    return this.#bytes <= this.#headLength + this.#tailLength;
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
