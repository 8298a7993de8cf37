import { createHash } from 'node:crypto';
import type { Secret } from '../../lib/secret.ts';
import type { AppTokens, Installation } from './app-tokens.ts';

/** Where the secret of a place in the pool comes from. */
export type TokenSource = {
  /** Names it to the other gateways; the same for the same token or installation, and tells nothing of it. */
  readonly key: string;
  /** Whose repositories it is for, in lower case; undefined: not known, or any. */
  readonly owner: string | undefined;
  /** The secret, as long as it is good. */
  secret(atMs: number): Secret | undefined;
  /** Fetches a secret that {@link secret} does not have; callers at the same time share one fetch. Absent: it is always there. */
  readonly renew?: (options: { readonly signal: AbortSignal }) => Promise<void>;
  /** GitHub refused this secret. True when another one may be fetched in its place: once, until one was accepted. */
  refused(secret: Secret): boolean;
  accepted(): void;
};

/** GitHub's tokens of an installation live for an hour; a request takes minutes at most. */
const aheadMs = 5 * 60_000;

/** A token that was given, and stays. */
export function givenToken(secret: Secret): TokenSource {
  const digest = createHash('sha256').update(secret.reveal()).digest('hex');
  return {
    key: `github/token/${digest.slice(0, 16)}`,
    owner: undefined,
    secret: () => secret,
    refused: () => false,
    accepted: () => {},
  };
}

/** A token of an app's installation, fetched when one is needed and renewed five minutes before it expires. */
export function installationToken(app: AppTokens, installation: Installation): TokenSource {
  let current: { readonly secret: Secret; readonly expiresAtMs: number } | undefined;
  let fetching: Promise<void> | undefined;
  let isSecondChance = false;
  const fetchOne = async (signal: AbortSignal): Promise<void> => {
    try {
      current = await app.newToken(installation.id, { signal });
    } finally {
      fetching = undefined;
    }
  };
  return {
    key: `github/installation/${installation.id}`,
    owner: installation.account,
    secret: (atMs) => (current && current.expiresAtMs - aheadMs > atMs ? current.secret : undefined),
    renew: ({ signal }) => (fetching ??= fetchOne(signal)),
    refused: (secret) => {
      // An answer to what was sent with the one before says nothing of the one that is there now.
      if (current?.secret !== secret) return true;
      if (isSecondChance) return false;
      isSecondChance = true;
      current = undefined;
      return true;
    },
    accepted: () => {
      isSecondChance = false;
    },
  };
}
