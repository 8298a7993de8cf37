import { HoldfastError } from '@holdfast/protocol';
import type { createAppAuth } from '@octokit/auth-app';
import { request } from '@octokit/request';
import { Secret } from '../../lib/secret.ts';
import { isToken } from '../read-github.ts';
import type { AppTokens, Installation } from './app-tokens.ts';

export type GitHubAppParts = {
  readonly appId: string;
  /** PEM. */
  readonly privateKey: Secret;
  /** None: all of the app's. */
  readonly installationIds: readonly string[];
  /** Without a slash at its end. */
  readonly apiUrl: string;
};

/**
 * What a draft needs, and no more: https://docs.github.com/rest/authentication/permissions-required-for-github-apps. Labels and comments of a pull request
 * are an issue's. Never `administration` or `workflows`.
 */
const permissions = {
  contents: 'write',
  pull_requests: 'write',
  checks: 'write',
  issues: 'write',
  metadata: 'read',
} as const;

/** GitHub's tokens of an installation live so long: https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app. */
const lifeMs = 3_600_000;

const pageSize = 100;

/** Tokens of a GitHub App, by Octokit; its package is loaded when the first one is needed. Nothing is kept of what GitHub gives. */
export class GitHubAppTokens implements AppTokens {
  readonly #parts: GitHubAppParts;
  readonly #request: typeof request;

  constructor(parts: GitHubAppParts) {
    this.#parts = parts;
    this.#request = request.defaults({ baseUrl: parts.apiUrl });
  }

  async installations({ signal }: { readonly signal: AbortSignal }): Promise<readonly Installation[]> {
    const { token } = await (await this.#open(signal))({ type: 'app' });
    const all: Installation[] = [];
    for (let page = 1; ; page += 1) {
      const { data } = await this.#request('GET /app/installations', {
        per_page: pageSize,
        page,
        headers: { authorization: `bearer ${token}` },
        request: { signal },
      });
      if (!Array.isArray(data)) throw wrongAnswer('no list');
      all.push(...data.map(({ id, account }) => ({ id: String(id), account: accountOf(account) })));
      if (data.length < pageSize) break;
    }
    const { installationIds } = this.#parts;
    if (installationIds.length === 0) return all;
    return installationIds.map((id) => all.find((one) => one.id === id) ?? { id, account: undefined });
  }

  async newToken(
    installationId: string,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<{ readonly secret: Secret; readonly expiresAtMs: number }> {
    const auth = await this.#open(signal);
    const fromMs = Date.now();
    // Without `refresh` Octokit's cache might give the token again that GitHub has just refused.
    const { token } = await auth({ type: 'installation', installationId, permissions, refresh: true });
    if (typeof token !== 'string' || !isToken(token)) throw wrongAnswer('no token');
    // `expires_at` is by GitHub's clock: with a clock of ours that is an hour ahead, each new token would have expired before it came.
    return { secret: new Secret(token), expiresAtMs: fromMs + lifeMs };
  }

  async #open(signal: AbortSignal): Promise<ReturnType<typeof createAppAuth>> {
    signal.throwIfAborted();
    const { createAppAuth: create } = await import('@octokit/auth-app');
    return create({
      appId: this.#parts.appId,
      privateKey: this.#parts.privateKey.reveal(),
      // Octokit takes no signal where it asks for a token, so each question has a request of its own.
      request: this.#request.defaults({ request: { signal } }),
      log: { warn: () => undefined },
    });
  }
}

function wrongAnswer(what: string): HoldfastError {
  return new HoldfastError(
    'unavailable',
    `there is ${what} in the answer; see whether GITHUB_API_URL is that of an API`,
  );
}

/** An enterprise has a slug, and everybody else a login. */
function accountOf(account: { readonly login?: string; readonly slug?: string } | null): string | undefined {
  return (account?.login ?? account?.slug)?.toLowerCase();
}
