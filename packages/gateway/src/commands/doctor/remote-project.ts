import { readAgentFile } from '../../machines/agent-file.ts';
import { launchError } from '../../machines/launch-error.ts';
import { sshLauncher } from '../../machines/launcher.ssh.ts';
import { privateKnownHosts } from '../../machines/private-known-hosts.ts';
import { startCommand } from '../../machines/ssh-bootstrap.ts';
import { runToEnd, sshClient, type SshClient } from '../../machines/ssh-client.ts';
import { pinnedHostKeyLine } from '../../machines/ssh-host-key.ts';
import type { HostKeyPolicy } from '../../machines/ssh-target.ts';
import type { Project, SshAddress } from '../../projects/project.ts';
import { agentsFinding, outputOf } from './agents-found.ts';
import { failed, type Finding } from './finding.ts';
import type { ProbeOptions } from './probe-options.ts';

/** Exit codes of the script that looks at the directory; the path comes on stdin, so that no shell reads anything into it. */
const directoryFaults: Readonly<Record<number, string>> = {
  81: 'is not a directory there; mend the project’s workspace.ssh.path',
  82: 'cannot be read and written there by the user of the connection; mend its rights',
};
const lookAtDirectory =
  'exec sh -c \'IFS= read -r p; [ -d "$p" ] || exit 81; [ -r "$p" ] && [ -w "$p" ] && [ -x "$p" ] || exit 82\'';

/** One attempt to reach the machine as a session would, then two short commands there. */
export async function checkRemote(
  part: string,
  project: Project,
  ssh: SshAddress,
  { agentFile, environment, signal }: ProbeOptions,
): Promise<readonly Finding[]> {
  const { path, ...target } = ssh;
  const launcher = sshLauncher({ ...target, agentFile, env: environment });
  await (await launcher.start({ signal })).stop();
  const client = sshClient(target, environment);
  await using known = await policyOf(client, ssh, signal);
  const look = client.start(known.policy, lookAtDirectory);
  const end = await runToEnd(look, { input: Buffer.from(`${path}\n`), timeoutMs: 25_000, signal });
  if (end?.code !== 0) {
    const fault = directoryFaults[end?.code ?? 0] ?? 'could not be looked at there; try again';
    return [failed(part, `${launcher.name} answers, but ${path} ${fault}.`)];
  }
  const there: Finding = { part, state: 'ok', message: `${launcher.name} answers, ${path} is there and writable` };
  const asking = client.start(
    known.policy,
    startCommand(wantedOf(await readAgentFile(agentFile)), undefined, 'agents --json'),
  );
  return [there, agentsFinding(project, await outputOf(asking, { signal }))];
}

function wantedOf({ name, bytes, sha256 }: Awaited<ReturnType<typeof readAgentFile>>) {
  return { name, sha256, bytes: bytes.length };
}

/** A pinned key is looked up once more: the launcher, which has just found it right, keeps it for itself. */
async function policyOf(
  client: SshClient,
  { hostKey }: SshAddress,
  signal: AbortSignal,
): Promise<AsyncDisposable & { readonly policy: HostKeyPolicy }> {
  if (hostKey === undefined) return { policy: { kind: 'known' }, [Symbol.asyncDispose]: async () => undefined };
  const changed = () => launchError('host_key_mismatch', 'The machine showed another host key than a moment ago.');
  const line = await pinnedHostKeyLine(client, hostKey, { signal, onNone: changed, onOther: changed });
  const file = await privateKnownHosts(`${line}\n`);
  return {
    policy: { kind: 'pinned', knownHostsFile: file.path },
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}
