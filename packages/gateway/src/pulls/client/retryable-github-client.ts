import { request as octokit } from '@octokit/request';
import { readGitHubConfig } from '../../config.ts';
import { callUntilDone, type RetryAttempt, type RetryNotice, type Tried } from '../retry/call-until-done.ts';
import type { Question } from '../retry/classify.ts';
import { isObject } from '../retry/is-object.ts';
import { RetryConfig } from '../retry/retry-config.ts';
import type { Admission } from '../admission/admission.ts';
import { closed } from '../admission/closed.ts';
import { AdmittedAttempts, type AdmittedSend } from './admitted-attempts.ts';
import {
  callOnce,
  foundResult,
  readCall,
  tryWithOwnToken,
  type MethodOf,
  type ParametersOf,
  type ResultOf,
} from './call.github.ts';
import { checkOptions, readBaseUrl, type GitHubClientOptions } from './client-options.ts';
import { EtagCache } from './etag-cache.ts';
import { guardedMeter, type GitHubMeter, type RetryReason } from '../admission/github-meter.ts';
import type { GitHub, GitHubAnswer, GitHubOptions, Route, RouteParameters } from './github.ts';
import { openAdmission } from '../admission/open-admission.ts';
import { checkComplete, readOutgoing } from './outgoing.ts';
import { admittedSend, foundAnswer, type Answered, type Sending } from './send-request.github.ts';
import { TokenAdmission } from '../admission/token-admission.ts';
import { GitHubAccountReader } from '../tokens/account-reader.github.ts';
import type { OctokitRequest } from './exchange.github.ts';

/** An answer, and whether it is GitHub's own, one kept from before that GitHub says still holds, or what `lookUp` found. */
export type ClientAnswer<Of extends Route> = GitHubAnswer<Of> & { readonly source: Answered['source'] };

export type CallOptions<Result> = {
  readonly signal?: AbortSignal | undefined;
  /** What is asked. Default: a read when the name begins with `get`, `list`, `check`, `search` and the like, else a write. */
  readonly question?: Question;
  /** As {@link GitHubOptions.lookUp}. */
  readonly lookUp?: (options: { readonly signal: AbortSignal }) => Promise<Result | undefined>;
};

/**
 * GitHub's API, asked with patience and by its rules: `new RetryableGitHubClient()` takes everything from the environment. Each request waits until
 * a token may send it; limits, 5xx, timeouts and broken connections are tried again as {@link RetryConfig} says; nothing that merges is ever sent.
 *
 * `maxRetries` bounds how often a request is sent again. One sending more is free for each token that turns out to be limited, or refused (401), for
 * the first time in this call: nothing was done, and the next attempt waits until a token may be used. With `maxRetries: 0` nothing is sent twice.
 */
export class RetryableGitHubClient<Service extends object = object> implements GitHub, AsyncDisposable {
  readonly #options: GitHubClientOptions<Service>;
  readonly #meter: GitHubMeter;
  readonly #config: RetryConfig;
  readonly #baseUrl: string;
  readonly #send: OctokitRequest;
  readonly #cache: EtagCache;
  readonly #admission: Admission;
  /** The door, where it was opened here. */
  readonly #own: TokenAdmission | undefined;
  readonly #timeoutMs: number;
  readonly #closing = new AbortController();

  constructor(options: GitHubClientOptions<Service> = {}) {
    checkOptions(options);
    const { config = RetryConfig.fromEnv() } = options;
    this.#options = options;
    this.#meter = guardedMeter(options.meter);
    this.#config = config instanceof RetryConfig ? config : new RetryConfig(config);
    this.#baseUrl = readBaseUrl(options.baseUrl ?? readGitHubConfig().apiUrl);
    const headers = { 'user-agent': options.userAgent ?? 'holdfast', 'x-github-api-version': '2022-11-28' };
    this.#send = octokit.defaults({ baseUrl: this.#baseUrl, headers });
    this.#cache = new EtagCache(options.cache);
    this.#timeoutMs = options.attemptTimeoutMs ?? 30_000;
    if (options.admission) this.#admission = options.admission;
    else this.#admission = this.#own = this.#openDoor();
  }

  /**
   * The answer to a route of the REST API, typed as Octokit's: `request('GET /repos/{owner}/{repo}', { owner, repo })`. Rejects as
   * {@link GitHub} says; with `forbidden` for what this client never sends, and `unauthorized` when there is no token that GitHub takes.
   */
  async request<Of extends Route>(
    route: Of,
    parameters: RouteParameters<Of>,
    { signal, lookUp }: GitHubOptions<Of> = {},
  ): Promise<ClientAnswer<Of>> {
    return await this.#ask(this.#send, this.#baseUrl, [route, { ...parameters }], signal, lookUp);
  }

