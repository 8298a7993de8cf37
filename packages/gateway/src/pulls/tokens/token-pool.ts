import { HoldfastError } from '@holdfast/protocol';
import { readGitHubConfig, type Environment } from '../../config.ts';
import { Secret } from '../../lib/secret.ts';
import { classify, quotaOf, type Answer, type Question, type Verdict } from '../retry/classify.ts';
import { isToken } from '../read-github.ts';
import { resources, type Resource } from '../retry/resource.ts';
import { advance, choose, failuresAt, freeAt, isInRotation, startPool, type PoolEffect } from './token-state.ts';

/** A token that was taken for one request. */
export type PooledToken = {
  /** `token-1`, `token-2` …: its place among those that were given. Metrics and logs know it by this. */
  readonly label: string;
  readonly secret: Secret;
};

export type TokenChoice =
  | ({ readonly kind: 'token' } & PooledToken)
  /** Nothing may be sent before `untilMs` (epoch): that is when the first token is free again. */
  | { readonly kind: 'cooling'; readonly label: string; readonly untilMs: number }
  /** There is no token that GitHub would take; `message` says what to do. */
  | { readonly kind: 'none'; readonly message: string };

/** What an operator should hear of: two tokens of one user, or one that GitHub refused. */
export type TokenWarning =
  | { readonly kind: 'same_user'; readonly label: string; readonly as: string; readonly message: string }
  | { readonly kind: 'quarantined'; readonly label: string; readonly untilMs: number; readonly message: string };

export type TokenPoolOptions = {
  readonly onWarning?: (warning: TokenWarning) => void;
  /** Epoch milliseconds. Default: `Date.now`. */
  readonly now?: () => number;
};

/** How a token stands, for a status page; without the token. */
export type TokenStatus = {
  readonly label: string;
  readonly state: 'in_rotation' | 'spare' | 'quarantined';
  readonly failures: number;
  /** Until when nothing is sent with it, by resource; only what lies ahead. */
  readonly coolingUntilMs: Readonly<Partial<Record<Resource, number>>>;
};

/**
 * Spreads requests over several tokens: those with quota left in turn, the ones with the fewest recent failures first. GitHub's limits are per
 * user, so a pool helps only with tokens of different identities, each of which one is entitled to use. Tokens are never shown.
 */
export class TokenPool {
  readonly #secrets: readonly Secret[];
  readonly #options: TokenPoolOptions;
  #state: ReturnType<typeof startPool>;

  /**
   * Without tokens: those of `GITHUB_API_TOKEN_POOL`, else `GITHUB_TOKEN`. The same token twice counts once. Throws `bad_message` for one
   * that cannot be a token, and names its place.
   */
  constructor(tokens: readonly (string | Secret)[] = readGitHubConfig().tokens, options: TokenPoolOptions = {}) {
    const texts = tokens.map((token) => (token instanceof Secret ? token.reveal() : token.trim()));
    const wrong = texts.flatMap((text, index) => (isToken(text) ? [] : [index + 1]));
    if (wrong.length > 0) {
      throw new HoldfastError('bad_message', `TokenPool: what is at place ${wrong.join(', ')} cannot be a token.`);
    }
    this.#secrets = [...new Set(texts)].map((text) => new Secret(text));
    this.#options = options;
    this.#state = startPool(this.#secrets.length);
  }

  /** The pool of `GITHUB_API_TOKEN_POOL`, else `GITHUB_TOKEN`. Throws `bad_message` with all faults of the `GITHUB_…` variables. */
  static fromEnv(env?: Environment, options: TokenPoolOptions = {}): TokenPool {
    return new TokenPool(readGitHubConfig(env).tokens, options);
  }

  /** How many tokens are in rotation: neither refused by GitHub nor of the same user as another one. */
  size(): number {
    const atMs = this.#now();
    return this.#secrets.filter((_, index) => isInRotation(this.#state, index, atMs)).length;
  }

  /** Recent failures by label; one is forgotten each minute. */
  get tokenFailures(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.status().map(({ label, failures }) => [label, failures]));
  }

  /** How each token stands, in their order. */
  status(): readonly TokenStatus[] {
    const atMs = this.#now();
    return this.#state.tokens.map((token, index) => ({
      label: labelOf(index),
      state:
        token.quarantinedUntilMs > atMs
          ? 'quarantined'
          : isInRotation(this.#state, index, atMs)
            ? 'in_rotation'
            : 'spare',
      failures: failuresAt(token, atMs),
      coolingUntilMs: Object.fromEntries(
        resources.flatMap((resource) => (freeAt(token, resource) > atMs ? [[resource, freeAt(token, resource)]] : [])),
      ),
    }));
  }

  /** A token for one request to a resource; tell with {@link ended} how it went. */
  take(resource: Resource = 'core'): TokenChoice {
    const choice = choose(this.#state, resource, this.#now());
    switch (choice.kind) {
      case 'none':
        return { kind: 'none', message: nothingToTake[choice.why] };
      case 'cooling':
        return { kind: 'cooling', label: labelOf(choice.token), untilMs: choice.untilMs };
      case 'token': {
        const secret = this.#secrets[choice.token];
        if (!secret)
          throw new HoldfastError('internal', `The pool chose a token that it does not have (${choice.token}).`);
        this.#advance({ kind: 'taken', token: choice.token });
        return { kind: 'token', label: labelOf(choice.token), secret };
      }
    }
  }

  /**
   * What a request with this token was answered, error or not; every answer counts, for its headers tell what is left. Gives what the answer
   * means for the call.
   */
  ended(label: string, question: Question, answer: Answer): Verdict {
    const atMs = this.#now();
    const verdict = classify(question, answer, atMs);
    const quota = answer.kind === 'response' ? quotaOf(question, answer.headers, atMs) : undefined;
    this.#advance({ kind: 'ended', token: indexOf(label), atMs, verdict, ...(quota && { quota }) });
    return verdict;
  }

  /** This token acts as that user. Two of one user share their limits, and only the first is used from now on. */
  identify(label: string, account: string): void {
    this.#advance({ kind: 'identified', token: indexOf(label), atMs: this.#now(), account });
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  #advance(event: Parameters<typeof advance>[1]): void {
    const { state, effects } = advance(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#options.onWarning?.(warningOf(effect));
  }
}

const nothingToTake = {
  empty: 'There is no GitHub token; set GITHUB_TOKEN, or GITHUB_API_TOKEN_POOL for several.',
  all_refused:
    'GitHub refused every token (401); see whether those in GITHUB_API_TOKEN_POOL or GITHUB_TOKEN have expired.',
} as const;

function labelOf(index: number): string {
  return `token-${index + 1}`;
}

function indexOf(label: string): number {
  return Number(/^token-(\d+)$/.exec(label)?.[1] ?? 0) - 1;
}

function warningOf(effect: PoolEffect): TokenWarning {
  const label = labelOf(effect.token);
  switch (effect.kind) {
    case 'same_user': {
      const as = labelOf(effect.as);
      const message = `${label} is of the same user as ${as}; GitHub counts per user, so it adds nothing and is a spare.`;
      return { kind: 'same_user', label, as, message };
    }
    case 'quarantined': {
      const message = `GitHub refused ${label} (401); it is not used for an hour. See whether it has expired or was revoked.`;
      return { kind: 'quarantined', label, untilMs: effect.untilMs, message };
    }
  }
}
