/** Why ssh itself failed, read from what it said. `reason` is the line that says it. */
export type SshFailure =
  /** `host`, as ssh calls it: the machine, or a jump host on the way to it. */
  | { readonly kind: 'host_key_unknown'; readonly reason: string; readonly host?: string }
  | {
      readonly kind: 'host_key_changed';
      readonly reason: string;
      readonly host?: string;
      readonly fingerprint?: string;
    }
  | { readonly kind: 'host_key_revoked'; readonly reason: string; readonly host?: string }
  /** `by`: `user@host` that refused us. */
  | { readonly kind: 'denied'; readonly reason: string; readonly by?: string }
  /** The two sides, or the client's own configuration, will never fit as they are. */
  | { readonly kind: 'misconfigured'; readonly reason: string }
  /** The network or the server is not there now; the same again may succeed. */
  | { readonly kind: 'transient'; readonly reason: string };

/** ssh's exit status when it, and not the remote command, failed. */
export const sshOwnFailure = 255;

type Rule = { readonly pattern: RegExp; readonly read: (match: RegExpExecArray, stderr: string) => SshFailure };

/**
 * Reads the stderr of an ssh (at LogLevel INFO) that ended with {@link sshOwnFailure}. The first rule that matches decides:
 * what will not mend itself stands before what may, because a jump host's final fault is followed by "Connection closed".
 */
export function classifySshFailure(stderr: string): SshFailure {
  const text = stderr.replaceAll('\r', '');
  for (const { pattern, read } of rules) {
    const match = pattern.exec(text);
    if (match !== null) return read(match, text);
  }
  const lastLine = text.trim().split('\n').at(-1) ?? '';
  return { kind: 'transient', reason: lastLine === '' ? 'ssh ended without a word' : lastLine };
}

const rules: readonly Rule[] = [
  {
    pattern: /^Host key for (\S+) has changed and you have requested strict checking\.$/m,
    read: ([reason, host], stderr) => ({ kind: 'host_key_changed', reason, ...hostOf(host), ...fingerprintIn(stderr) }),
  },
  {
    pattern: /^\S+ host key for (\S+) was revoked and you have requested strict checking\.$/m,
    read: ([reason, host]) => ({ kind: 'host_key_revoked', reason, ...hostOf(host) }),
  },
  {
    pattern: /^No \S+ host key is known for (\S+) and you have requested strict checking\.$/m,
    read: ([reason, host]) => ({ kind: 'host_key_unknown', reason, ...hostOf(host) }),
  },
  {
    pattern: /^Host key verification failed\.$/m,
    read: ([reason]) => ({ kind: 'host_key_unknown', reason }),
  },
  {
    pattern: /^(?:(\S+@\S+): )?Permission denied(?: \(.*\)\.|, please try again\.)$/m,
    read: ([reason, by]) => ({ kind: 'denied', reason, ...(by === undefined ? {} : { by }) }),
  },
  {
    pattern: /^(?:Received disconnect from .*|.*: )?Too many authentication failures.*$/m,
    read: ([reason]) => ({ kind: 'denied', reason }),
  },
  ...[
    /^Unable to negotiate with .*$/m,
    /^.*Bad configuration option.*$/m,
    /^.*terminating, \d+ bad configuration options.*$/m,
    /^Bad owner or permissions on .*$/m,
    /^Can't open user config file .*$/m,
    /^hostname contains invalid characters$/m,
    /^channel \d+: open failed: administratively prohibited.*$/m,
    /^Protocol major versions differ.*$/m,
  ].map((pattern): Rule => ({ pattern, read: ([reason]) => ({ kind: 'misconfigured', reason }) })),
  ...[
    /^ssh: .*$/m,
    /^channel \d+: open failed: .*$/m,
    /^Timeout, server \S+ not responding\.$/m,
    /^Connection timed out during banner exchange$/m,
    /^(?:kex_exchange_identification|ssh_exchange_identification|client_loop|ssh_dispatch_run_fatal|packet_write_wait): .*$/m,
    /^(?:Connection to|Connection closed by|Connection reset by|Disconnected from|Received disconnect from) .*$/m,
  ].map((pattern): Rule => ({ pattern, read: ([reason]) => ({ kind: 'transient', reason }) })),
];

function hostOf(host: string | undefined): { host?: string } {
  return host === undefined ? {} : { host };
}

function fingerprintIn(stderr: string): { fingerprint?: string } {
  const match = /^The fingerprint for the (\S+) key sent by the remote host is\n(SHA256:[A-Za-z0-9+/=]+)\.$/m.exec(
    stderr,
  );
  return match === null ? {} : { fingerprint: `${match[1]} ${match[2]}` };
}