  /**
   * The `data` that a GraphQL query is answered. Mutations are `forbidden` unless `allowMutations`. Rejects with a `RequestError` of status 200 when
   * the answer has errors: `response.data` holds them, and what there is of data.
   */
  async graphql<Data = unknown>(
    query: string,
    variables: Readonly<Record<string, unknown>> = {},
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Data> {
    // GitHub Enterprise Server has it beside the REST API: /api/graphql and /api/v3.
    const baseUrl = this.#baseUrl.replace(/\/api\/v3$/, '/api');
    const given = ['POST /graphql', { query, variables }] as const;
    const { data } = await this.#ask(this.#send.defaults({ baseUrl }), baseUrl, given, signal);
    return (isObject(data) ? data['data'] : undefined) as Data;
  }

  /**
   * What a method of `githubService` gives: `call('getRepository', { owner, repo })`. What it throws is judged as what `request` is answered: Octokit's
   * errors are, those of `fetch`, and any other with a `status`; something else is thrown as it is, and counts as sent. Also takes a route, as
   * `request` does.
   */
  call<Name extends MethodOf<Service>>(
    name: Name,
    parameters?: ParametersOf<Service[Name]>,
    options?: CallOptions<ResultOf<Service[Name]>>,
  ): Promise<ResultOf<Service[Name]>>;
  call<Of extends Route>(
    route: Of,
    parameters: RouteParameters<Of>,
    options?: GitHubOptions<Of>,
  ): Promise<ClientAnswer<Of>>;
  async call(
    name: string,
    parameters: unknown,
    { signal, question, lookUp }: CallOptions<unknown> = {},
  ): Promise<unknown> {
    if (/^[A-Z]+ \//.test(name)) {
      const given = [name, isObject(parameters) ? { ...parameters } : {}] as const;
      return await this.#ask(this.#send, this.#baseUrl, given, signal, lookUp);
    }
    const named = readCall(name, parameters, question);
    const { githubService } = this.#options;
    const found = lookUp && (async (given: LookUpOptions) => foundResult(await lookUp(given)));
    if (typeof githubService !== 'function') {
      return await this.#persist(
        (attempt) => tryWithOwnToken(githubService, named, attempt, this.#timeoutMs),
        signal,
        found,
      );
    }
    return await this.#persistAdmitted(
      {
        ask: () => named.ask,
        send: ({ secret }, either) =>
          callOnce((options) => githubService(secret.reveal(), options), named, either, this.#timeoutMs),
      },
      signal,
      found,
    );
  }

  async #ask(
    send: OctokitRequest,
    baseUrl: string,
    [route, parameters]: readonly [route: string, parameters: Readonly<Record<string, unknown>>],
    signal?: AbortSignal,
    lookUp?: (given: LookUpOptions) => Promise<unknown>,
  ): Promise<Answered> {
    const { allowMutations = false, maxAnswerBytes: maxBytes = 16 * 1024 * 1024 } = this.#options;
    checkComplete(route, parameters);
    const outgoing = readOutgoing(send.endpoint(route, parameters), baseUrl, allowMutations);
    const limits = { baseUrl, timeoutMs: this.#timeoutMs, maxBytes };
    const sending: Sending = { send, outgoing, route, parameters, cache: this.#cache, ...limits };
    return await this.#persistAdmitted(
      admittedSend(sending),
      signal,
      lookUp && (async (given) => foundAnswer(await lookUp(given))),
    );
  }

  async #persistAdmitted<Result>(
    one: AdmittedSend<Result>,
    signal: AbortSignal | undefined,
    lookUp: LookUp<Result> | undefined,
  ): Promise<Result> {
    const { maxRetries, policy } = this.#config;
    const notAfterMs = Date.now() + policy.totalTimeoutMs;
    const maySendAgain = maxRetries > 0;
    const attempts = new AdmittedAttempts({ ...one, admission: this.#admission, notAfterMs, maySendAgain });
    return await this.#persist(
      (attempt) => attempts.tryOnce(attempt),
      signal,
      lookUp,
      () => attempts.label,
    );
  }

  async #persist<Result>(
    tryOnce: (attempt: RetryAttempt) => Promise<Tried<Result>>,
    signal = new AbortController().signal,
    lookUp?: LookUp<Result>,
    label = (): string => 'own',
  ): Promise<Result> {
    const { random } = this.#options;
    const onRetry = (notice: RetryNotice): void => {
      const why = reasonOf(notice);
      if (why) this.#meter.retried(label(), why);
      this.#options.onRetry?.(notice);
    };
    const { signal: closing } = this.#closing;
    const tryWhileOpen = async (attempt: RetryAttempt): Promise<Tried<Result>> => {
      if (closing.aborted) throw closed();
      return await tryOnce(attempt);
    };
    return await callUntilDone(tryWhileOpen, { policy: this.#config.policy, signal, closing, lookUp, onRetry, random });
  }

  /**
   * Sends nothing any more, and gives back what it shares with other gateways; who waits learns it at once, what is under way is answered. An
   * `admission` that it was given stays open. Twice is fine.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#own?.[Symbol.asyncDispose]();
  }

  #openDoor(): TokenAdmission {
    const { tokenPool, entries, meter, onWarning, githubService, baseUrl } = this.#options;
    const shared = { ...(entries && { entries }), ...(meter && { meter }) };
    if (tokenPool) {
      // Which server a service of the caller's own asks is not known; no other one is to see the tokens.
      const isServerKnown = githubService === undefined || baseUrl !== undefined;
      const accounts = isServerKnown && { accounts: new GitHubAccountReader(this.#baseUrl) };
      return new TokenAdmission(tokenPool, { ...shared, ...accounts });
    }
    const { tokens, app } = readGitHubConfig();
    const told = { ...shared, ...(onWarning && { onWarning }) };
    return openAdmission({ ...told, tokens, app, apiUrl: this.#baseUrl }).admission;
  }
}

type LookUpOptions = { readonly signal: AbortSignal };
type LookUp<Result> = (given: LookUpOptions) => Promise<{ readonly result: Result } | undefined>;

/** A refused token is no reason of its own: the door counts it. */
function reasonOf({ verdict, limit }: RetryNotice): RetryReason | undefined {
  if (limit !== undefined) return `${limit}_limit`;
  return verdict === 'transient' || verdict === 'unknown_outcome' ? verdict : undefined;
}
