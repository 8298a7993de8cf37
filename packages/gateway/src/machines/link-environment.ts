/** Where environment variables come from; only config.ts reads those of the gateway itself. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** For when a launcher was given no environment: enough to find programs. */
const barePath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * What a link on this machine may know of the gateway's environment: who and where it is, how to reach the network,
 * and where agents keep their sign-in. No secret of the gateway: a project's keys come in OPEN (docs/protocol.md 8.5).
 */
const localNames: readonly string[] = [
  'PATH HOME USER LOGNAME SHELL LANG LANGUAGE LC_ALL LC_CTYPE LC_MESSAGES TZ TMPDIR',
  'XDG_RUNTIME_DIR XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME SSH_AUTH_SOCK',
  'HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy NODE_EXTRA_CA_CERTS SSL_CERT_FILE SSL_CERT_DIR',
  // Where the tools of checks are; `holdfast-agent check` lets its commands see these.
  'CI CARGO_HOME RUSTUP_HOME GOPATH GOROOT GOCACHE GOMODCACHE GOFLAGS JAVA_HOME VIRTUAL_ENV PNPM_HOME BUN_INSTALL',
  'NVM_DIR VOLTA_HOME',
  'HOLDFAST_STATE_DIR HOLDFAST_IDLE_MS QUERY_TIMEOUT_MS STORAGE_DIR LOG_LEVEL CLAUDE_CONFIG_DIR CODEX_HOME',
].flatMap((line) => line.split(' '));

/** What the ssh client itself needs. No LC_*: many clients send those on, and the machine over there has its own. */
const sshNames: readonly string[] =
  'PATH HOME USER LOGNAME SHELL TMPDIR SSH_AUTH_SOCK SSH_AGENT_PID KRB5CCNAME XDG_RUNTIME_DIR'.split(' ');

/** The environment of a link that runs as a child of the gateway. */
export function localEnvironment(from: Environment = {}): Record<string, string> {
  return pick(from, localNames);
}

/** The environment of the ssh client; it is told never to open a window that asks for a password. */
export function sshEnvironment(from: Environment = {}): Record<string, string> {
  return { ...pick(from, sshNames), SSH_ASKPASS_REQUIRE: 'never' };
}

function pick(from: Environment, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = { PATH: barePath };
  for (const name of names) {
    const value = from[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}
