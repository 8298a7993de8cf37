import type { Endpoints, RequestParameters } from '@octokit/types';

/** A route of GitHub's REST API, as its documentation has it: `GET /repos/{owner}/{repo}`. */
export type Route = keyof Endpoints;

/** What a route takes, and what any of them does: `headers`, and `mediaType` (`{ format: 'raw' }` gives a file as it is: a text, or an `ArrayBuffer`). */
export type RouteParameters<Of extends Route> = Endpoints[Of]['parameters'] &
  Pick<RequestParameters, 'headers' | 'mediaType'>;

export type GitHubAnswer<Of extends Route> = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
  readonly data: Endpoints[Of]['response']['data'];
};

export type GitHubOptions<Of extends Route> = {
  readonly signal?: AbortSignal | undefined;
  /**
   * Looks whether a write that was sent, and whose outcome is unknown, has taken effect: the data that it would have been answered, or undefined
   * when it has not. Without it a `POST` or `PATCH` that may have arrived is not sent again. Nobody waits for it once its `signal` has aborted.
   */
  readonly lookUp?: (options: {
    readonly signal: AbortSignal;
  }) => Promise<Endpoints[Of]['response']['data'] | undefined>;
};

/**
 * GitHub's REST API, asked with patience. Rejects with Octokit's `RequestError` (it has `status` and `response.data`) for an answer that is final,
 * with a {@link RetryError} when trying again did not help or would take too long, and with the signal's reason.
 */
export interface GitHub {
  request<Of extends Route>(
    route: Of,
    parameters: RouteParameters<Of>,
    options?: GitHubOptions<Of>,
  ): Promise<GitHubAnswer<Of>>;
}
