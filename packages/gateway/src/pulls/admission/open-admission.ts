import type { Secret } from '../../lib/secret.ts';
import type { GitHubAppConfig } from '../read-github-app.ts';
import { GitHubAccountReader } from '../tokens/account-reader.github.ts';
import { GitHubAppTokens } from '../tokens/app-tokens.github.ts';
import { TokenPool } from '../tokens/token-pool.ts';
import type { TokenWarning } from '../tokens/token-warning.ts';
import { machineClock } from './admission-clock.ts';
import { TokenAdmission, type TokenAdmissionOptions } from './token-admission.ts';

export type OpenAdmissionOptions = Omit<TokenAdmissionOptions, 'app' | 'accounts'> & {
  readonly tokens: readonly (string | Secret)[];
  /** Its installations go before the tokens. */
  readonly app?: GitHubAppConfig | undefined;
  /** Where tokens are asked whose they are, and the app for its own; without a slash at its end. Without it they are not asked. */
  readonly apiUrl?: string;
  readonly onWarning?: (warning: TokenWarning) => void;
};

/**
 * The door to GitHub for these tokens, and the pool that they are in; `openAdmission(readGitHubConfig())` is that of the `GITHUB_…` variables. Nothing is
 * asked before somebody waits. Throws `bad_message` for what cannot be a token.
 */
export function openAdmission(options: OpenAdmissionOptions): {
  readonly admission: TokenAdmission;
  readonly pool: TokenPool;
} {
  const { tokens, app, apiUrl, onWarning, clock = machineClock, ...rest } = options;
  const pool = new TokenPool(tokens, { now: () => clock.now(), ...(onWarning && { onWarning }) });
  const admission = new TokenAdmission(pool, {
    ...rest,
    clock,
    ...(apiUrl !== undefined && { accounts: new GitHubAccountReader(apiUrl) }),
    ...(app && { app: new GitHubAppTokens({ ...app, apiUrl: apiUrl ?? 'https://api.github.com' }) }),
  });
  return { pool, admission };
}
