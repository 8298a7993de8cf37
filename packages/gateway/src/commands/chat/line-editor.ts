import { createInterface, type Interface } from 'node:readline';
import { Writable, type Readable } from 'node:stream';

import { printable } from './printable.ts';
import { completeSlash } from './slash-command.ts';

export type LineListener = {
  /** Lines that came in one go (a paste) are one text. */
  readonly onText: (text: string) => void;
  /** The line was edited; `wasEmpty`: before that there was nothing in it. */
  readonly onEdit: (wasEmpty: boolean) => void;
  /** ctrl-c. */
  readonly onInterrupt: () => void;
  /** ctrl-d, or the terminal has gone. */
  readonly onEnd: () => void;
};

/** Reads keys with readline's editing and history, and draws nothing: the screen does that. */
export class LineEditor {
  readonly #readline: Interface;
  readonly #input: Readable;
  readonly #listener: LineListener;
  readonly #onKey: () => void;
  #wasEmpty = true;
  #lines: string[] = [];
  #isClosed = false;

  constructor(input: Readable, listener: LineListener) {
    this.#input = input;
    this.#listener = listener;
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    this.#readline = createInterface({
      ...{ input, output: nowhere, terminal: true, prompt: '', historySize: 500, removeHistoryDuplicates: true },
      completer: completeSlash,
    });
    this.#readline.on('line', (line) => this.#take(line));
    this.#readline.on('SIGINT', listener.onInterrupt);
    this.#readline.on('SIGCONT', () => listener.onEdit(false));
    this.#readline.on('close', () => this.#end());
    // Added after readline's own listener, so the line is up to date when ours runs.
    this.#onKey = () => this.#edited();
    input.on('keypress', this.#onKey);
  }

  get text(): string {
    return printable(this.#readline.line);
  }

  get cursor(): number {
    return printable(this.#readline.line.slice(0, this.#readline.cursor)).length;
  }

  get isEmpty(): boolean {
    return this.#readline.line === '';
  }

  clear(): void {
    this.#readline.write(null, { ctrl: true, name: 'e' });
    this.#readline.write(null, { ctrl: true, name: 'u' });
    this.#wasEmpty = true;
  }

  close(): void {
    this.#isClosed = true;
    this.#input.off('keypress', this.#onKey);
    this.#readline.close();
    this.#input.pause();
  }

  #edited(): void {
    if (this.#isClosed) return;
    const wasEmpty = this.#wasEmpty && !this.isEmpty;
    this.#wasEmpty = this.isEmpty;
    this.#listener.onEdit(wasEmpty);
  }

  #take(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > 1) return;
    setImmediate(() => {
      const text = this.#lines.join('\n');
      this.#lines = [];
      if (!this.#isClosed) this.#listener.onText(text);
    });
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.onEnd();
  }
}
