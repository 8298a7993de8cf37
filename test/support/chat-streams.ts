import { PassThrough, Writable } from 'node:stream';

import { MiniTerminal } from './mini-terminal.ts';
import { Seen } from './seen.ts';

/** Streams for a chat command, as a terminal or as pipes, that a test types into and looks at. */
export class ChatTestStreams {
  readonly stdin: PassThrough & { isTTY?: boolean; setRawMode?: () => void } = new PassThrough();
  readonly stdout: Writable & { isTTY?: boolean; columns?: number };
  readonly stderr: Writable;
  readonly isColoured = false;
  readonly #interrupt = new AbortController();
  readonly terminal: MiniTerminal = new MiniTerminal(80);
  /** What the screen showed after each write. */
  readonly screens: Seen<string> = new Seen();
  out = '';
  err = '';

  constructor(kind: 'terminal' | 'pipe') {
    this.stdout = writable((text) => {
      this.out += text;
      if (kind === 'terminal') this.terminal.write(text);
      this.screens.add(kind === 'terminal' ? this.terminal.text : this.out);
    });
    this.stderr = writable((text) => {
      this.err += text;
    });
    if (kind === 'pipe') return;
    this.stdin.isTTY = true;
    this.stdin.setRawMode = () => {};
    this.stdout.isTTY = true;
    this.stdout.columns = 80;
  }

  get interrupt(): AbortSignal {
    return this.#interrupt.signal;
  }

  type(keys: string): void {
    this.stdin.write(keys);
  }

  pressInterrupt(): void {
    this.#interrupt.abort();
  }

  /** Waits until the screen (or the output of a pipe) contains the text. */
  shows(text: string): Promise<string> {
    return this.screens.first((screen) => screen.includes(text));
  }
}

function writable(onText: (text: string) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      onText(chunk.toString());
      done();
    },
  });
}
