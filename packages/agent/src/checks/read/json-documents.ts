import { parseJson, type Json } from '@holdfast/protocol';
import { JsonScanner } from './json-scanner.ts';

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

  constructor(maxLength: number, onDocument: (document: Json) => void) {
    this.#maxLength = maxLength;
    this.#onDocument = onDocument;
  }

  readLine(line: string): void {
    if (this.#lines.length > 0 && this.#continue(line)) return;
    const first = line.trimStart().charAt(0);
    if (first !== '{' && first !== '[') return;
    this.#scanner.reset();
    this.#continue(line);
  }

  /** False: this line does not belong to what was begun, which is given up. */
  #continue(line: string): boolean {
    const state = this.#scanner.scan(`${line}\n`);
    this.#length += line.length + 1;
    if (state === 'wrong' || this.#length > this.#maxLength) {
      this.#drop();
      return false;
    }
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
  }
}
