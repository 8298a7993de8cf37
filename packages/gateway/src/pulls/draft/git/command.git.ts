import { spawn, type ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';
import { HoldfastError } from '@holdfast/protocol';

/** What a run of git came to. */
export type GitAnswer = {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  /** The last of it. */
  readonly stderr: string;
};

export type GitCommand = {
  /** Where it runs: the repository itself. */
  readonly folder: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string | Buffer;
  /** Of stdout; 8 MiB by default. */
  readonly maxBytes?: number;
};

const maxStdoutBytes = 8 * 1024 * 1024;
const maxStderrBytes = 64 * 1024;
const graceMs = 2000;

/** Variables of the gateway that git may see: how to reach a remote, and nothing about whose configuration to read. */
const passedOn = [
  'PATH',
  'TMPDIR',
  'SSH_AUTH_SOCK',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'GIT_SSL_CAINFO',
  'http_proxy',
  'https_proxy',
  'HTTPS_PROXY',
  'no_proxy',
  'NO_PROXY',
];

/** The environment in which git does what it is told here and what no file of a user or a machine says. */
export function gitEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): Record<string, string> {
  const own = passedOn.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return {
    ...Object.fromEntries(own),
    HOME: home,
    LC_ALL: 'C',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    // `ext::` and `fd::` run whatever the address says.
    GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
    // A connection that ssh keeps for later keeps our pipes open too.
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o ConnectTimeout=30 -o ControlMaster=no -o ControlPath=none',
    GIT_LITERAL_PATHSPECS: '1',
  };
}

/**
 * Runs git to its end, in a process group of its own; whatever its exit code, that is an answer. Rejects with the signal's reason when it
 * aborts, once the whole group is gone, and with `unavailable` when git cannot be started or says far too much.
 */
export async function runGit(command: GitCommand, { signal }: { readonly signal: AbortSignal }): Promise<GitAnswer> {
  signal.throwIfAborted();
  const child = spawn('git', command.args, { cwd: command.folder, env: command.env, detached: true, stdio: 'pipe' });
  // Without a free descriptor Node returns a child without streams, and says why in an event.
  if ((child.stdin as Writable | undefined) === undefined) {
    child.on('error', () => {});
    throw new HoldfastError('unavailable', 'git cannot be started: no file descriptor is free (ulimit -n).');
  }
  const ending = new Ending(child);
  const stop = (): void => ending.begin();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const stdout = collect(child.stdout, command.maxBytes ?? maxStdoutBytes, stop);
    const stderr = collectLast(child.stderr);
    const ended = endOf(child);
    // Git may end without reading all; that is told by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(command.stdin ?? '');
    const code = await ended;
    await ending.done();
    signal.throwIfAborted();
    if (stdout.isTooMuch)
      throw new HoldfastError('unavailable', `git ${command.args[0] ?? ''} said more than is read.`);
    return { code, stdout: stdout.text(), stderr: stderr() };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** TERM to the whole group, and KILL for what is left after the grace. */
class Ending {
  readonly #child: ChildProcess;
  #timer: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  begin(): void {
    if (this.#timer !== undefined) return;
    signalGroup(this.#child, 'SIGTERM');
    this.#timer = setTimeout(() => signalGroup(this.#child, 'SIGKILL'), graceMs);
  }

  /** Called when git itself is gone: what it had started goes with it. */
  async done(): Promise<void> {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    signalGroup(this.#child, 'SIGKILL');
  }
}

function signalGroup({ pid }: ChildProcess, name: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('close', (code) => resolve(code));
    child.once('error', (cause) => {
      const message = 'git cannot be started; install it on the gateway, or publish to GitHub (repo).';
      reject(new HoldfastError('unavailable', message, { cause }));
    });
  });
}

type Collected = { readonly text: () => string; readonly isTooMuch: boolean };

function collect(stream: NodeJS.ReadableStream | null, maxBytes: number, tooMuch: () => void): Collected {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream?.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes <= maxBytes) chunks.push(chunk);
    else tooMuch();
  });
  return {
    text: () => Buffer.concat(chunks).toString('utf8'),
    get isTooMuch() {
      return bytes > maxBytes;
    },
  };
}

function collectLast(stream: NodeJS.ReadableStream | null): () => string {
  let last = '';
  stream?.on('data', (chunk: Buffer) => {
    last = (last + chunk.toString('utf8')).slice(-maxStderrBytes);
  });
  return () => last;
}
