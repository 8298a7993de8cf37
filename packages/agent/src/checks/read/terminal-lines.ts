/** A longer line is no line that a reader knows; it is dropped whole, unless it may be a document. */
const maxLineLength = 16 * 1024;

const escape = '\u001B';
/** CSI, OSC and string sequences, and the short ones, after ECMA-48. */
const sequences =
  /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)|[PX^_][^\u001B]*\u001B\\|[ -/]*[0-Z\\-~])/g;
/** Back to the first column, or the line wiped out: what follows is written over it, as after CR. */
const rewrites = /\u001B\[(?:1?G|2K)/g;
/** Backspaces, bells and the like; a tab stays. */
const controls = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/g;
const hasControls = /[\u0000-\u0008\u000B-\u001F\u007F]/;

/**
 * Makes plain lines out of the bytes of a terminal's output, wherever they are cut: UTF-8, colours and cursor movements gone, of a
 * line that was written over (progress with CR) what was written last. A last line without an end is no line: nobody knows
 * whether it is whole. Memory is bounded by one line of `maxDocumentLength`.
 */
export class TerminalLines {
  readonly #onLine: (line: string) => void;
  readonly #maxDocumentLength: number;
  readonly #decoder = new TextDecoder();
  #pieces: string[] = [];
  #length = 0;
  #isDropping = false;

  constructor(maxDocumentLength: number, onLine: (line: string) => void) {
    this.#maxDocumentLength = maxDocumentLength;
    this.#onLine = onLine;
  }

  write(chunk: Uint8Array): void {
    const text = this.#decoder.decode(chunk, { stream: true });
    let from = 0;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', from)) {
      this.#add(text.slice(from, at));
      this.#endLine();
      from = at + 1;
    }
    if (from < text.length) this.#add(text.slice(from));
  }

  /** What has come of a line that has not ended, for a document that needs no newline after it. */
  get rest(): string {
    return this.#isDropping ? '' : plainText(this.#pieces.join(''));
  }

  #add(piece: string): void {
    if (this.#isDropping) return;
    this.#pieces.push(piece);
    this.#length += piece.length;
    if (this.#length <= maxLineLength) return;
    // Many small pieces cost more than their text.
    if (this.#pieces.length > 1_000) this.#pieces = [this.#pieces.join('')];
    if (this.#length > this.#maxDocumentLength || !mayBeDocument(this.#pieces[0] ?? '')) {
      this.#isDropping = true;
      this.#pieces = [];
    }
  }

  #endLine(): void {
    const line = this.#pieces.length === 1 ? (this.#pieces[0] ?? '') : this.#pieces.join('');
    const isDropped = this.#isDropping || (line.length > maxLineLength && !mayBeDocument(line));
    this.#pieces = [];
    this.#length = 0;
    this.#isDropping = false;
    // The end of a document that did not fit must not look like a whole line.
    this.#onLine(isDropped ? '' : plainText(line));
  }
}

/** JSON and XML may stand in one long line. */
function mayBeDocument(begin: string): boolean {
  return /^\s*[[{<]/.test(begin);
}

function plainText(line: string): string {
  if (!hasControls.test(line)) return line;
  const plain = (line.includes(escape) ? line.replace(rewrites, '\r').replace(sequences, '') : line).replace(
    /(?<!\r)\r+$/,
    '',
  );
  const written = plain.includes('\r') ? plain.slice(plain.lastIndexOf('\r') + 1) : plain;
  return written.replace(controls, '');
}
