import { HoldfastError } from '@holdfast/protocol';
import { request as octokit } from '@octokit/request';
import type { Endpoints } from '@octokit/types';
import { readGitHubConfig } from '../../config.ts';
import { callUntilDone, type RetryNotice } from '../retry/call-until-done.ts';
import { isObject } from '../retry/is-object.ts';
import { RetryConfig } from '../retry/retry-config.ts';
import type { RetrySettings } from '../retry/retry-settings.ts';
import { TokenPool } from '../tokens/token-pool.ts';
import type { Admission } from './admission.ts';
import { EtagCache, type EtagCacheOptions } from './etag-cache.ts';
import type { GitHub, GitHubAnswer, GitHubOptions, Route } from './github.ts';
import { readOutgoing } from './outgoing.ts';
import { PlainAdmission } from './plain-admission.ts';
import { RequestAttempts, type Answered, type RequestParts, type Sending } from './request-attempts.ts';
import { foundAnswer, type OctokitRequest } from './transport.github.ts';

export type GitHubClientOptions = {
  /** Default: the tokens of `GITHUB_API_TOKEN_POOL`, else `GITHUB_TOKEN`. */
  readonly tokenPool?: TokenPool;
  /** Default: `RetryConfig.fromEnv()`. */
  readonly config?: RetryConfig | Partial<RetrySettings>;
  /** Default: `GITHUB_API_URL`, else https://api.github.com. */
  readonly baseUrl?: string;
  /** What says when a request may be sent, and with which token; `tokenPool` is not used then. */
  readonly admission?: Admission;
  /** GitHub wants to know who asks: https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent. */
  readonly userAgent?: string;
  /** Each wait as it begins. */
  readonly onRetry?: (notice: RetryNotice) => void;
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

/** An answer, and whether it is GitHub's own, one kept from before that GitHub says still holds, or what `lookUp` found. */
export type ClientAnswer<Of extends Route> = GitHubAnswer<Of> & { readonly source: Answered['source'] };

/**
 * GitHub's API, asked with patience and by its rules: `new RetryableGitHubClient()` takes everything from the environment. Each request waits until
 * a token may send it; limits, 5xx, timeouts and broken connections are tried again as {@link RetryConfig} says; nothing that merges is ever sent.
 *
 * `maxRetries` bounds how often a request is sent again. One sending more is free for each token that turns out to be limited, or refused (401), for
 * the first time in this call: nothing was done, and the next attempt waits until a token may be used. With `maxRetries: 0` nothing is sent twice.
 */
export class RetryableGitHubClient implements GitHub {
  readonly #config: RetryConfig;
  readonly #send: OctokitRequest;
  readonly #parts: RequestParts;
  readonly #options: GitHubClientOptions;

  constructor(options: GitHubClientOptions = {}) {
    const { config = RetryConfig.fromEnv() } = options;
    const baseUrl = readBaseUrl(options.baseUrl ?? readGitHubConfig().apiUrl);
    this.#options = options;
    this.#config = config instanceof RetryConfig ? config : new RetryConfig(config);
    const headers = { 'user-agent': options.userAgent ?? 'holdfast', 'x-github-api-version': '2022-11-28' };
    this.#send = octokit.defaults({ baseUrl, headers });
    this.#parts = {
      admission: options.admission ?? new PlainAdmission(options.tokenPool ?? TokenPool.fromEnv()),
      cache: new EtagCache(options.cache),
      baseUrl,
      timeoutMs: options.attemptTimeoutMs ?? 30_000,
      maxBytes: options.maxAnswerBytes ?? 16 * 1024 * 1024,
      maySendAgain: this.#config.maxRetries > 0,
    };
  }

  /**
   * The answer to a route of the REST API, typed as Octokit's: `request('GET /repos/{owner}/{repo}', { owner, repo })`. Rejects as
   * {@link GitHub} says; with `forbidden` for what this client never sends, and `unauthorized` when there is no token that GitHub takes.
   */
  async request<Of extends Route>(
    route: Of,
    parameters: Endpoints[Of]['parameters'],
    { signal, lookUp }: GitHubOptions<Of> = {},
  ): Promise<ClientAnswer<Of>> {
    const given = { ...parameters };
    return await this.#ask({ send: this.#send, route, parameters: given }, signal, lookUp);
  }

  /**
   * The `data` that a GraphQL query is answered. Mutations are `forbidden` unless `allowMutations`. Rejects with a `RequestError` of status 200 when
   * the answer has errors: `response.data` holds them, and what there is of data.
   */
  async graphql<Data = unknown>(
    query: string,
    variables: Readonly<Record<string, unknown>> = {},
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<Data> {
    // GitHub Enterprise Server has it beside the REST API: /api/graphql and /api/v3.
    const baseUrl = this.#parts.baseUrl.replace(/\/api\/v3$/, '/api');
    const sending = {
      send: this.#send.defaults({ baseUrl }),
      route: 'POST /graphql',
      parameters: { query, variables },
    };
    const { data } = await this.#ask(sending, signal, undefined, baseUrl);
    return (isObject(data) ? data['data'] : undefined) as Data;
  }

  async #ask(
    sending: Omit<Sending, 'outgoing'>,
    signal = new AbortController().signal,
    lookUp?: () => Promise<unknown>,
    baseUrl = this.#parts.baseUrl,
  ): Promise<Answered> {
    signal.throwIfAborted();
    const { onRetry, random, allowMutations = false } = this.#options;
    const { policy } = this.#config;
    const expanded = sending.send.endpoint(sending.route, sending.parameters);
    const outgoing = readOutgoing(expanded, baseUrl, allowMutations);
    const parts = { ...this.#parts, baseUrl };
    const attempts = new RequestAttempts(parts, { ...sending, outgoing }, Date.now() + policy.totalTimeoutMs);
    return await callUntilDone((attempt) => attempts.tryOnce(attempt), {
      policy,
      signal,
      onRetry,
      random,
      lookUp: lookUp && (async () => foundAnswer(await lookUp())),
    });
  }
}

/** Without a slash at its end. Throws `bad_message`. */
function readBaseUrl(text: string): string {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === '') {
    return url.href.replace(/\/+$/, '');
  }
  throw new HoldfastError('bad_message', 'baseUrl must be an http(s) address without a user or a query.');
}
