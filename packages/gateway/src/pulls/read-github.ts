import type { Environment } from '../lib/environment.ts';
import { Secret } from '../lib/secret.ts';
import { readGitHubApp, type GitHubAppConfig } from './read-github-app.ts';
import { defaultRetrySettings, faultsOf, type RetrySettings } from './retry/retry-settings.ts';

/** What the `GITHUB_…` variables say. */
export type GitHubConfig = {
  /** Without a slash at its end. */
  readonly apiUrl: string;
  readonly retry: RetrySettings;
  /** Of the pool, else the single one; each once, in their order. */
  readonly tokens: readonly Secret[];
  /** Its installations go before the tokens; undefined: there is none. */
  readonly app: GitHubAppConfig | undefined;
};

const variables = {
  maxRetries: 'GITHUB_API_MAX_RETRIES',
  baseDelay: 'GITHUB_API_BASE_DELAY',
  maxDelay: 'GITHUB_API_MAX_DELAY',
  exponentialBase: 'GITHUB_API_EXPONENTIAL_BASE',
  jitter: 'GITHUB_API_JITTER',
} as const;

/** Reads them; what is wrong is added to `faults`, by variable name, and never shows a token. */
export function readGitHub(env: Environment, faults: string[]): GitHubConfig {
  return {
    apiUrl: readApiUrl(env, faults),
    retry: readRetry(env, faults),
    tokens: readTokens(env, faults),
    app: readGitHubApp(env, faults),
  };
}

function readApiUrl(env: Environment, faults: string[]): string {
  const text = env['GITHUB_API_URL']?.trim() || 'https://api.github.com';
  const url = URL.parse(text);
  const isUsable =
    url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.search === '';
  // An address with a password in it is not for the log.
  if (!isUsable) faults.push('GITHUB_API_URL must be an http(s) address without a user or a query');
  return text.replace(/\/+$/, '');
}

function readRetry(env: Environment, faults: string[]): RetrySettings {
  const numberOf = (name: keyof typeof variables & keyof RetrySettings): number => {
    const text = env[variables[name]]?.trim() ?? '';
    const fallback = defaultRetrySettings[name];
    if (text === '' && typeof fallback === 'number') return fallback;
    return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  };
  const settings: RetrySettings = {
    ...defaultRetrySettings,
    maxRetries: numberOf('maxRetries'),
    baseDelay: numberOf('baseDelay'),
    maxDelay: numberOf('maxDelay'),
    exponentialBase: numberOf('exponentialBase'),
    jitter: readJitter(env[variables.jitter], faults),
  };
  const named: Readonly<Partial<Record<keyof RetrySettings, string>>> = variables;
  faults.push(
    ...faultsOf(
      settings,
      (field) => named[field] ?? field,
      (field) => `"${env[named[field] ?? field] ?? ''}"`,
    ),
  );
  return settings;
}

const jitterWords: Readonly<Record<string, boolean>> = { true: true, '1': true, false: false, '0': false };

function readJitter(text: string | undefined, faults: string[]): boolean {
  const word = text?.trim().toLowerCase() ?? '';
  if (word === '') return defaultRetrySettings.jitter;
  const value = Object.hasOwn(jitterWords, word) ? jitterWords[word] : undefined;
  if (value === undefined) faults.push(`${variables.jitter} must be one of true, false, 1, 0, and is "${text}"`);
  return value ?? defaultRetrySettings.jitter;
}

function readTokens(env: Environment, faults: string[]): readonly Secret[] {
  const pooled = partsOf(env['GITHUB_API_TOKEN_POOL']);
  const [name, tokens] =
    pooled.length > 0
      ? (['GITHUB_API_TOKEN_POOL', pooled] as const)
      : (['GITHUB_TOKEN', partsOf(env['GITHUB_TOKEN'])] as const);
  const wrong = tokens.flatMap((token, index) => (isToken(token) ? [] : [index + 1]));
  if (wrong.length > 0) {
    faults.push(`${name} has characters that no token has (${wrong.map((place) => `token ${place}`).join(', ')})`);
  }
  return [...new Set(tokens)].map((token) => new Secret(token));
}

/** What may stand in a header. A token with a line break in it would be a second header. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

function partsOf(value: string | undefined): readonly string[] {
  return (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
