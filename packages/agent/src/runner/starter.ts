import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { HoldfastError, isErrorCode, isRecord, parseJson, type ErrorCode } from '@holdfast/protocol';
import type { Assignment } from './session-folder.ts';

/** How a runner answers its assignment. `taken`: another process is this session's runner, or about to be. */
export type StartOutcome =
  | { readonly state: 'ready' }
  | { readonly state: 'taken' }
  | { readonly state: 'failed'; readonly code: ErrorCode; readonly message: string };

export type StarterOptions = {
  /** The command that runs this very file. */
  readonly program: readonly string[];
  /** The environment of runners. */
  readonly env: Readonly<Record<string, string>>;
  /** Keep one runner that waits for its assignment: the next session then does not wait for a runtime to start. */
  readonly keepSpare: boolean;
};

const spareDelayMs = 30;

type RunnerProcess = ChildProcessByStdio<Writable, Readable, null>;

/** Starts runners: detached, in their own session and group, with nothing of this process but an allowed environment. */
export class RunnerStarter {
  readonly #options: StarterOptions;
  #spare: RunnerProcess | undefined;
  #isClosed = false;

  constructor(options: StarterOptions) {
    this.#options = options;
    this.#prepareSpare();
  }

  /** Resolves when the runner listens, or says why not. Never rejects. */
  async start(assignment: Assignment): Promise<StartOutcome> {
    const spare = this.#takeSpare();
    // A spare that says nothing had died before, and we were not told yet.
    const outcome = (spare && (await assign(spare, assignment))) ?? (await assign(this.#spawn(), assignment));
    this.#prepareSpare();
    return (
      outcome ?? failed('The runner ended before it was ready; start holdfast-agent by hand on the machine to see why.')
    );
  }

  /** Lets the spare one go; those that have a session live on. Twice is fine. */
  close(): void {
    this.#isClosed = true;
    this.#takeSpare()?.stdin.end();
  }

  #prepareSpare(): void {
    if (!this.#options.keepSpare) return;
    // A little later: to start a process takes this one milliseconds, which whoever has just got a session would wait.
    setTimeout(() => {
      if (this.#isClosed || this.#spare !== undefined) return;
      const spare = this.#spawn();
      this.#spare = spare;
      spare.once('exit', () => this.#spare === spare && (this.#spare = undefined));
    }, spareDelayMs).unref();
  }

  #takeSpare(): RunnerProcess | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare;
  }

  #spawn(): RunnerProcess {
    const [command = '', ...args] = this.#options.program;
    const runner = spawn(command, [...args, 'runner'], {
      cwd: '/',
      env: this.#options.env,
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    });
    runner.unref();
    // A runner that cannot start, or dies, is told by the end of its output.
    runner.on('error', () => undefined);
    runner.stdin.on('error', () => undefined);
    return runner;
  }
}

/** Undefined when the process ended without an answer. */
async function assign(runner: RunnerProcess, assignment: Assignment): Promise<StartOutcome | undefined> {
  runner.stdin.end(`${JSON.stringify(assignment)}\n`);
  let said = '';
  try {
    for await (const piece of runner.stdout.setEncoding('utf8')) {
      said += String(piece);
      if (said.includes('\n')) break;
    }
  } catch (cause) {
    return failed(HoldfastError.from(cause).message);
  }
  return parseOutcome(said);
}

function parseOutcome(text: string): StartOutcome | undefined {
  const value = parseJson(text);
  if (isRecord(value)) {
    const { state, code, message } = value;
    if (state === 'ready' || state === 'taken') return { state };
    if (state === 'failed' && isErrorCode(code) && typeof message === 'string') return { state, code, message };
  }
  return undefined;
}

function failed(message: string): StartOutcome {
  return { state: 'failed', code: 'agent_unavailable', message };
}
