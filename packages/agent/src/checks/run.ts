import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { markVariable } from './environment.ts';
import {
  askToEnd,
  countTasks,
  findLeftovers,
  holdAndCount,
  killLeftovers,
  killPipeHolders,
  letGo,
  readProcessId,
  type Trace,
} from './leftovers.ts';
import { openOutputPipe, type OutputPipe } from './output-pipe.ts';
import { parseSandboxInfo, sandboxArguments } from './sandbox.ts';

export type CommandSpec = {
  /** A line for /bin/sh. */
  readonly command: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** A word that no other run has. */
  readonly mark: string;
  readonly timeoutMs: number;
  readonly isSandboxed: boolean;
  readonly maxProcesses: number;
};

export type CommandEnd = {
  readonly kind: 'exited' | 'timed_out' | 'cancelled' | 'too_many_processes' | 'not_started';
  /** 128 + the signal's number when a signal ended it; null when it was ended by us or not started. */
  readonly returnCode: number | null;
  /** How many processes it left that had to be ended. */
  readonly leftBehind: number;
  /** False: something is still there, though it was killed. */
  readonly isGone: boolean;
  readonly fault?: string;
};

/** For an end that is asked for: how long what is asked may take before it is killed. */
const graceMs = 2000;
/** After the timeout there is less: the answer is due within a second of it. */
const lateGraceMs = 600;
/** What is killed and does not go (uninterruptible sleep) is not waited for longer. */
const patienceMs = 3000;
const latePatienceMs = 200;
/** How long the pipe may stay open when all that is known has ended. */
const lingerMs = 100;

/**
 * Runs a line by the shell in its own process group and, if so wished, pid namespace. Resolves when it has ended, or was made to
 * (timeout, `signal`, more than `maxProcesses`), and nothing of it is left. Never rejects for what the command does.
 */
export async function runCommand(
  spec: CommandSpec,
  { onOutput, signal }: { readonly onOutput: (bytes: Buffer) => void; readonly signal: AbortSignal },
): Promise<CommandEnd> {
  if (signal.aborted) return { kind: 'cancelled', returnCode: null, leftBehind: 0, isGone: true };
  const began = performance.now();
  const pipe = await openOutputPipe(
    async (path) => (await ask('mkfifo', ['-m', '600', path], spec)).code === 0,
    onOutput,
  );
  const { child, trace } = startCommand(spec, pipe, onOutput);
  const exit = exitOf(child);
  const stop = untilStopped(spec, trace, began, signal);
  try {
    const first = await Promise.race([exit, stop.stopped]);
    if (typeof first === 'object') {
      if (first.fault !== undefined)
        return { kind: 'not_started', returnCode: null, leftBehind: 0, isGone: true, fault: first.fault };
      const left = spec.isSandboxed ? [] : findLeftovers(trace());
      const leftMs = Math.max(0, Math.min(graceMs, began + spec.timeoutMs + lateGraceMs - performance.now()));
      if (left.length > 0) await endGently(trace(), leftMs);
      const isGone = await killLeftovers(trace(), patienceMs);
      return { kind: 'exited', returnCode: first.code, leftBehind: left.length, isGone };
    }
    if (first !== 'too_many_processes') await endGently(trace(), first === 'timed_out' ? lateGraceMs : graceMs);
    const isGone = await killLeftovers(trace(), first === 'timed_out' ? latePatienceMs : patienceMs);
    return { kind: first, returnCode: null, leftBehind: 0, isGone };
  } finally {
    stop.clear();
    await readToEnd(child, pipe);
  }
}

export type Answer = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs a small program of ours (git, bwrap, mkfifo) and gives what it says; `code` null: it is not there or took longer than 10 s. */
export function ask(
  program: string,
  args: readonly string[],
  { directory, environment }: { readonly directory: string; readonly environment: Readonly<Record<string, string>> },
): Promise<Answer> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: directory,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 10_000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', () => resolve({ code: null, stdout, stderr }));
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** True when bubblewrap is there and may make a pid namespace here: it is tried out, for many machines forbid it. */
export async function canSandbox(directory: string, environment: Readonly<Record<string, string>>): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const argv = ['/bin/sh', '-c', 'test -d /proc/$$ && echo $$'];
  const { code, stdout } = await ask('bwrap', sandboxArguments({ directory, marks: {}, argv }), {
    directory,
    environment,
  });
  // The first process inside is bubblewrap's own; the next one is this shell.
  return code === 0 && Number(stdout) === 2;
}

