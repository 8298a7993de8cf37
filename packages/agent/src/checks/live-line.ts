/** At most one line in this time. */
const everyMs = 100;
const maxCharacters = 500;
const newline = 0x0a;

/** Tells the newest whole line of an output now and then, for showing that something happens; lines between are passed over. */
export class LiveLine {
  readonly #tell: (line: string) => void;
  #partial = '';
  #newest = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  add(chunk: Buffer): void {
    const end = chunk.lastIndexOf(newline);
    if (end === -1) {
      this.#partial = (this.#partial + chunk.toString('utf8', 0, maxCharacters)).slice(0, maxCharacters);
      return;
    }
    const begin = end === 0 ? -1 : chunk.lastIndexOf(newline, end - 1);
    const text =
      (begin === -1 ? this.#partial : '') +
      chunk.toString('utf8', begin + 1, Math.min(end, begin + 1 + 4 * maxCharacters));
    this.#partial = chunk.toString('utf8', end + 1, end + 1 + maxCharacters);
    const line = text.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]|[\0-\x08\x0b-\x1f\x7f]/g, '').trimEnd();
    if (line.trim() === '') return;
    this.#newest = line.slice(0, maxCharacters);
    this.#timer ??= setTimeout(() => this.#flush(), everyMs);
  }

  /** Tells what was not told yet. */
  finish(): void {
    clearTimeout(this.#timer);
    this.#flush();
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.#newest !== '') this.#tell(this.#newest);
    this.#newest = '';
  }
}
