import { randomBytes } from 'node:crypto';
import { readAgentFile, type AgentFile } from './agent-file.ts';
import { awaitGreeting, maxNoiseBytes } from './greeting.ts';
import { launchError, type LaunchError } from './launch-error.ts';
import type { Launcher, LinkExit, LinkProcess } from './launcher.ts';
import { lastWords, linkOf } from './launcher.local.ts';
import type { Environment } from './link-environment.ts';
import { privateKnownHosts } from './private-known-hosts.ts';
import {
  installCommand,
  readBootstrapFault,
  startCommand,
  type RuntimePlaces,
  type WantedFile,
} from './ssh-bootstrap.ts';
import { runToEnd, sshClient, type RunEnd, type SshClient } from './ssh-client.ts';
import { pinMismatch, sshError } from './ssh-error.ts';
import { classifySshFailure, sshOwnFailure } from './ssh-failure.ts';
import { pinnedHostKeyLine, presentedHostKey } from './ssh-host-key.ts';
import { faultsOfSshTarget, nameOfSshTarget, type HostKeyPolicy, type SshTarget } from './ssh-target.ts';

export type SshLauncherOptions = SshTarget & {
  /** Path of the agent's single file on this machine; it is copied to `~/.holdfast/` over there when it is missing. */
  readonly agentFile: string;
  /** ssh gets the variables of it that are on the list of link-environment.ts. */
  readonly env?: Environment;
  /** Told when the agent's file was copied. */
  readonly log?: (fields: object, message: string) => void;
  /** How long ssh may take from its start to the link's greeting, in milliseconds. */
  readonly greetingTimeoutMs?: number;
  /** Where Node and Bun are looked for over there, beside the PATH. */
  readonly runtimePlaces?: RuntimePlaces;
};

const installTimeoutMs = 120_000;

/**
 * Links to another machine through the system's `ssh`: one process, one connection, one `holdfast-agent link`, which ends
 * with it. Throws a LaunchError when the target cannot be one (see faultsOfSshTarget).
 */
export function sshLauncher(options: SshLauncherOptions): Launcher {
  const faults = faultsOfSshTarget(options);
  if (faults.length > 0) throw launchError('ssh_unreachable', `${faults.join('; ')}; mend the project's workspace.ssh`);
  return new SshLauncher(options);
}

class SshLauncher implements Launcher {
  readonly name: string;
  readonly #options: SshLauncherOptions;
  readonly #client: SshClient;
  /** The known_hosts line that `hostKey` stands for, once the machine has shown it. */
  #pinnedLine: string | undefined;

  constructor(options: SshLauncherOptions) {
    this.#options = options;
    this.#client = sshClient(options, options.env);
    this.name = nameOfSshTarget(options);
  }

