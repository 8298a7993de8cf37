import { parseJson, type Json } from '@holdfast/protocol';
import { JsonScanner } from './json-scanner.ts';

const maxTries = 4;

/**
 * Finds JSON documents among the lines of an output: each begins a line and ends one. What is not JSON is given up at its first
 * wrong character, so that a log line that begins like one hides nothing that follows.
 */
export class JsonDocuments {
  readonly #onDocument: (document: Json) => void;
  readonly #maxLength: number;
  readonly #scanner = new JsonScanner();
  #lines: string[] = [];
  #length = 0;
  #tries = 0;

  constructor(maxLength: number, onDocument: (document: Json) => void) {
    this.#maxLength = maxLength;
    this.#onDocument = onDocument;
  }

  readLine(line: string): void {
    while (this.#lines.length > 0) {
      if (this.#continue(line)) return;
      this.#tryAgain();
    }
    this.#begin(line);
  }

  /** No line comes any more: what was begun is none, but in it there may be one. */
  finish(): void {
    while (this.#lines.length > 0) this.#tryAgain();
  }

  #begin(line: string): void {
    const first = line.trimStart().charAt(0);
    if (first !== '{' && first !== '[') return;
    this.#scanner.reset();
    this.#continue(line);
  }

  /** What was begun is no document; one may begin in a later line of it. Not often: hostile output would cost much time. */
  #tryAgain(): void {
    const lines = this.#lines.slice(1);
    const tries = this.#tries + 1;
    this.#drop();
    if (tries > maxTries) return;
    for (const line of lines) {
      if (this.#lines.length > 0 && this.#continue(line)) continue;
      this.#drop();
      this.#begin(line);
    }
    if (this.#lines.length > 0) this.#tries = tries;
  }

  /** False: this line does not belong to what was begun. */
  #continue(line: string): boolean {
    const state = this.#scanner.scan(`${line}\n`);
    if (state === 'wrong' || this.#length + line.length + 1 > this.#maxLength) return false;
    this.#length += line.length + 1;
    this.#lines.push(line);
    if (state === 'open') return true;
    const document = parseJson(this.#lines.join('\n'));
    this.#drop();
    if (document !== undefined) this.#onDocument(document);
    return true;
  }

  #drop(): void {
    this.#lines = [];
    this.#length = 0;
    this.#tries = 0;
  }
}
