import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Environment variables as they came. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** What the runner's room takes from the environment; nothing else here reads it. */
export type RunnerEnvironment = {
  /** `HOLDFAST_STATE_DIR`, default `~/.holdfast` (docs/protocol.md 7.1). */
  readonly stateDir: string;
  /** `HOLDFAST_IDLE_MS`, default 15 min (7.9). */
  readonly idleMs: number;
  /** `HOLDFAST_ABORT_MS`, default 10 s (7.7). */
  readonly abortMs: number;
  /** What a runner and its agent may see of the environment of whoever started them. */
  readonly passed: Readonly<Record<string, string>>;
  /** What a person who uses `attach` directly hands to the agent: the vendors' own settings and keys. */
  readonly vendor: Readonly<Record<string, string>>;
};

const allowed: ReadonlySet<string> = new Set([
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LANGUAGE', 'TERM', 'TZ', 'TMPDIR'],
  ...['SSH_AUTH_SOCK', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'],
  ...['LOG_LEVEL', 'LOG_FORMAT', 'QUERY_TIMEOUT_MS', 'STORAGE_DIR'],
]);
const allowedPrefix = /^(LC_|XDG_|HOLDFAST_)/;
/** A link that is itself started by an agent must not pass that agent's marks on: it would be killed as one of its stragglers. */
const ownMarks: ReadonlySet<string> = new Set(['HOLDFAST_RUN', 'HOLDFAST_AGENT_RUN', 'HOLDFAST_SESSION']);
const vendorPrefix = /^(ANTHROPIC|CLAUDE|OPENAI|CODEX|OPENCODE|GEMINI|GOOGLE|AWS|AZURE|MISTRAL|OPENROUTER)_/;

/** Reads the environment once, at the start of a command. Numbers that are none fall back to their default. */
export function readRunnerEnvironment(variables: Variables): RunnerEnvironment {
  // Absolute, and passed on so: a runner works in another directory than the one that starts it.
  const stateDir = resolve(variables['HOLDFAST_STATE_DIR'] || join(variables['HOME'] || homedir(), '.holdfast'));
  return {
    stateDir,
    idleMs: readMs(variables['HOLDFAST_IDLE_MS'], 15 * 60_000),
    abortMs: readMs(variables['HOLDFAST_ABORT_MS'], 10_000),
    passed: {
      ...select(variables, (name) => !ownMarks.has(name) && (allowed.has(name) || allowedPrefix.test(name))),
      HOLDFAST_STATE_DIR: stateDir,
    },
    vendor: select(variables, (name) => vendorPrefix.test(name)),
  };
}

function readMs(text: string | undefined, fallback: number): number {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : fallback;
}

function select(variables: Variables, wanted: (name: string) => boolean): Record<string, string> {
  const chosen: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    if (value !== undefined && wanted(name)) chosen[name] = value;
  }
  return chosen;
}