function startCommand(spec: CommandSpec, pipe: OutputPipe | undefined, onOutput: (bytes: Buffer) => void) {
  const marks = { [markVariable]: [spec.environment[markVariable], spec.mark].filter(Boolean).join('.') };
  const output = pipe?.descriptor ?? 'pipe';
  const script = limitedScript(spec, pipe !== undefined);
  const argv = ['/bin/sh', '-c', script, spec.command];
  const sandboxed = ['bwrap', ...sandboxArguments({ directory: spec.directory, marks, infoDescriptor: 3, argv })];
  const [program = '', ...args] = spec.isSandboxed ? sandboxed : argv;
  const stdio: StdioOptions = ['ignore', output, output, ...(spec.isSandboxed ? (['pipe'] as const) : [])];
  const env = spec.isSandboxed ? spec.environment : { ...spec.environment, ...marks };
  const child = spawn(program, args, { cwd: spec.directory, env, detached: true, stdio });
  pipe?.release();
  child.stdout?.on('data', onOutput);
  child.stderr?.on('data', onOutput);
  let trace: Trace = {
    mark: spec.mark,
    group: child.pid ?? 0,
    ...(pipe !== undefined && { pipeInode: pipe.inode }),
  };
  let info = '';
  child.stdio[3]?.on('data', (text: Buffer) => {
    info += text.toString();
    const pid = parseSandboxInfo(info);
    const sandboxInit = pid === undefined ? undefined : readProcessId(pid);
    if (sandboxInit !== undefined) trace = { ...trace, sandboxInit };
  });
  return { child, trace: () => trace };
}

/** The line itself is an argument (`$0`), so nothing in it needs to be quoted; the number of processes is limited where that holds. */
function limitedScript(spec: CommandSpec, isOnePipe: boolean): string {
  const order = isOnePipe ? '' : 'exec 2>&1; ';
  // Twice, so that it is counted here first and said why. For root the kernel does not apply it at all.
  const most = 2 * spec.maxProcesses + (countTasks() ?? 0);
  const limit = process.getuid?.() === 0 ? '' : `{ ulimit -S -u ${most} || ulimit -S -p ${most}; } 2>/dev/null; `;
  return `${order}${limit}exec /bin/sh -c "$0"`;
}

type Exit = { readonly code: number | null; readonly fault?: string };

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('error', (fault) => resolve({ code: null, fault: fault.message }));
    child.once('exit', (code, name) =>
      resolve({ code: code ?? (name === null ? null : 128 + constants.signals[name]) }),
    );
  });
}

type StopReason = 'timed_out' | 'cancelled' | 'too_many_processes';

/** Resolves with the first reason to end the command before it ends by itself. */
function untilStopped(spec: CommandSpec, trace: () => Trace, began: number, signal: AbortSignal) {
  let finish: (reason: StopReason) => void = () => undefined;
  const stopped = new Promise<StopReason>((resolve) => (finish = resolve));
  const cancel = (): void => finish('cancelled');
  signal.addEventListener('abort', cancel, { once: true });
  // It may have been aborted while the pipe was made; then the event has gone by.
  if (signal.aborted) cancel();
  const deadline = setTimeout(() => finish('timed_out'), Math.max(0, began + spec.timeoutMs - performance.now()));
  const tasksAtStart = countTasks() ?? 0;
  const watch = setInterval(() => {
    // The count of all is cheap; only when it has risen by so many it is worth knowing whose they are.
    if ((countTasks() ?? 0) - tasksAtStart <= spec.maxProcesses) return;
    // Held while it is counted: whoever doubles all the time would never be counted to the end.
    if (holdAndCount(trace()) > spec.maxProcesses) finish('too_many_processes');
    else letGo(trace());
  }, 50);
  return {
    stopped,
    clear() {
      clearTimeout(deadline);
      clearInterval(watch);
      signal.removeEventListener('abort', cancel);
    },
  };
}

/** TERM, and until nothing is left or the time is over. */
async function endGently(trace: Trace, forMs: number): Promise<void> {
  const until = performance.now() + forMs;
  askToEnd(trace);
  for (
    let waitMs = 5;
    performance.now() < until && findLeftovers(trace).length > 0;
    waitMs = Math.min(waitMs * 2, 50)
  ) {
    await delay(Math.min(waitMs, Math.max(0, until - performance.now())));
  }
}

/** What stands in the pipe is read; who keeps it open though everything known has ended has lost its mark, and is killed. */
async function readToEnd(child: ChildProcess, pipe: OutputPipe | undefined): Promise<void> {
  const ended = pipe?.ended ?? new Promise((resolve) => child.once('close', resolve));
  const isClosed = pipe === undefined && (child.stdout === null || child.stdout.closed);
  if (!isClosed && (await Promise.race([ended, delay(lingerMs, 'late', { ref: false })])) === 'late') {
    if (pipe !== undefined) killPipeHolders(pipe.inode);
    await Promise.race([ended, delay(lingerMs, undefined, { ref: false })]);
  }
  pipe?.close();
  child.stdout?.destroy();
  child.stderr?.destroy();
}
