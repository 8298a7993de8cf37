/** What stands in the place of a secret. */
const replacement = '[redacted]';
/** Of a longer line all but its last `keptBytes` is let through: what begins before them is known as a secret by then. */
const maxHeldBytes = 16 * 1024;
const keptBytes = 4096;
/** No secret in a line is longer; nothing may make us hold back a whole output. */
const maxSecretBytes = 32 * 1024;
const newline = 0x0a;

type Shape = {
  /** Every match holds one of these: where none of them is, nothing needs to be searched. */
  readonly hints: readonly string[];
  readonly pattern: string;
};

/** Tokens that are known by their shape, whatever variable they come from. A named group is what leads to one, and stays. */
const tokenShapes: readonly Shape[] = [
  { hints: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], pattern: String.raw`\bgh[opsur]_[A-Za-z0-9]{20,}` },
  { hints: ['github_pat_'], pattern: String.raw`\bgithub_pat_[A-Za-z0-9_]{20,}` },
  { hints: ['glpat-'], pattern: String.raw`\bglpat-[A-Za-z0-9_-]{20,}` },
  { hints: ['sk-', 'sk_', 'rk-', 'rk_'], pattern: String.raw`\b[sr]k[-_][A-Za-z0-9_-]{20,}` },
  { hints: ['AKIA', 'ASIA'], pattern: String.raw`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b` },
  { hints: ['xox'], pattern: String.raw`\bxox[abeoprs]-[A-Za-z0-9-]{10,}` },
  { hints: ['npm_'], pattern: String.raw`\bnpm_[A-Za-z0-9]{36}` },
  { hints: ['AIza'], pattern: String.raw`\bAIza[A-Za-z0-9_-]{35}` },
  { hints: ['eyJ'], pattern: String.raw`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+` },
  { hints: ['earer'], pattern: String.raw`(?<bearer>\b[Bb]earer\s{1,3})[A-Za-z0-9._~+/=-]{12,}` },
  { hints: ['://'], pattern: String.raw`(?<url>\w:\/\/[^\s:@/]{0,100}:)[^\s@/]{3,200}(?=@)` },
];
const keyHint = 'PRIVATE KEY-----';
const keyBegin = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const keyEnd = /-----END [A-Z ]*PRIVATE KEY-----/;
const keyEdge = '-----(?:BEGIN|END) [A-Z ]*PRIVATE KEY-----';

/**
 * Takes secrets out of a stream of bytes: the given values, tokens of known shape, private keys. Whole lines are let through as
 * they end; what is cut between two chunks is held back. What is returned is valid until the next call.
 */
export class Redactor {
  readonly #pattern: RegExp;
  /** All that must not be cut. */
  readonly #wholes: RegExp;
  readonly #hints: readonly Buffer[];
  #held: Buffer = Buffer.alloc(0);
  #isInKey = false;

  /** `secrets`: values as they are; each line of one that has several counts for itself. */
  constructor(secrets: readonly string[]) {
    const values = secrets.flatMap((value) => [value, ...value.split(/\r?\n/)]).filter((value) => value.length >= 8);
    // The longest first: one secret may begin with another.
    const literals = [...new Set(values)].sort((a, b) => b.length - a.length);
    const shapes = tokenShapes.map(({ pattern }) => pattern);
    const patterns = [...literals.map(toPattern), ...shapes];
    this.#pattern = new RegExp(patterns.join('|'), 'g');
    this.#wholes = new RegExp([...patterns, keyEdge].join('|'), 'g');
    const hints = tokenShapes.flatMap((shape) => shape.hints);
    this.#hints = [...literals, ...hints, keyHint].map((hint) => Buffer.from(hint));
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
    const end = this.#cutBefore(this.#held.length - keptBytes);
    const clean = this.#clean(this.#held.subarray(0, end));
    this.#held = this.#held.subarray(end);
    return clean;
  }

  /** The place, or the begin of what lies across it: half a token may look like a whole one, and its rest like nothing. */
  #cutBefore(place: number): number {
    if (!this.#mayHide(this.#held)) return place;
    const across = [...this.#held.toString('latin1').matchAll(this.#wholes)].find(
      // What ends right there may be a secret only because of what follows.
      ({ index, 0: { length } }) => index < place && place <= index + length,
    );
    return across === undefined || place - across.index > maxSecretBytes ? place : across.index;
  }

  #mayHide(bytes: Buffer): boolean {
    return this.#hints.some((hint) => bytes.includes(hint));
  }

  #clean(bytes: Buffer): Buffer {
    if (!this.#isInKey && !this.#mayHide(bytes)) return bytes;
    // A character for each byte: nothing is changed that is not replaced.
    const text = this.#withoutKeys(bytes.toString('latin1'));
    return Buffer.from(text.replaceAll(this.#pattern, `$<bearer>$<url>${replacement}`), 'latin1');
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
