import { HoldfastError } from '@holdfast/protocol';
import type { EntryStore } from '../../conversations/entry-store.ts';
import { isObject } from '../retry/is-object.ts';
import {
  aBoolean,
  aFunction,
  numberIn,
  objectWith,
  optionFaults,
  wholeNumberIn,
  type OptionRule,
} from '../retry/option-faults.ts';
import type { RetryNotice } from '../retry/call-until-done.ts';
import type { RetryConfig } from '../retry/retry-config.ts';
import type { RetrySettings } from '../retry/retry-settings.ts';
import type { TokenPool, TokenWarning } from '../tokens/token-pool.ts';
import type { Admission } from '../admission/admission.ts';
import type { EtagCacheOptions } from './etag-cache.ts';
import type { GitHubMeter } from '../admission/github-meter.ts';

export type GitHubClientOptions<Service extends object = object> = {
  /**
   * Default: the tokens of `GITHUB_API_TOKEN_POOL`, else `GITHUB_TOKEN`, after the installations of the GitHub App, if there is one. Of several
   * each is asked once whose it is; those of a pool not with a `githubService` and no `baseUrl`: then {@link TokenPool.identify} tells.
   */
  readonly tokenPool?: TokenPool;
  /** Default: `RetryConfig.fromEnv()`. */
  readonly config?: RetryConfig | Partial<RetrySettings>;
  /** Default: `GITHUB_API_URL`, else https://api.github.com. */
  readonly baseUrl?: string;
  /**
   * Whose methods `call` calls. A function gets the token of each attempt: `(auth) => new Octokit({ auth }).rest.repos`. An object has a token of its
   * own: its calls are tried again, but neither wait for a budget nor use the pool. `signal` aborts when nobody waits for the attempt any more (the
   * caller's signal, `attemptTimeoutMs`, the end of all attempts); Octokit's methods get it by themselves.
   */
  readonly githubService?: Service | ((token: string, options: { readonly signal: AbortSignal }) => Service);
  /** What gateways with the same tokens share; without it this process takes the whole of the limits. Not used with `admission`. */
  readonly entries?: EntryStore;
  /** What says when a request may be sent, and with which token. Default: made of the tokens. */
  readonly admission?: Admission;
  /** GitHub wants to know who asks: https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent. */
  readonly userAgent?: string;
  /** Each wait as it begins. */
  readonly onRetry?: (notice: RetryNotice) => void;
  /** What an operator should hear of the environment's tokens; a `tokenPool` and an `admission` tell of their own. */
  readonly onWarning?: (warning: TokenWarning) => void;
  /** Counts retries; and, unless there is an `admission`, calls and waits. */
  readonly meter?: GitHubMeter;
  /** For one answer, its body included; at most a day. Default 30 s. */
  readonly attemptTimeoutMs?: number;
  /** A longer answer is an error; at most 1 GiB. Default 16 MiB. */
  readonly maxAnswerBytes?: number;
  /** How much is kept of answers that GitHub may be asked about again. */
  readonly cache?: EtagCacheOptions;
  /** GraphQL mutations may be sent; those that merge are refused all the same. Default false. */
  readonly allowMutations?: boolean;
  /** From 0 to below 1. Default: `Math.random`. */
  readonly random?: () => number;
};

/** Throws `bad_message` with all that is wrong: names that there are not, and values that are not what they should be. */
export function checkOptions(options: GitHubClientOptions): void {
  const cacheFaults = optionFaults(options?.cache ?? {}, cacheRules).map((fault) => `cache: ${fault}`);
  const faults = [...optionFaults(options, optionRules), ...cacheFaults];
  if (faults.length > 0) throw new HoldfastError('bad_message', `RetryableGitHubClient: ${faults.join('; ')}.`);
}

const optionRules: Readonly<Record<keyof GitHubClientOptions, OptionRule>> = {
  tokenPool: objectWith('a TokenPool', 'take', 'ended'),
  config: objectWith('a RetryConfig, or an object of its options'),
  baseUrl: { what: 'an http(s) address', holds: (value) => typeof value === 'string' },
  githubService: {
    what: 'an object with methods, or a function that makes one',
    holds: (value) => isObject(value) || typeof value === 'function',
  },
  entries: objectWith('an EntryStore', 'readEntry', 'changeEntry'),
  admission: objectWith('an Admission', 'admit'),
  userAgent: {
    what: 'a text that may stand in a header',
    holds: (value) => typeof value === 'string' && /^[\x20-\x7e]+$/.test(value),
  },
  onRetry: aFunction,
  onWarning: aFunction,
  meter: objectWith('a GitHubMeter', 'called', 'retried', 'waited', 'quota'),
  // A timer knows no more than 24 days, and takes what is longer for none at all.
  attemptTimeoutMs: numberIn(1, 24 * 60 * 60 * 1000),
  maxAnswerBytes: wholeNumberIn(1, 1024 ** 3),
  cache: objectWith('an object with maxBytes or maxEntries'),
  allowMutations: aBoolean,
  random: aFunction,
};

const cacheRules: Readonly<Record<keyof EtagCacheOptions, OptionRule>> = {
  maxBytes: wholeNumberIn(0, 1024 ** 4),
  maxEntries: wholeNumberIn(0, 1_000_000),
};

/** Without a slash at its end. Throws `bad_message`. */
export function readBaseUrl(text: string): string {
  const url = URL.parse(text);
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (isPlain && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, '');
  throw new HoldfastError('bad_message', 'baseUrl must be an http(s) address without a user or a query.');
}
