import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { holdChild, type Child } from './child.ts';
import { awaitGreeting, maxNoiseBytes, type Greeting } from './greeting.ts';
import { launchError, type LaunchError } from './launch-error.ts';
import type { Launcher, LinkProcess } from './launcher.ts';
import { localEnvironment, type Environment } from './link-environment.ts';

export type LocalLauncherOptions = {
  /** Path of the agent's single file. */
  readonly agentFile: string;
  /** The Node (≥ 20) or Bun that runs it. */
  readonly node: string;
  /** The link gets the variables of it that are on the list of link-environment.ts. */
  readonly env?: Environment;
  /** How long the link may take to greet, in milliseconds. */
  readonly greetingTimeoutMs?: number;
};

const name = 'this machine';

/** Links that are children of the gateway, for projects in a directory of this machine. */
export function localLauncher(options: LocalLauncherOptions): Launcher {
  const { agentFile, node, greetingTimeoutMs: timeoutMs = 10_000 } = options;
  return {
    name,
    async start({ signal }): Promise<LinkProcess> {
      signal.throwIfAborted();
      if (!existsSync(agentFile)) {
        throw launchError('agent_unavailable', `The agent's file ${agentFile} is not there; build it (npm run build)`);
      }
      const child = startProcess({ file: node, args: [agentFile, 'link'], env: localEnvironment(options.env) });
      const greeting = await awaitGreeting(child, { timeoutMs, signal });
      if (greeting.kind !== 'greeted') throw faultOf(greeting, node, timeoutMs);
      return linkOf(child);
    },
  };
}

/**
 * A program of this machine in a process group and session of its own (so it has no terminal to ask a person on).
 * Throws a transient LaunchError when this process has too many files open.
 */
export function startProcess(command: {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}): Child {
  const child = spawn(command.file, command.args, { env: command.env, detached: true, stdio: 'pipe' });
  // Without a free descriptor Node returns a child without streams, and says why in an event.
  if ((child.stdin as Writable | undefined) === undefined) {
    child.on('error', () => {});
    throw launchError('unavailable', `${command.file} cannot be started: no file descriptor is free (ulimit -n)`, {
      transient: true,
    });
  }
  return holdChild(child);
}

/** A child that has greeted, as the port has it. */
export function linkOf(child: Child): LinkProcess {
  const { stdin, stdout } = child.process;
  const exited = child.ended.then(({ code, signal, stderr }) => ({ code, signal, stderr }));
  return { stdin, stdout, exited, stop: () => child.stop() };
}

/** The last lines of what a process said on stderr, short enough for a sentence. */
export function lastWords(stderr: string): string {
  const words = stderr.trim().split('\n').slice(-3).join(' | ').slice(-400);
  return words === '' ? 'it said nothing on stderr' : `its last words: ${words}`;
}

function faultOf(greeting: Exclude<Greeting, { kind: 'greeted' }>, node: string, timeoutMs: number): LaunchError {
  switch (greeting.kind) {
    case 'ended': {
      const { startError, code, signal, stderr } = greeting.end;
      const message =
        startError === undefined
          ? `The agent's link on ${name} ended before it began (${code ?? signal}); ${lastWords(stderr)}`
          : `${node} cannot be started; is it an executable Node 20 or later?`;
      return launchError('agent_unavailable', message, { cause: startError });
    }
    case 'silent':
      return launchError(
        'agent_unavailable',
        `The agent's link on ${name} did not greet within ${timeoutMs} ms; ${lastWords(greeting.stderr)}`,
      );
    case 'noise':
      return launchError(
        'agent_unavailable',
        `The agent's link on ${name} wrote ${maxNoiseBytes} bytes and no greeting; is the agent's file the right one?`,
      );
  }
}
