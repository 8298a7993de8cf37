import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { CappedOutput } from './capped-output.ts';

export type ShellEnd = { readonly output: string; readonly exitCode: number | null; readonly signal: string | null };

/** Head and tail of what a command prints that are kept. */
const maxOutputBytes = 64 * 1024;
const graceMs = 1000;
/** A child that left the group may hold the pipe open after the command; nobody waits longer for it. */
const lingerMs = 250;

/**
 * Runs a command by the shell, in its own process group. When it ends, or `signal` fires (TERM, a second, KILL), nothing of the
 * group is left. stdout and stderr in the order in which they came. Rejects only when the shell cannot be started.
 */
export async function runShell(
  command: string,
  options: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly signal: AbortSignal;
  },
): Promise<ShellEnd> {
  const child = spawn('/bin/sh', ['-c', command], {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = new CappedOutput(maxOutputBytes);
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.add(chunk));
  const closed = once(child, 'close').catch(() => undefined);
  const stop = (): void => {
    killGroup(child.pid, 'SIGTERM');
    const timer = setTimeout(() => killGroup(child.pid, 'SIGKILL'), graceMs);
    child.once('exit', () => clearTimeout(timer));
  };
  options.signal.addEventListener('abort', stop, { once: true });
  if (options.signal.aborted) stop();
  try {
    const [exitCode, signal] = (await once(child, 'exit')) as [number | null, string | null];
    killGroup(child.pid, 'SIGKILL');
    await Promise.race([closed, wait(lingerMs, undefined, { ref: false })]);
    return { output: output.text(), exitCode, signal };
  } finally {
    options.signal.removeEventListener('abort', stop);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

function killGroup(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // Nobody is left in it.
  }
}
