import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import {
  boundCheckResult,
  checkNames,
  decodeJsonPayload,
  encodeFrame,
  encodeLog,
  encodeRawFrame,
  frameKind,
  HoldfastError,
  maxFrameBytes,
  parseCheckEvent,
  type CheckEvent,
  type CheckName,
  type CheckRequest,
  type CheckResult,
  type Gone,
  type LinkFrame,
} from '@holdfast/protocol';
import type { Variables } from './environment.ts';
import { LineCutter } from './line-cutter.ts';
import type { Channel } from './link-channel.ts';
import { LinkCheckLog } from './link-check-log.ts';
import { checkArguments } from './link-check-request.ts';
import type { LinkOutput } from './link-output.ts';

/** What is started for a run of checks. */
export type CheckProgram = { readonly program: readonly string[]; readonly env: Readonly<Record<string, string>> };

export type LinkCheckOptions = {
  readonly channel: number;
  readonly request: CheckRequest;
  readonly program: CheckProgram;
  readonly output: LinkOutput;
  /** Called once: the channel's number is free again. */
  readonly onOver: () => void;
};

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** A longer line than this is no event. */
const maxLineBytes = 67_108_864;
/** Room for the frame around an event. */
const maxEventBytes = maxFrameBytes - 1024;
/** For who does not end when it is told to; it needs some seconds to end what it has started. */
const killAfterMs = 15_000;
const stderrTailLength = 2000;

/** What belongs to whoever started this link, or is decided by the request alone. */
const notPassed = /^(HOLDFAST_RUN|HOLDFAST_AGENT_RUN|HOLDFAST_SESSION|CHECK_MODE|CHECK_COMMAND_\w+)$/;

/** The environment of `holdfast-agent check`, which by itself passes little of it on to the commands. */
export function checkVariables(variables: Variables): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables))
    if (value !== undefined && !notPassed.test(name)) kept[name] = value;
  return kept;
}

/** One run of checks on the link (docs/protocol.md 8.9): a `holdfast-agent check`, which ends when this process does. */
export class LinkCheck implements Channel {
  readonly #options: LinkCheckOptions;
  readonly #child: Child;
  readonly #logs = new Map<CheckName, LinkCheckLog>();
  readonly #releases: (() => void)[] = [];
  readonly #exited: Promise<void>;
  #stderr = '';
  #isDone = false;
  #isOver = false;

  constructor(options: LinkCheckOptions) {
    this.#options = options;
    const { request, program } = options;
    const [file = '', ...words] = program.program;
    // In a group of its own: who kills the link's group shall not keep it from cleaning up.
    const child = spawn(file, [...words, 'check', ...checkArguments(request)], {
      env: { ...program.env, ...request.env },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // Without a free descriptor there are no streams, and why is said in an event.
    if ((child.stdin as Writable | undefined) === undefined) {
      child.on('error', () => undefined);
      throw new HoldfastError('unavailable', 'The checks cannot be started: too many files are open there.');
    }
    this.#child = child;
    child.stdin.on('error', () => undefined);
    const lines = new LineCutter(maxLineBytes, () => (this.#stderr = 'what it says of a run is too long'));
    child.stdout.on('data', (chunk: Buffer) => this.#read(lines.push(chunk)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-stderrTailLength);
    });
    this.#releases.push(options.output.addSource(child.stdout));
    this.#exited = this.#watch(child);
  }

  take({ kind, payload }: LinkFrame): void {
    if (kind === frameKind.end) this.#cancel();
    if (kind !== frameKind.ack) return;
    const { check, offset } = decodeJsonPayload(payload) ?? {};
    const name = checkNames.find((known) => known === check);
    if (name !== undefined && typeof offset === 'number') this.#logs.get(name)?.taken(offset);
  }

  async close(): Promise<void> {
    this.#over();
    this.#cancel();
    await this.#exited;
  }

  /** Without this process it would end too; what it has started is for it to end. */
  destroy(): void {
    this.#over();
    this.#child.stdin.end();
  }

  #cancel(): void {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), killAfterMs);
    void this.#exited.then(() => clearTimeout(timer));
  }

  async #watch(child: Child): Promise<void> {
    const code = await new Promise<number | null | Error>((resolve) => {
      child.once('error', (error) => child.pid === undefined && resolve(error));
      child.once('close', (exit) => resolve(exit));
    });
    for (const log of this.#logs.values()) log.whole();
    await Promise.all([...this.#logs.values()].map((log) => log.done));
    this.#gone(this.#end(code));
  }

  #end(code: number | null | Error): Gone {
    if (code instanceof Error)
      return { reason: 'failed', code: 'unavailable', message: `The checks cannot be started: ${code.message}` };
    if (this.#isDone) return { reason: 'ended', ...(code === null ? {} : { exit: code }) };
    const said = this.#stderr
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^holdfast-agent: /, '');
    if (code === 2 && said) return { reason: 'failed', code: 'bad_message', message: said };
    const how = code === null ? 'was killed' : `ended with ${code}`;
    return {
      reason: 'failed',
      code: 'unavailable',
      message: `The program that runs the checks ${how} before it was done${said ? `: ${said}` : '.'}`,
    };
  }

  #read(lines: Buffer | undefined): void {
    if (lines === undefined) return;
    for (let start = 0, end; (end = lines.indexOf(0x0a, start)) >= 0; start = end + 1)
      this.#tell(lines.subarray(start, end));
  }

  #tell(line: Buffer): void {
    const event = parseCheckEvent(line.toString('utf8'));
    if (event === undefined || this.#isOver) return;
    if (event.type === 'planned') this.#openLog(event.check, event.logFile);
    if (event.type === 'finished') this.#logs.get(event.check)?.whole(event.result.logFile);
    if (event.type === 'done') this.#isDone = true;
    const bytes = line.length <= maxEventBytes ? line : shortened(event);
    this.#options.output.write([encodeRawFrame(frameKind.event, this.#options.channel, bytes)]);
  }

  #openLog(check: CheckName, path: string | undefined): void {
    const { channel, output } = this.#options;
    const log = new LinkCheckLog(path, (offset, bytes) => output.write([encodeLog(channel, check, offset, bytes)]));
    this.#logs.set(check, log);
    this.#releases.push(output.addSource(log));
  }

  #gone(gone: Gone): void {
    if (this.#isOver) return;
    this.#options.output.write([encodeFrame(frameKind.gone, this.#options.channel, gone)]);
    this.#over();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const release of this.#releases) release();
    // What it still says is nobody's, but must not keep it waiting.
    this.#child.stdout.resume();
    for (const log of this.#logs.values()) log.stop();
    this.#options.onOver();
  }
}

/** An event with as many of its problems as fit into a frame. */
function shortened(event: CheckEvent): Buffer {
  for (const maxProblems of [1000, 300, 100, 10]) {
    const bytes = Buffer.from(JSON.stringify(bounded(event, maxProblems)));
    if (bytes.length <= maxEventBytes) return bytes;
  }
  return Buffer.from(JSON.stringify({ type: 'output', check: 'lint', line: '' } satisfies CheckEvent));
}

function bounded(event: CheckEvent, maxProblems: number): CheckEvent {
  const less = (result: CheckResult | null): CheckResult | null =>
    result === null ? null : boundCheckResult(result, maxProblems);
  if (event.type === 'finished') return { ...event, result: boundCheckResult(event.result, maxProblems) };
  if (event.type !== 'done') return event;
  const { lint, tests, build, message } = event.run;
  return {
    ...event,
    run: {
      ...event.run,
      ...{ lint: less(lint), tests: less(tests), build: less(build), message: message.slice(0, 100_000) },
    },
  };
}
