import { HoldfastError } from '@holdfast/protocol';
import type { EntryStore } from '../../conversations/entry-store.ts';
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
  /** For one answer, its body included. Default 30 s. */
  readonly attemptTimeoutMs?: number;
  /** A longer answer is an error. Default 16 MiB. */
  readonly maxAnswerBytes?: number;
  /** How much is kept of answers that GitHub may be asked about again. */
  readonly cache?: EtagCacheOptions;
  /** GraphQL mutations may be sent; those that merge are refused all the same. Default false. */
  readonly allowMutations?: boolean;
  /** From 0 to below 1. Default: `Math.random`. */
  readonly random?: () => number;
};

/** Without a slash at its end. Throws `bad_message`. */
export function readBaseUrl(text: string): string {
  const url = URL.parse(text);
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (isPlain && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, '');
  throw new HoldfastError('bad_message', 'baseUrl must be an http(s) address without a user or a query.');
}
