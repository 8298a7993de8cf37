import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { checkModes, HoldfastError, type CheckMode, type UserId } from '@holdfast/protocol';
import type { UserToken } from './identity/identity.ts';
import type { Environment } from './lib/environment.ts';
import { Secret } from './lib/secret.ts';
import type { Project } from './projects/project.ts';
import { readProjects } from './projects/read-projects.ts';
import { readGitHub, type GitHubConfig } from './pulls/read-github.ts';

/** Everything that can be configured, checked and frozen (contract sections 2 and 3). */
export type Config = {
  readonly host: string;
  readonly port: number;
  readonly store: StoreConfig;
  /** How long after its last activity a conversation is kept; null: for ever. */
  readonly conversationTtlMs: number | null;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly logFormat: 'json' | 'pretty';
  readonly tokens: readonly UserToken[];
  readonly allowedOrigins: readonly string[];
  readonly projects: readonly Project[];
  /** Where the gateway keeps what belongs to this machine, such as the local sign-in. */
  readonly stateDir: string;
  /** Handed to the agent of every project that does not set it itself. */
  readonly queryTimeoutMs: number;
  /** Of runs of checks that name none. */
  readonly checkMode: CheckMode;
  readonly github: GitHubConfig;
  /** The whole environment, for those who start programs; each hands on only what is on its list. */
  readonly environment: Environment;
};

export type StoreConfig =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly path: string }
  /** Credentials come from where the AWS SDK looks for them. */
  | { readonly kind: 'dynamodb'; readonly tableName: string; readonly region: string; readonly endpoint?: string };

/**
 * Reads environment and file. Argument > environment > file > default. All faults are reported at once, by variable name,
 * in one HoldfastError `bad_message`.
 */
export function readConfig(env: Environment, options: { directory?: string } = {}): Config {
  const faults: string[] = [];
  const host = env['HOST'] || '127.0.0.1';
  const config: Config = {
    host,
    port: readWhole(env, 'PORT', 8787, 0, 65_535, faults),
    store: readStore(env, faults),
    conversationTtlMs: readTtl(env, faults),
    logLevel: readOneOf(env, 'LOG_LEVEL', ['debug', 'info', 'warn', 'error', 'silent'], 'info', faults),
    logFormat: readOneOf(env, 'LOG_FORMAT', ['json', 'pretty'], 'json', faults),
    tokens: readTokens(env, faults),
    allowedOrigins: readList(env['ALLOWED_ORIGINS']),
    projects: readProjects(env, options.directory, faults),
    stateDir: resolve(env['HOLDFAST_STATE_DIR'] || join(homedir(), '.holdfast')),
    queryTimeoutMs: readWhole(env, 'QUERY_TIMEOUT_MS', 300_000, 1, 86_400_000, faults),
    checkMode: readOneOf(env, 'CHECK_MODE', checkModes, 'auto', faults),
    github: readGitHub(env, faults),
    environment: env,
  };
  if (!isLoopback(host) && config.tokens.length === 0) {
    faults.push(`HOST is ${host}, which is not loopback: set AUTH_TOKENS so that people can sign in`);
  }
  throwIfAny(faults);
  return Object.freeze(config);
}

/**
 * The part that says where conversations are kept, for who needs no more: faults elsewhere do not keep them from it. What is
 * `given` goes before the environment.
 */
export function readStoreConfig<Kind extends StoreConfig['kind'] = StoreConfig['kind']>(
  env: Environment = process.env,
  given: Environment & { readonly PERSISTENCE_ADAPTER?: Kind } = {},
): Pick<Config, 'conversationTtlMs'> & { readonly store: Extract<StoreConfig, { readonly kind: Kind }> } {
  const faults: string[] = [];
  const all = { ...env, ...given };
  const store = readStore(all, faults) as Extract<StoreConfig, { readonly kind: Kind }>;
  const config = { store, conversationTtlMs: readTtl(all, faults) };
  throwIfAny(faults);
  return Object.freeze(config);
}

/** The part about GitHub (`GITHUB_…`), for who needs no more. */
export function readGitHubConfig(env: Environment = process.env): GitHubConfig {
  const faults: string[] = [];
  const config = readGitHub(env, faults);
  throwIfAny(faults);
  return Object.freeze(config);
}

function throwIfAny(faults: readonly string[]): void {
  if (faults.length === 0) return;
  throw new HoldfastError(
    'bad_message',
    `The configuration is wrong:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
  );
}

/** True for 127.0.0.0/8, ::1 and localhost. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function readStore(env: Environment, faults: string[]): StoreConfig {
  const kind = readOneOf(env, 'PERSISTENCE_ADAPTER', ['memory', 'sqlite', 'dynamodb'], 'memory', faults);
  switch (kind) {
    case 'memory':
      return { kind };
    case 'sqlite':
      return { kind, path: resolve(env['SQLITE_DB_PATH'] || '/tmp/backend_agent_conversations.db') };
    case 'dynamodb':
      return readDynamoDB(env, faults);
  }
}

function readDynamoDB(env: Environment, faults: string[]): StoreConfig {
  const tableName = env['DYNAMODB_TABLE_NAME'] || 'backend-agent-conversations';
  // Room for "-messages", the second table, within DynamoDB's 255.
  if (!/^[A-Za-z0-9_.-]{3,246}$/.test(tableName)) {
    faults.push('DYNAMODB_TABLE_NAME must be 3 to 246 letters, digits, "_", "-" and "."');
  }
  const endpoint = env['DYNAMODB_ENDPOINT'];
  if (endpoint !== undefined && endpoint !== '' && !/^https?:\/\//.test(endpoint)) {
    faults.push(`DYNAMODB_ENDPOINT must be an http(s) address, and is "${endpoint}"`);
  }
  const region = env['DYNAMODB_REGION'] || 'us-east-1';
  return { kind: 'dynamodb', tableName, region, ...(endpoint ? { endpoint } : {}) };
}

/** Hours; 0 keeps for ever. */
function readTtl(env: Environment, faults: string[]): number | null {
  const hours = readWhole(env, 'CONVERSATION_TTL_HOURS', 168, 0, 876_000, faults);
  return hours === 0 ? null : hours * 3_600_000;
}

function readTokens(env: Environment, faults: string[]): UserToken[] {
  return readList(env['AUTH_TOKENS']).flatMap((entry) => {
    const at = entry.indexOf(':');
    const userId = entry.slice(0, at).trim();
    const token = entry.slice(at + 1).trim();
    if (at < 1 || token === '' || userId === '') {
      faults.push('AUTH_TOKENS must be a comma-separated list of user:token');
      return [];
    }
    return [{ userId: userId as UserId, token: new Secret(token) }];
  });
}

function readList(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function readWhole(
  env: Environment,
  name: string,
  fallback: number,
  min: number,
  max: number,
  faults: string[],
): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  faults.push(`${name} must be a whole number from ${min} to ${max}, and is "${text}"`);
  return fallback;
}

function readOneOf<Word extends string>(
  env: Environment,
  name: string,
  words: readonly Word[],
  fallback: Word,
  faults: string[],
): Word {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const word = words.find((known) => known === text);
  if (word === undefined) faults.push(`${name} must be one of ${words.join(', ')}, and is "${text}"`);
  return word ?? fallback;
}
