/** What stands in the place of a secret. */
const replacement = '[redacted]';
/** A longer line is looked at in pieces that overlap by `overlapBytes`: no secret in a line is longer than that. */
const maxHeldBytes = 16 * 1024;
const overlapBytes = 1024;
const newline = 0x0a;

/** Tokens that are known by their shape, whatever variable they come from. */
const tokenShapes: readonly string[] = [
  String.raw`\bgh[opsur]_[A-Za-z0-9]{20,}`,
  String.raw`\bgithub_pat_[A-Za-z0-9_]{20,}`,
  String.raw`\bglpat-[A-Za-z0-9_-]{20,}`,
  String.raw`\b[sr]k[-_][A-Za-z0-9_-]{20,}`,
  String.raw`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`,
  String.raw`\bxox[abeoprs]-[A-Za-z0-9-]{10,}`,
  String.raw`\bnpm_[A-Za-z0-9]{36}`,
  String.raw`\bAIza[A-Za-z0-9_-]{35}`,
  String.raw`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+`,
  String.raw`(?<=\bBearer\s{1,3})[A-Za-z0-9._~+/=-]{12,}`,
  String.raw`(?<=\w:\/\/[^\s:@/]{0,100}:)[^\s@/]{3,200}(?=@)`,
];
const keyBegin = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const keyEnd = /-----END [A-Z ]*PRIVATE KEY-----/;

/**
 * Takes secrets out of a stream of bytes: the given values, tokens of known shape, private keys. Whole lines are let through as
 * they end; what is cut between two chunks is held back. What is returned is valid until the next call.
 */
export class Redactor {
  readonly #pattern: RegExp;
  #held: Buffer = Buffer.alloc(0);
  #isInKey = false;

  /** `secrets`: values as they are; each line of one that has several counts for itself. */
  constructor(secrets: readonly string[]) {
    const values = secrets.flatMap((value) => [value, ...value.split(/\r?\n/)]).filter((value) => value.length >= 8);
    // The longest first: one secret may begin with another.
    const literals = [...new Set(values)].sort((a, b) => b.length - a.length).map(toPattern);
    this.#pattern = new RegExp([...literals, ...tokenShapes, keyBegin.source].join('|'));
  }

  /** The part of everything so far that can be let through. */
  push(chunk: Buffer): readonly Buffer[] {
    const last = chunk.lastIndexOf(newline);
    if (last === -1) {
      this.#held = Buffer.concat([this.#held, chunk]);
      return this.#held.length > maxHeldBytes ? [this.#letThrough()] : [];
    }
    const first = this.#held.length > 0 ? chunk.indexOf(newline) : -1;
    const joined = first === -1 ? [] : [this.#clean(Buffer.concat([this.#held, chunk.subarray(0, first + 1)]))];
    const rest = first < last ? [this.#clean(chunk.subarray(first + 1, last + 1))] : [];
    this.#held = Buffer.from(chunk.subarray(last + 1));
    if (this.#held.length > maxHeldBytes) rest.push(this.#letThrough());
    return [...joined, ...rest];
  }

  /** What was held back. */
  finish(): Buffer {
    const held = this.#clean(this.#held);
    this.#held = Buffer.alloc(0);
    return held;
  }

  #letThrough(): Buffer {
    const clean = this.#clean(this.#held);
    const end = Math.max(0, clean.length - overlapBytes);
    this.#held = clean.subarray(end);
    return clean.subarray(0, end);
  }

  #clean(bytes: Buffer): Buffer {
    // A character for each byte: nothing is changed that is not replaced, and the search is fast.
    const text = bytes.toString('latin1');
    if (!this.#isInKey && !this.#pattern.test(text)) return bytes;
    return Buffer.from(
      this.#withoutKeys(text).replaceAll(new RegExp(this.#pattern.source, 'g'), replacement),
      'latin1',
    );
  }

  #withoutKeys(text: string): string {
    let clean = '';
    for (let rest = text; rest !== '';) {
      const edge = (this.#isInKey ? keyEnd : keyBegin).exec(rest);
      if (!this.#isInKey) clean += rest.slice(0, edge?.index);
      if (edge === null) break;
      rest = rest.slice(edge.index + edge[0].length);
      this.#isInKey = !this.#isInKey;
      if (this.#isInKey) clean += replacement;
    }
    return clean;
  }
}

function toPattern(value: string): string {
  return Buffer.from(value)
    .toString('latin1')
    .replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
}
