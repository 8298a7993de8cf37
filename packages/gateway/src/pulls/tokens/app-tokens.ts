import type { HiddenToken } from './hidden-token.ts';

/** Where an app is installed. */
export type Installation = {
  readonly id: string;
  /** The user or organisation whose repositories it may touch, in lower case; undefined: not known. */
  readonly account: string | undefined;
};

/** Tokens of a GitHub App, from GitHub. Rejects with Octokit's errors. */
export interface AppTokens {
  /** Those that the configuration names, else all. */
  installations(options: { readonly signal: AbortSignal }): Promise<readonly Installation[]>;
  /** A new token, with the least permissions that drafts need. It is good for about an hour. */
  newToken(
    installationId: string,
    options: { readonly signal: AbortSignal },
  ): Promise<{ readonly secret: HiddenToken; readonly expiresAtMs: number }>;
}
