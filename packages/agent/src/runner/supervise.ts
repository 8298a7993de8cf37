import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { killRun } from './processes.ts';

export type AgentEnd = {
  readonly code: number | null;
  readonly signal: string | null;
  /** Set when it could not even be started. */
  readonly startError?: Error;
};

export type AgentOptions = {
  readonly argv: readonly string[];
  readonly cwd: string;
  /** All that the agent sees; `HOLDFAST_RUN` is added. */
  readonly env: Readonly<Record<string, string>>;
  /** The mark by which everything that the agent starts is found again. */
  readonly run: string;
  readonly onOutput: (chunk: Buffer) => void;
  readonly onLog: (chunk: Buffer) => void;
  /** It ended by itself; its last output may still come. Nothing is called at all after {@link Agent.stop}. */
  readonly onExit: () => void;
  /** After `onExit`: all its processes are gone and its output is out. */
  readonly onEnded: (end: AgentEnd) => void;
};

const termGraceMs = 2000;
const lastOutputMs = 1000;

/** One run of the agent CLI: in a process group of its own, and gone with all that it started when it ends. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #outputEnded: Promise<void>;
  #hasEnded = false;
  #isOver = false;

  constructor(options: AgentOptions) {
    this.#options = options;
    const [command = '', ...args] = options.argv;
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...options.env, HOLDFAST_RUN: options.run },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    this.#outputEnded = new Promise((resolve) => child.stdout.once('close', resolve));
    child.stdout.on('data', (chunk: Buffer) => this.#isOver || options.onOutput(chunk));
    child.stderr.on('data', options.onLog);
    // Its end is told by 'exit'; a pipe that breaks before says nothing more.
    child.stdin.on('error', () => undefined);
    child.once('error', (startError) => void this.#end({ code: null, signal: null, startError }));
    child.once('exit', (code, signal) => void this.#end({ code, signal }));
    // An agent that says nothing any more can end no turn: when it does not exit either, it is ended.
    child.stdout.once('end', () =>
      setTimeout(() => void this.#end({ code: null, signal: null }), lastOutputMs).unref(),
    );
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Bytes of commands that it has not taken yet. */
  get backlogBytes(): number {
    return this.#child.stdin.writableLength;
  }

  /** Passes one line on; `onTaken` is called when nothing waits any more (or never will be taken). */
  write(line: string, onTaken: () => void): void {
    this.#child.stdin.write(line, onTaken);
  }

  /** Ends it and everything it started, and drops its output from now on. False when something could not be killed. */
  async stop(): Promise<boolean> {
    this.#isOver = true;
    const isGone = await killRun(this.#target(), termGraceMs);
    this.#destroyPipes();
    return isGone;
  }

  async #end(end: AgentEnd): Promise<void> {
    if (this.#isOver || this.#hasEnded) return;
    this.#hasEnded = true;
    this.#options.onExit();
    await killRun(this.#target(), termGraceMs);
    // The pipe ends with its last writer; what is in it still counts.
    await Promise.race([this.#outputEnded, delay(lastOutputMs, undefined, { ref: false })]);
    if (this.#isOver) return;
    this.#isOver = true;
    this.#destroyPipes();
    this.#options.onEnded(end);
  }

  #target(): { group?: number; run: string } {
    const { pid } = this.#child;
    return pid === undefined ? { run: this.#options.run } : { group: pid, run: this.#options.run };
  }

  #destroyPipes(): void {
    this.#child.stdin.destroy();
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
  }
}
