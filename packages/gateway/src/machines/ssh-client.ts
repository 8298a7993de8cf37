import type { Child, ChildEnd } from './child.ts';
import { startProcess } from './launcher.local.ts';
import { sshEnvironment, type Environment } from './link-environment.ts';
import { sshArguments, type HostKeyPolicy, type SshTarget } from './ssh-target.ts';

/** The machine's own OpenSSH client, for one target. */
export type SshClient = {
  readonly target: SshTarget;
  /** One process, one connection, one command. */
  start(policy: HostKeyPolicy, command: string): Child;
};

export function sshClient(target: SshTarget, env: Environment | undefined): SshClient {
  return {
    target,
    start: (policy, command) =>
      startProcess({ file: 'ssh', args: sshArguments(target, policy, command), env: sshEnvironment(env) }),
  };
}

/** `undefined` where {@link runToEnd} ran out of time. */
export type RunEnd = ChildEnd | undefined;

/**
 * Gives a child its whole input and waits until it has ended; what it writes to stdout is dropped.
 * After `timeoutMs` it is stopped. Rejects only when `signal` aborts, with its reason; the child is gone then too.
 */
export async function runToEnd(
  child: Child,
  options: { readonly input?: Uint8Array; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<RunEnd> {
  const { signal, input = new Uint8Array() } = options;
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const either = AbortSignal.any([signal, deadline]);
  const onAbort = (): void => void child.stop(0);
  either.addEventListener('abort', onAbort);
  if (either.aborted) onAbort();
  child.process.stdout.resume();
  child.process.stdin.end(input);
  const end = await child.ended;
  either.removeEventListener('abort', onAbort);
  signal.throwIfAborted();
  return deadline.aborted ? undefined : end;
}
