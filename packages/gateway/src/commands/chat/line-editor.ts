import { createInterface, type Interface } from 'node:readline';
import { Writable, type Readable } from 'node:stream';

import { printable } from './printable.ts';
import { completeSlash } from './slash-command.ts';

/** Tells a terminal to mark what is pasted, and to stop it. */
export const markPastes: { readonly on: string; readonly off: string } = { on: '\u001b[?2004h', off: '\u001b[?2004l' };

export type LineListener = {
  /** Enter was pressed. Pasted lines, and lines before one that ended in a backslash, are in it. */
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
  readonly #onKey: (text: unknown, key?: { readonly name?: string }) => void;
  #wasEmpty = true;
  /** Lines of a text that is not finished. */
  #draft: string[] = [];
  #isPasting = false;
  /** Lines that came in one go: a paste, where the terminal does not tell. */
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
    this.#onKey = (_text: unknown, key?: { readonly name?: string }) => this.#edited(key?.name);
    input.on('keypress', this.#onKey);
  }

  get text(): string {
    return printable(this.#readline.line);
  }

  get cursor(): number {
    return printable(this.#readline.line.slice(0, this.#readline.cursor)).length;
  }

  /** There are lines before the one that is shown. */
  get hasDraft(): boolean {
    return this.#draft.length > 0;
  }

  get isEmpty(): boolean {
    return this.#readline.line === '' && !this.hasDraft;
  }

  clear(): void {
    this.#draft = [];
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

  #edited(key: string | undefined): void {
    if (this.#isClosed) return;
    if (key === 'paste-start') this.#isPasting = true;
    if (key === 'paste-end') this.#isPasting = false;
    const wasEmpty = this.#wasEmpty && !this.isEmpty;
    this.#wasEmpty = this.isEmpty;
    this.#listener.onEdit(wasEmpty);
  }

  #take(line: string): void {
    if (this.#isPasting) {
      this.#draft.push(line);
      return;
    }
    this.#lines.push(line);
    if (this.#lines.length > 1) return;
    setImmediate(() => {
      const text = this.#lines.join('\n');
      this.#lines = [];
      if (!this.#isClosed) this.#finish(text);
    });
  }

  #finish(text: string): void {
    const isUnfinished = text.endsWith('\\');
    this.#draft.push(isUnfinished ? text.slice(0, -1) : text);
    if (isUnfinished) return this.#listener.onEdit(false);
    const whole = this.#draft.join('\n');
    this.#draft = [];
    this.#wasEmpty = this.isEmpty;
    this.#listener.onText(whole);
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.onEnd();
  }
}
