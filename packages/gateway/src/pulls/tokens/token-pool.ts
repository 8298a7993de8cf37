import { HoldfastError } from '@holdfast/protocol';
import { readGitHubConfig } from '../../config.ts';
import type { Environment } from '../../lib/environment.ts';
import { Secret } from '../../lib/secret.ts';
import { tell } from '../../lib/tell.ts';
import { classify, quotaOf, type Answer, type Question, type Verdict } from '../retry/classify.ts';
import { isToken } from '../read-github.ts';
import { aFunction, optionFaults, shapeOf, type OptionRule } from '../retry/option-faults.ts';
import { resources, type Resource } from '../retry/resource.ts';
import { givenToken, type TokenSource } from './token-source.ts';
import {
  advance,
  candidates,
  failuresAt,
  freeAt,
  isInRotation,
  startPool,
  type PoolEffect,
  type Standing,
} from './token-state.ts';
import { needlessScopes, type TokenWarning } from './token-warning.ts';

export type { TokenWarning } from './token-warning.ts';

/** A token that was taken for one request. */
export type PooledToken = {
  /** `token-1`, `token-2` …: its place among those that were given; `app-1` …: an app's installation. Metrics and logs know it by this. */
  readonly label: string;
  readonly secret: Secret;
};

export type TokenChoice =
  | ({ readonly kind: 'token' } & PooledToken)
  /** Nothing may be sent before `untilMs` (epoch): that is when the first token is free again. */
  | { readonly kind: 'cooling'; readonly label: string; readonly untilMs: number }
  /** There is no token that GitHub would take; `message` says what to do. */
  | { readonly kind: 'none'; readonly message: string };

export type TokenPoolOptions = {
  readonly onWarning?: (warning: TokenWarning) => void;
  /** Epoch milliseconds. Default: `Date.now`. */
  readonly now?: () => number;
};

const optionRules: Readonly<Record<keyof TokenPoolOptions, OptionRule>> = { onWarning: aFunction, now: aFunction };

/** How a token stands, for a status page; without the token. */
export type TokenStatus = {
  readonly label: string;
  readonly state: 'in_rotation' | 'spare' | 'quarantined';
  readonly failures: number;
  /** Until when nothing is sent with it, by resource; only what lies ahead. */
  readonly coolingUntilMs: Readonly<Partial<Record<Resource, number>>>;
};

/** A token that may be used from `freeAtMs` on. */
export type PoolCandidate = {
  readonly label: string;
  readonly source: TokenSource;
  readonly isOfApp: boolean;
  readonly freeAtMs: number;
  /** So many requests may be under way; fewer than GitHub allows after a secondary limit. */
  readonly mostAtOnce: number;
};

type Place = { readonly label: string; readonly source: TokenSource; readonly isOfApp: boolean };

/**
 * Spreads requests over several tokens: those with quota left in turn, the ones with the fewest recent failures first. GitHub's limits are per
 * user, so a pool helps only with tokens of different identities, each of which one is entitled to use. Tokens are never shown.
 */
export class TokenPool {
  readonly #places: Place[];
  readonly #options: TokenPoolOptions;
  readonly #withNeedlessScopes = new Set<string>();
  #state: ReturnType<typeof startPool>;

