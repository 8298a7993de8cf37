import { isAbsolute } from 'node:path';

/** A machine to reach by ssh, as a project's `workspace.ssh` names it (contract section 3). */
export type SshTarget = {
  /** A host name, an address, or a `Host` of ~/.ssh/config. */
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  readonly identityFile?: string;
  /** Instead of the user's own known_hosts. */
  readonly knownHosts?: string;
  /** The one host key to accept, `SHA256:…` as ssh-keygen -l prints it; known_hosts is not looked at then. */
  readonly hostKey?: string;
  /** Instead of ~/.ssh/config. */
  readonly configFile?: string;
};

/** How host keys are judged in one connection. */
export type HostKeyPolicy =
  /** By the user's known_hosts, or the target's `knownHosts`. */
  | { readonly kind: 'known' }
  /** By this private file alone. */
  | { readonly kind: 'pinned'; readonly knownHostsFile: string }
  /** Whatever key is presented is written to this private file; nobody is authenticated. */
  | { readonly kind: 'probe'; readonly knownHostsFile: string; readonly algorithms?: string };

// ssh_config expands these in commands that a shell runs (ProxyCommand, Match exec): only what no shell reads anything into.
const hostPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$|^[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9_.-]{1,16})?$/;
const userPattern = /^[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,63}$/;
const hostKeyPattern = /^SHA256:[A-Za-z0-9+/]{43}$/;
/** ssh_config has no way to write these inside a quoted value. */
const unquotable = /["\u0000-\u001f\u007f]/;

/** What is wrong with a target, a sentence each; none: ssh may be given it. */
export function faultsOfSshTarget(target: SshTarget): readonly string[] {
  const faults: string[] = [];
  if (!hostPattern.test(target.host))
    faults.push(`ssh host ${JSON.stringify(target.host)} is not a host name or address`);
  if (target.user !== undefined && !userPattern.test(target.user)) {
    faults.push(`ssh user ${JSON.stringify(target.user)} is not a user name`);
  }
  if (target.port !== undefined && !(Number.isInteger(target.port) && target.port >= 1 && target.port <= 65_535)) {
    faults.push(`ssh port ${target.port} is not between 1 and 65535`);
  }
  if (target.hostKey !== undefined && !hostKeyPattern.test(target.hostKey)) {
    faults.push(
      `ssh hostKey ${JSON.stringify(target.hostKey)} is not a fingerprint; ssh-keygen -l prints it as SHA256:…`,
    );
  }
  for (const key of ['identityFile', 'knownHosts', 'configFile'] as const) {
    const path = target[key];
    if (
      path !== undefined &&
      (path === '' || unquotable.test(path) || !(isAbsolute(path) || /^[A-Za-z0-9_.~]/.test(path)))
    ) {
      faults.push(`ssh ${key} ${JSON.stringify(path)} is not a path`);
    }
  }
  return faults;
}

/** The target for logs and errors: `coder@10.0.0.7:2222`, with only what was named. */
export function nameOfSshTarget({ user, host, port }: SshTarget): string {
  const hostPart = port !== undefined && host.includes(':') ? `[${host}]` : host;
  return `${user === undefined ? '' : `${user}@`}${hostPart}${port === undefined ? '' : `:${port}`}`;
}

/** How the target's host is called in a known_hosts file. */
export function knownHostsNameOf({ host, port = 22 }: SshTarget): string {
  return port === 22 ? host : `[${host}]:${port}`;
}

/**
 * The arguments of ssh for one command on the target. What the user's own configuration says is used (agent, certificates,
 * jump hosts), but for what would let it ask a person, share a connection, or touch the bytes.
 */
export function sshArguments(target: SshTarget, policy: HostKeyPolicy, command: string): readonly string[] {
  const options = [...steadyOptions, ...hostKeyOptions(target, policy)].flatMap((option) => ['-o', option]);
  return [
    '-T',
    ...(target.configFile === undefined ? [] : ['-F', target.configFile]),
    ...options,
    ...(target.identityFile === undefined ? [] : ['-o', 'IdentitiesOnly=yes', '-i', target.identityFile]),
    ...(target.port === undefined ? [] : ['-p', String(target.port)]),
    ...(target.user === undefined ? [] : ['-l', target.user]),
    '--',
    target.host,
    command,
  ];
}

const steadyOptions: readonly string[] = [
  'BatchMode=yes',
  'ConnectTimeout=10',
  // Three unanswered questions, 9 s apart: a dead connection is found in 27 s (contract section 3 says 30).
  'ServerAliveInterval=9',
  'ServerAliveCountMax=2',
  'TCPKeepAlive=yes',
  // A shared connection would die with somebody else's master.
  'ControlMaster=no',
  'ControlPath=none',
  'EscapeChar=none',
  'ClearAllForwardings=yes',
  'ForwardAgent=no',
  'ForwardX11=no',
  'Tunnel=no',
  'PermitLocalCommand=no',
  'RemoteCommand=none',
  'RequestTTY=no',
  'UpdateHostKeys=no',
  // Below INFO ssh does not say that the server stopped answering, closed the connection, or offers no common algorithm.
  'LogLevel=INFO',
];

function hostKeyOptions(target: SshTarget, policy: HostKeyPolicy): readonly string[] {
  switch (policy.kind) {
    case 'known':
      return [
        'StrictHostKeyChecking=yes',
        ...(target.knownHosts === undefined ? [] : [knownHostsOption(target.knownHosts)]),
      ];
    case 'pinned':
      return ['StrictHostKeyChecking=yes', ...onlyFile(policy.knownHostsFile)];
    case 'probe':
      return [
        'StrictHostKeyChecking=accept-new',
        'PreferredAuthentications=none',
        'HashKnownHosts=no',
        ...onlyFile(policy.knownHostsFile),
        ...(policy.algorithms === undefined ? [] : [`HostKeyAlgorithms=${policy.algorithms}`]),
      ];
  }
}

/** This file and no other source of host keys. */
function onlyFile(path: string): readonly string[] {
  return [
    knownHostsOption(path.replaceAll('%', '%%')),
    'GlobalKnownHostsFile=/dev/null',
    'VerifyHostKeyDNS=no',
    'NoHostAuthenticationForLocalhost=no',
    // Older clients do not know it, and may say so only if told that this is no fault.
    'IgnoreUnknown=KnownHostsCommand',
    'KnownHostsCommand=none',
  ];
}

function knownHostsOption(path: string): string {
  return `UserKnownHostsFile="${path}"`;
}
