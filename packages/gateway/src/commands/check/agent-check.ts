import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { fileURLToPath } from 'node:url';
import { HoldfastError } from '@holdfast/protocol';
import type { Environment } from '../../lib/environment.ts';
import { startProcess } from '../../machines/launcher.local.ts';

/** A running `holdfast-agent check` of this installation. */
export type AgentCheck = {
  readonly stdout: Readable;
  /** Resolves when the process is gone, with all that it said on stderr; never rejects. */
  readonly ended: Promise<AgentCheckEnd>;
  /** Ends what runs; the process then tells what became of it, and ends. */
  signal(name: NodeJS.Signals): void;
  /** The same without a signal. */
  closeInput(): void;
};

export type AgentCheckEnd = {
  readonly code: number | null;
  readonly signal: string | null;
  readonly startError: Error | undefined;
  readonly stderr: string;
};

const maxStderrLength = 1_048_576;

/** Starts it in a process group of its own; it ends with us, also when we are killed. */
export function startAgentCheck(args: readonly string[], env: Environment): AgentCheck {
  const file = fileURLToPath(import.meta.resolve('@holdfast/agent/holdfast-agent.js'));
  if (!existsSync(file)) {
    throw new HoldfastError('agent_unavailable', `The agent's file ${file} is not there; build it (npm run build).`);
  }
  const child = startProcess({
    file: process.execPath,
    args: [file, 'check', '--with-parent', ...args],
    env: defined(env),
  });
  let stderr = '';
  const decoder = new StringDecoder();
  child.process.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + decoder.write(chunk)).slice(0, maxStderrLength);
  });
  return {
    stdout: child.process.stdout,
    ended: child.ended.then(({ code, signal, startError }) => ({ code, signal, startError, stderr })),
    signal: (name) => void child.process.kill(name),
    closeInput: () => void child.process.stdin.end(),
  };
}

/** All of it: the agent hands on to the commands only what they may see, and hides the rest from what it keeps. */
function defined(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
