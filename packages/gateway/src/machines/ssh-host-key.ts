import { createHash } from 'node:crypto';
import type { LaunchError } from './launch-error.ts';
import { privateKnownHosts } from './private-known-hosts.ts';
import { runToEnd, type RunEnd, type SshClient } from './ssh-client.ts';

/** A host key as a machine presented it. */
export type HostKey = {
  /** Its line for a known_hosts file. */
  readonly line: string;
  readonly type: string;
  /** `SHA256:…`, as ssh-keygen -l prints it. */
  readonly fingerprint: string;
};

const probeTimeoutMs = 20_000;
/** What one connection negotiates first, then the kinds of key that it may have left out. */
const keyKinds: readonly { readonly algorithms?: string; readonly types: RegExp }[] = [
  { types: /^$/ },
  { algorithms: 'ssh-ed25519', types: /^ssh-ed25519$/ },
  { algorithms: 'ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521', types: /^ecdsa-/ },
  { algorithms: 'rsa-sha2-512,rsa-sha2-256', types: /^ssh-rsa$/ },
];

/**
 * Asks the machine for its host key, with a connection that stops before anybody is authenticated. It goes the way that
 * the real one goes (aliases, jump hosts, ProxyCommand), which ssh-keyscan does not.
 */
export async function presentedHostKey(
  client: SshClient,
  options: { readonly algorithms?: string; readonly signal: AbortSignal },
): Promise<{ readonly key: HostKey | undefined; readonly end: RunEnd }> {
  const { algorithms, signal } = options;
  await using file = await privateKnownHosts('');
  const child = client.start(
    { kind: 'probe', knownHostsFile: file.path, ...(algorithms === undefined ? {} : { algorithms }) },
    'true',
  );
  const end = await runToEnd(child, { timeoutMs: probeTimeoutMs, signal });
  return { key: parseKnownHosts(await file.read()).at(-1), end };
}

/**
 * The line for known_hosts of the key with the wanted fingerprint. A machine has several keys, and the pinned one need not
 * be the one that is negotiated first, so all kinds are asked for. `onNone` and `onOther` make the errors.
 */
export async function pinnedHostKeyLine(
  client: SshClient,
  fingerprint: string,
  options: {
    readonly signal: AbortSignal;
    readonly onNone: (end: RunEnd) => LaunchError;
    readonly onOther: (presented: readonly string[]) => LaunchError;
  },
): Promise<string> {
  const seen: HostKey[] = [];
  for (const { algorithms, types } of keyKinds) {
    if (seen.some((key) => types.test(key.type))) continue;
    const { key, end } = await presentedHostKey(client, {
      signal: options.signal,
      ...(algorithms === undefined ? {} : { algorithms }),
    });
    if (key?.fingerprint === fingerprint) return key.line;
    if (key !== undefined) seen.push(key);
    else if (seen.length === 0) throw options.onNone(end);
  }
  throw options.onOther(seen.map((key) => `${key.type} ${key.fingerprint}`));
}

/** The keys of a known_hosts text that ssh itself wrote. */
function parseKnownHosts(text: string): readonly HostKey[] {
  return text.split('\n').flatMap((line) => {
    const [names, type, key] = line.split(' ');
    if (!names || names.startsWith('#') || names.startsWith('@') || !type || !key) return [];
    const digest = createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64');
    return [{ line, type, fingerprint: `SHA256:${digest.replace(/=+$/, '')}` }];
  });
}