  /**
   * Without tokens: those of `GITHUB_API_TOKEN_POOL`, else `GITHUB_TOKEN`. The same token twice counts once. Throws `bad_message` for what
   * cannot be a token, and names its place, and for options that there are not.
   */
  constructor(tokens: readonly (string | Secret)[] = readGitHubConfig().tokens, options: TokenPoolOptions = {}) {
    const texts = Array.isArray(tokens) ? tokens.map(textOf) : [];
    const wrong = texts.flatMap((text, index) => (isToken(text) ? [] : [index + 1]));
    const faults = [
      ...(Array.isArray(tokens) ? [] : [`tokens are an array, and this is ${shapeOf(tokens)}`]),
      ...(wrong.length > 0 ? [`what is at place ${wrong.join(', ')} cannot be a token`] : []),
      ...optionFaults(options, optionRules),
    ];
    if (faults.length > 0) throw new HoldfastError('bad_message', `TokenPool: ${faults.join('; ')}.`);
    this.#places = [...new Set(texts)].map((text, index) => ({
      label: `token-${index + 1}`,
      source: givenToken(new Secret(text)),
      isOfApp: false,
    }));
    this.#options = options;
    this.#state = startPool(this.#places.length);
  }

  /** The pool of `GITHUB_API_TOKEN_POOL`, else `GITHUB_TOKEN`. Throws `bad_message` with all faults of the `GITHUB_…` variables. */
  static fromEnv(env?: Environment, options: TokenPoolOptions = {}): TokenPool {
    return new TokenPool(readGitHubConfig(env).tokens, options);
  }

  /** How many tokens are in rotation: neither refused by GitHub nor of the same user as another one. */
  size(): number {
    const atMs = this.now();
    return this.#places.filter((_, index) => isInRotation(this.#state, index, atMs)).length;
  }

  /** Recent failures by label; one is forgotten each minute. */
  get tokenFailures(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.status().map(({ label, failures }) => [label, failures]));
  }

  /** How each token stands, in their order. */
  status(): readonly TokenStatus[] {
    const atMs = this.now();
    return this.#state.tokens.map((token, index) => ({
      label: this.#labelOf(index),
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
    const atMs = this.now();
    const { all, message } = this.candidates(resource);
    const ready = all.flatMap(({ label, source, freeAtMs }) => {
      const secret = source.secret(atMs);
      return secret ? [{ label, secret, freeAtMs }] : [];
    });
    const best = ready[0];
    if (!best) return { kind: 'none', message };
    if (best.freeAtMs > atMs) return { kind: 'cooling', label: best.label, untilMs: best.freeAtMs };
    this.taken(best.label);
    return { kind: 'token', label: best.label, secret: best.secret };
  }

  /**
   * What a request with this token was answered, error or not; every answer counts, for its headers tell what is left. Gives what the answer
   * means for the call.
   */
  ended(label: string, question: Question, answer: Answer): Verdict {
    const atMs = this.now();
    const verdict = classify(question, answer, atMs);
    const quota = answer.kind === 'response' ? quotaOf(question, answer.headers, atMs) : undefined;
    this.#advance({ kind: 'ended', token: this.#indexOf(label), atMs, verdict, ...(quota && { quota }) });
    if (answer.kind === 'response') this.#lookAtScopes(label, answer.headers['x-oauth-scopes']);
    return verdict;
  }

  /** This token acts as that user. Two of one user share their limits, and only the first is used from now on. */
  identify(label: string, account: string): void {
    this.#advance({ kind: 'identified', token: this.#indexOf(label), atMs: this.now(), account });
  }

  /** One more token. Returns its label. */
  join(source: TokenSource, kind: 'app' | 'token'): string {
    const count = this.#places.filter(({ label }) => label.startsWith(`${kind}-`)).length;
    const label = `${kind}-${count + 1}`;
    const isOfApp = kind === 'app';
    this.#places.push({ label, source, isOfApp });
    this.#advance({ kind: 'joined', isOfApp });
    return label;
  }

  /** The tokens in rotation, the best first; `message` when there is none. */
  candidates(resource: Resource): { readonly all: readonly PoolCandidate[]; readonly message: string } {
    const all = candidates(this.#state, resource, this.now()).flatMap(({ token, freeAtMs, mostAtOnce }) => {
      const place = this.#places[token];
      return place ? [{ ...place, freeAtMs, mostAtOnce }] : [];
    });
    return { all, message: nothingToTake[this.#places.length === 0 ? 'empty' : 'all_refused'] };
  }

  /** A request goes out with it: it is the last in turn now. */
  taken(label: string): void {
    this.#advance({ kind: 'taken', token: this.#indexOf(label) });
  }

  /** The user that a token acts as, once told with {@link identify}. */
  accountOf(label: string): string | undefined {
    return this.#state.tokens[this.#indexOf(label)]?.account;
  }

  /** The first token that acts as this user. */
  firstOf(account: string): { readonly label: string; readonly source: TokenSource } | undefined {
    return this.#places[this.#state.tokens.findIndex((token) => token.account === account)];
  }

  /** What other processes should know of a token. */
  standingOf(label: string): Standing | undefined {
    const token = this.#state.tokens[this.#indexOf(label)];
    if (!token) return undefined;
    const { failures, failedAtMs, quarantinedUntilMs, cooling } = token;
    return { failures, failedAtMs, quarantinedUntilMs, cooling };
  }

  /** What another process knows of a token. */
  hear(label: string, standing: Standing): void {
    this.#advance({ kind: 'told', token: this.#indexOf(label), standing });
  }

  /** The labels of all tokens, in their order. */
  labels(): readonly string[] {
    return this.#places.map(({ label }) => label);
  }

  /** Tells an operator. */
  warn(warning: TokenWarning): void {
    tell('onWarning', () => this.#options.onWarning?.(warning));
  }

  /** Epoch milliseconds, by the pool's clock. */
  now(): number {
    return (this.#options.now ?? Date.now)();
  }

  #lookAtScopes(label: string, header: string | undefined): void {
    if (header === undefined || this.#withNeedlessScopes.has(label)) return;
    const scopes = needlessScopes(header);
    if (scopes.length === 0) return;
    this.#withNeedlessScopes.add(label);
    const message = `${label} may do more than Holdfast needs (${scopes.join(', ')}); a fine-grained token for contents, pull requests, issues and checks is enough.`;
    this.warn({ kind: 'too_many_scopes', label, scopes, message });
  }

  #labelOf(index: number): string {
    return this.#places[index]?.label ?? '';
  }

  #indexOf(label: string): number {
    return this.#places.findIndex((place) => place.label === label);
  }

  #advance(event: Parameters<typeof advance>[1]): void {
    const { state, effects } = advance(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.warn(this.#warningOf(effect));
  }

  #warningOf(effect: PoolEffect): TokenWarning {
    const label = this.#labelOf(effect.token);
    switch (effect.kind) {
      case 'same_user': {
        const as = this.#labelOf(effect.as);
        const message = `${label} is of the same user as ${as}; GitHub counts per user, so it adds nothing and is a spare.`;
        return { kind: 'same_user', label, as, message };
      }
      case 'quarantined': {
        const message = `GitHub refused ${label} (401); it is not used for an hour. See whether it has expired or was revoked.`;
        return { kind: 'quarantined', label, untilMs: effect.untilMs, message };
      }
    }
  }
}

const nothingToTake = {
  empty: 'There is no GitHub token; set GITHUB_TOKEN, or GITHUB_API_TOKEN_POOL for several.',
  all_refused:
    'GitHub refused every token (401); see whether those in GITHUB_API_TOKEN_POOL or GITHUB_TOKEN have expired.',
} as const;

/** Of what is no text nothing can be a token. */
function textOf(token: unknown): string {
  if (token instanceof Secret) return token.reveal();
  return typeof token === 'string' ? token.trim() : '';
}
