import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export type ClaudeExit = {
  /** Set when the program could not be started at all. */
  readonly startFault: NodeJS.ErrnoException | undefined;
  readonly code: number | null;
  readonly signal: string | null;
  /** The last of what it said on stderr. */
  readonly stderr: string;
};

type ClaudeProcessOptions = {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onLine: (line: string) => void;
};

/** Idle it ends with its input at once; while a command of it runs it does not, and TERM takes it a second and a half. */
const endOfInputMs = 300;
const termMs = 3000;
const stderrCharacters = 4096;

/**
 * A running `claude`. It stays in our process group, so that whoever kills the group kills it too; what it starts is in sessions
 * of its own and is found by its mark.
 */
export class ClaudeProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** Resolves when it has gone and all it printed was handed on. Never rejects. */
  readonly exited: Promise<ClaudeExit>;
  #stderr = '';
  #rest = '';

  constructor(options: ClaudeProcessOptions) {
    this.#child = spawn('claude', options.args, {
      cwd: options.cwd,
      env: options.env,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child.stdout.setEncoding('utf8').on('data', (chunk: string) => this.#cut(chunk, options.onLine));
    this.#child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#stderr = (this.#stderr + chunk).slice(-stderrCharacters);
    });
    // It may go while we write; its exit tells.
    this.#child.stdin.on('error', () => undefined);
    this.exited = this.#watch();
  }

  send(message: object): void {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** Stops reading until `ready` resolves: its output waits in the pipe. */
  pauseUntil(ready: Promise<void>): void {
    this.#child.stdout.pause();
    void ready.then(() => this.#child.stdout.resume());
  }

  /** Ends it: end of input, TERM, KILL. Resolves when it has gone. */
  async stop(): Promise<void> {
    this.#child.stdin.end();
    this.#child.stdout.resume();
    const timers = [
      setTimeout(() => this.#child.kill('SIGTERM'), endOfInputMs),
      setTimeout(() => this.#child.kill('SIGKILL'), endOfInputMs + termMs),
    ];
    await this.exited;
    for (const timer of timers) clearTimeout(timer);
  }

  #cut(chunk: string, onLine: (line: string) => void): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  }

  #watch(): Promise<ClaudeExit> {
    return new Promise((resolve) => {
      this.#child.once('error', (startFault: NodeJS.ErrnoException) => {
        // Also told when a signal could not be sent; then the exit is still to come.
        if (this.#child.pid === undefined) resolve({ startFault, code: null, signal: null, stderr: '' });
      });
      this.#child.once('exit', () => {
        // Something that it left behind may hold the pipes: what is in them by now is all there is.
        setTimeout(() => {
          this.#child.stdout.destroy();
          this.#child.stderr.destroy();
        }, endOfInputMs).unref();
      });
      this.#child.once('close', (code, signal) => {
        resolve({ startFault: undefined, code, signal, stderr: this.#stderr.trim() });
      });
    });
  }
}