  async start({ signal }: { signal: AbortSignal }): Promise<LinkProcess> {
    signal.throwIfAborted();
    const file = await readAgentFile(this.#options.agentFile);
    const pinnedLine = await this.#pinned(signal);
    // ssh has read it when the greeting is there.
    await using knownHosts = pinnedLine === undefined ? null : await privateKnownHosts(`${pinnedLine}\n`);
    const policy: HostKeyPolicy =
      knownHosts === null ? { kind: 'known' } : { kind: 'pinned', knownHostsFile: knownHosts.path };

    const link = await this.#link(file, policy, signal);
    if (link !== 'no-file') return link;
    await this.#install(file, policy, signal);
    const second = await this.#link(file, policy, signal);
    if (second !== 'no-file') return second;
    throw launchError('agent_unavailable', `~/.holdfast/${file.name} on ${this.name} is gone as soon as it is copied`);
  }

  async #pinned(signal: AbortSignal): Promise<string | undefined> {
    const { hostKey } = this.#options;
    if (hostKey === undefined) return undefined;
    this.#pinnedLine ??= await pinnedHostKeyLine(this.#client, hostKey, {
      signal,
      onNone: (end) => this.#sshFault(end),
      onOther: (presented) => pinMismatch(this.#options, presented),
    });
    return this.#pinnedLine;
  }

  async #link(file: AgentFile, policy: HostKeyPolicy, signal: AbortSignal): Promise<LinkProcess | 'no-file'> {
    const { runtimePlaces, greetingTimeoutMs: timeoutMs = 30_000 } = this.#options;
    const child = this.#client.start(policy, startCommand(wanted(file), runtimePlaces));
    const greeting = await awaitGreeting(child, { timeoutMs, signal });
    switch (greeting.kind) {
      case 'greeted':
        return linkOf(child);
      case 'ended':
        if (readBootstrapFault(greeting.end.stderr)?.kind === 'no-file') return 'no-file';
        throw await this.#faultOfEnd(greeting.end, signal);
      case 'silent':
        throw launchError(
          'ssh_unreachable',
          `${this.name} did not answer within ${timeoutMs} ms; ${lastWords(greeting.stderr)}. ` +
            'Check that a command over ssh needs no input there (does the login shell wait for something?)',
          { transient: true },
        );
      case 'noise':
        throw launchError(
          'agent_unavailable',
          `${this.name} wrote ${maxNoiseBytes} bytes and no greeting; make the login shell there quiet`,
        );
    }
  }

  async #install(file: AgentFile, policy: HostKeyPolicy, signal: AbortSignal): Promise<void> {
    const child = this.#client.start(policy, installCommand(wanted(file), randomBytes(6).toString('hex')));
    const end = await runToEnd(child, { input: file.bytes, timeoutMs: installTimeoutMs, signal });
    if (end === undefined || end.code !== 0) throw await this.#faultOfEnd(end, signal);
    this.#options.log?.(
      { machine: this.name, file: `~/.holdfast/${file.name}`, bytes: file.bytes.length },
      'agent copied',
    );
  }

  /** What the end of an ssh means: its own failure, a bootstrap's, or the link's. */
  async #faultOfEnd(end: RunEnd, signal: AbortSignal): Promise<LaunchError> {
    if (end === undefined || end.startError !== undefined) return this.#sshFault(end);
    const fault = readBootstrapFault(end.stderr);
    switch (fault?.kind) {
      case 'no-runtime': {
        const found = fault.found === '' ? '' : ` (too old: ${fault.found})`;
        return launchError(
          'agent_unavailable',
          `There is no Node 20 or later and no Bun on ${this.name}${found}; install one there, on the PATH of commands over ssh`,
        );
      }
      case 'not-written':
        return launchError(
          'agent_unavailable',
          `~/.holdfast cannot be written on ${this.name}; ${lastWords(end.stderr)}`,
        );
      case 'not-whole':
      case 'no-file':
        return launchError('ssh_unreachable', `The agent's file did not arrive whole on ${this.name}`, {
          transient: true,
        });
      case undefined:
        return end.code === sshOwnFailure ? await this.#hostKeyFault(end, signal) : this.#linkFault(end);
    }
  }

  #linkFault(end: LinkExit): LaunchError {
    return launchError(
      'agent_unavailable',
      `The agent's link on ${this.name} ended before it began (${end.code ?? end.signal}); ${lastWords(end.stderr)}`,
    );
  }

  /** ssh's own failure; where it is about the host key and ssh does not name what it saw, the machine is asked again. */
  async #hostKeyFault(end: LinkExit, signal: AbortSignal): Promise<LaunchError> {
    const failure = classifySshFailure(end.stderr);
    if (failure.kind !== 'host_key_unknown' && failure.kind !== 'host_key_revoked') return this.#sshFault(end);
    const { key } = await presentedHostKey(this.#client, { signal });
    return this.#sshFault(end, key === undefined ? undefined : `${key.type} ${key.fingerprint}`);
  }

  #sshFault(end: RunEnd, presented?: string): LaunchError {
    if (end === undefined) {
      return launchError('ssh_unreachable', `${this.name} took too long to answer; check the network`, {
        transient: true,
      });
    }
    if (end.startError !== undefined) {
      return launchError('ssh_unreachable', 'There is no ssh on this machine; install the OpenSSH client', {
        cause: end.startError,
      });
    }
    const failure = classifySshFailure(end.stderr);
    // A pin is looked up anew after a change: the machine may have been given another of its keys.
    if (failure.kind.startsWith('host_key')) this.#pinnedLine = undefined;
    return sshError(this.#options, failure, end.stderr, presented);
  }
}

function wanted(file: AgentFile): WantedFile {
  return { name: file.name, bytes: file.bytes.length, sha256: file.sha256 };
}
