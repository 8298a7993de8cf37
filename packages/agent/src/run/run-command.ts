import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { agentNames, findProvider } from '../agents/catalog.ts';
import { parseArguments } from '../lib/arguments.ts';
import { createLog, type Log } from '../lib/logger.ts';
import { findMarked, killMarked, killMarkedNow, markVariable } from '../lib/marked-processes.ts';
import { sessionFile } from '../lib/session-file.ts';
import { UsageError } from '../lib/usage-error.ts';
import { readInput } from './input.ts';
import { LineReader } from './line-reader.ts';
import { LineWriter } from './line-writer.ts';
import { openOutput } from './output.ts';
import { Run } from './run.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const help = `Usage: holdfast-agent run AGENT [--cwd DIR]

Runs an agent: client messages in on stdin, its messages out on stdout, one JSON object a line; logs on stderr.
Agents: ${agentNames.join(', ')}. It ends with its input.

  --cwd DIR   the workspace (default: the current directory)

Environment: QUERY_TIMEOUT_MS (300000), STORAGE_DIR (<workspace>/.holdfast), HOLDFAST_SESSION, LOG_LEVEL (info)
`;

const defaultTimeoutMs = 300_000;
/** How long what the agent left behind may take to end by itself. */
const survivorGraceMs = 1000;
/** How long an output that nobody reads may hold the end up. */
const lastWordsMs = 10_000;

/** `holdfast-agent run`: resolves with the exit code when the input has ended and nothing of the agent is left. */
export async function runCommand(args: readonly string[], environment: Environment): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(help);
    return 0;
  }
  const { agent, cwd } = readArguments(args);
  const timeoutMs = readTimeout(environment['QUERY_TIMEOUT_MS']);
  const open = await findProvider(agent);
  if (open === undefined) {
    throw new UsageError(`There is no agent ${JSON.stringify(agent)}; choose one of ${agentNames.join(', ')}.`);
  }
  const log = createLog(environment['LOG_LEVEL']);
  const word = randomWord();
  const session = environment['HOLDFAST_SESSION'];
  const storageDir = resolve(cwd, environment['STORAGE_DIR'] || '.holdfast');
  const provider = open({
    cwd,
    env: { ...environment, [markVariable]: word },
    sessionFile: session ? sessionFile(storageDir, agent, session) : undefined,
    log,
  });
  return new Promise((finish) => {
    const writer = new LineWriter(openOutput(() => leave.begin(0)));
    let blocks = 0;
    const run = new Run({
      agent,
      provider,
      writer,
      timeoutMs,
      log,
      clock,
      newBlock: () => `${word}-${(blocks += 1)}`,
      onStuck: () => leave.atOnce(1),
    });
    const leave = new Leaving({ run, writer, mark: word, log, finish });
    const reader = new LineReader(
      (line) => run.receive(line),
      () => run.refuseInput('The line is too long; a message is at most 1 MiB.'),
    );
    const sessionId = provider.sessionId === undefined ? {} : { sessionId: provider.sessionId };
    writer.write(JSON.stringify({ type: 'init', agent, protocol: 1, ...sessionId }));
    writer.flushNow();
    readInput(() => leave.watch(agent), {
      onChunk: (chunk) => reader.push(chunk),
      onEnd: () => {
        reader.end();
        leave.begin(0);
      },
    });
  });
}

const clock = {
  now: () => performance.now(),
  after: (ms: number, callback: () => void) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

type LeavingOptions = {
  readonly run: Run;
  readonly writer: LineWriter;
  readonly mark: string;
  readonly log: Log;
  readonly finish: (code: number) => void;
};

/** All ways out: the end of the input, a signal, a defect of ours, an agent that hangs. None leaves a process behind. */
class Leaving {
  readonly #options: LeavingOptions;
  #begun = false;
  #watches = false;

  constructor(options: LeavingOptions) {
    this.#options = options;
  }

  /** From the first input on there may be something to clean up. */
  watch(agent: string): void {
    this.#watches = true;
    const { writer, mark, log } = this.#options;
    for (const [name, code] of [
      ['SIGTERM', 143],
      ['SIGINT', 130],
      ['SIGHUP', 129],
    ] as const) {
      process.on(name, () => this.begin(code));
    }
    process.on('exit', () => killMarkedNow(mark));
    const crash = (thrown: unknown): void => {
      log('error', 'uncaught error', { cause: thrown instanceof Error ? thrown.stack : String(thrown) });
      const sentence = thrown instanceof Error ? thrown.message : String(thrown);
      writer.write(JSON.stringify({ type: 'error', agent, error: sentence.slice(0, 10_000), code: 'internal' }));
      this.atOnce(1);
    };
    process.on('uncaughtException', crash);
    process.on('unhandledRejection', crash);
  }

  /** In good order: the turn is stopped and ended, then the agent, then what it left. */
  begin(code: number): void {
    if (this.#begun) return;
    this.#begun = true;
    if (!this.#watches) return this.#options.finish(code);
    void this.#leave(code).catch((thrown: unknown) => {
      this.#options.log('error', 'the end failed', { cause: String(thrown) });
      this.atOnce(1);
    });
  }

  /** Without waiting for anybody. */
  atOnce(code: number): void {
    this.#options.writer.flushNow();
    process.exit(code);
  }

  async #leave(code: number): Promise<void> {
    const { run, writer, mark, log, finish } = this.#options;
    await run.close();
    if (!(await killMarked(mark, survivorGraceMs))) {
      log('error', 'processes of the agent could not be ended', { pids: findMarked(mark) });
    }
    const giveUp = setTimeout(() => process.exit(1), lastWordsMs);
    await writer.drained();
    clearTimeout(giveUp);
    finish(code);
  }
}

function readArguments(args: readonly string[]): { readonly agent: string; readonly cwd: string } {
  const { positionals, options } = parseArguments(args, { options: ['cwd'] });
  const [agent, extra] = positionals;
  if (agent === undefined || extra !== undefined) {
    throw new UsageError(`Name one agent: ${agentNames.join(', ')}.`);
  }
  const cwd = resolve(options.get('cwd') ?? '.');
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UsageError(`--cwd ${cwd} is not a directory; name the workspace.`);
  }
  return { agent, cwd };
}

function readTimeout(text: string | undefined): number {
  if (text === undefined || text === '') return defaultTimeoutMs;
  const timeoutMs = Number(text);
  // A timer takes no more than 2^31-1 ms and would go off at once.
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 2_147_483_647) {
    throw new UsageError(
      `QUERY_TIMEOUT_MS must be a whole number of milliseconds from 1 to 2147483647, not "${text}".`,
    );
  }
  return timeoutMs;
}

/** Ten letters and digits: names blocks apart that different processes of one conversation made, and marks what this one starts. */
function randomWord(): string {
  return Math.random().toString(36).slice(2, 12).padEnd(10, '0');
}
