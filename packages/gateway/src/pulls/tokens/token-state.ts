import { secondaryDelayMs } from '../retry/back-off.ts';
import type { Quota, Verdict } from '../retry/classify.ts';
import { resources, type Resource } from '../retry/resource.ts';
import { moreAnswers, oneMoreAnswer, slowStart } from './slow-start.ts';

/**
 * Which token of a pool the next request goes out with. Pure: tokens are known by their place in the list, from 0.
 *
 * A token is **in rotation**, **cooling down** for a resource (its quota is used up, or GitHub asked for a pause; a secondary limit counts for
 * all resources), **quarantined** (GitHub refused it with 401), or a **spare**: it belongs to the same user as one before it. GitHub counts per user,
 * so what one token of a user hits holds for all of that user's, and only the first that is not quarantined is used.
 * Of those in rotation one of an app goes before one of a person; then the one with the fewest recent failures is taken; among equals the one
 * that was not taken for longest.
 */
export type PoolState = {
  readonly tokens: readonly TokenState[];
  readonly takes: number;
};

export type TokenState = {
  /** Of an app's installation: taken before those of persons. */
  readonly isOfApp: boolean;
  /** As of `failedAtMs`; one is forgotten each minute. */
  readonly failures: number;
  readonly failedAtMs: number;
  /** The number of the take that took it last; 0: none. */
  readonly lastTake: number;
  readonly quarantinedUntilMs: number;
  /** The user that it acts as, once told. */
  readonly account: string | undefined;
  readonly cooling: Cooling;
};

/** Of a user: the same in all tokens that are known to be the user's. */
export type Cooling = {
  readonly untilMs: Readonly<Record<Resource, number>>;
  readonly allUntilMs: number;
  /** Secondary limits in a row. */
  readonly secondaryLimits: number;
  /** Good answers since the last of them; undefined: so many, or there was none. */
  readonly answersSince: number | undefined;
};

export type PoolEvent =
  | { readonly kind: 'taken'; readonly token: number }
  /** A request with it ended at `atMs`; `quota` is what the answer's headers say. */
  | {
      readonly kind: 'ended';
      readonly token: number;
      readonly atMs: number;
      readonly verdict: Verdict;
      readonly quota?: Quota;
    }
  /** It acts as this user. */
  | { readonly kind: 'identified'; readonly token: number; readonly atMs: number; readonly account: string }
  /** There is one more. */
  | { readonly kind: 'joined'; readonly isOfApp: boolean }
  /** Another process, which uses it too, has told how it stands. */
  | { readonly kind: 'told'; readonly token: number; readonly standing: Standing };

/** What processes that share a token tell each other of it. */
export type Standing = Pick<TokenState, 'failures' | 'failedAtMs' | 'quarantinedUntilMs' | 'cooling'>;

export type PoolEffect =
  | { readonly kind: 'quarantined'; readonly token: number; readonly untilMs: number }
  | { readonly kind: 'same_user'; readonly token: number; readonly as: number };

/** A token in rotation, from when it may be used, and for how many requests at once, as {@link slowStart} tells. */
export type Candidate = { readonly token: number; readonly freeAtMs: number; readonly mostAtOnce: number };

const forgottenPerMs = 1 / 60_000;
const mostFailures = 60;
/** A 401 may be a fault of GitHub's own, so it is not for ever; asking often with a bad token locks its user out. */
const quarantineMs = 3_600_000;
/** GitHub's windows last an hour (https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api); an answer or a clock that is wrong must not take a token away for ever. */
const longestRestMs = 24 * 3_600_000;

const warm: Cooling = {
  untilMs: { core: 0, search: 0, code_search: 0, graphql: 0 },
  allUntilMs: 0,
  secondaryLimits: 0,
  answersSince: undefined,
};
const fresh: TokenState = {
  isOfApp: false,
  failures: 0,
  failedAtMs: 0,
  lastTake: 0,
  quarantinedUntilMs: 0,
  account: undefined,
  cooling: warm,
};

/** A pool of this many tokens of which nothing is known. */
export function startPool(count: number): PoolState {
  return { tokens: Array.from({ length: count }, (): TokenState => fresh), takes: 0 };
}

/** The tokens in rotation, the best first: those that are free in the order of {@link PoolState}, then the others as they become free. */
export function candidates(state: PoolState, resource: Resource, atMs: number): readonly Candidate[] {
  const order = (one: Rated, other: Rated): number =>
    Number(other.of.isOfApp) - Number(one.of.isOfApp) || one.failures - other.failures || one.lastTake - other.lastTake;
  return state.tokens
    .map((token, index): Rated => ({
      of: token,
      token: index,
      freeAtMs: freeAt(token, resource),
      failures: failuresAt(token, atMs),
      lastTake: token.lastTake,
    }))
    .filter(({ token }) => isInRotation(state, token, atMs))
    .sort((one, other) => Math.max(one.freeAtMs, atMs) - Math.max(other.freeAtMs, atMs) || order(one, other))
    .map(({ of, token, freeAtMs }) => ({ token, freeAtMs, mostAtOnce: slowStart(of.cooling.answersSince) }));
}

type Rated = Omit<Candidate, 'mostAtOnce'> & {
  readonly of: TokenState;
  readonly failures: number;
  readonly lastTake: number;
};

/** The state after an event; one of a token that is not there changes nothing. */
export function advance(
  state: PoolState,
  event: PoolEvent,
): { readonly state: PoolState; readonly effects: readonly PoolEffect[] } {
  if (event.kind === 'joined') {
    return { state: { ...state, tokens: [...state.tokens, { ...fresh, isOfApp: event.isOfApp }] }, effects: [] };
  }
  const token = state.tokens[event.token];
  if (!token) return { state, effects: [] };
  switch (event.kind) {
    case 'taken': {
      const takes = state.takes + 1;
      return { state: { ...replace(state, event.token, { ...token, lastTake: takes }), takes }, effects: [] };
    }
    case 'ended':
      return ended(state, token, event);
    case 'identified':
      return identified(state, token, event);
    case 'told': {
      const next = { ...token, ...worse(token, event.standing) };
      return { state: shareCooling(replace(state, event.token, next), next), effects: [] };
    }
  }
}

/** Of two who tell how a token stands, whoever has seen worse. */
export function worse(one: Standing, other: Standing): Standing {
  const last = other.failedAtMs > one.failedAtMs ? other : one;
  return {
    failures: last.failures,
    failedAtMs: last.failedAtMs,
    quarantinedUntilMs: Math.max(one.quarantinedUntilMs, other.quarantinedUntilMs),
    cooling: later(one.cooling, other.cooling),
  };
}

/** Neither quarantined nor a spare. */
export function isInRotation(state: PoolState, index: number, atMs: number): boolean {
  const token = state.tokens[index];
  if (!token || token.quarantinedUntilMs > atMs) return false;
  return !state.tokens.slice(0, index).some((other) => isSameUser(other, token) && other.quarantinedUntilMs <= atMs);
}

/** Recent failures, as a whole number. */
export function failuresAt(token: TokenState, atMs: number): number {
  const forgotten = Math.floor(Math.max(0, atMs - token.failedAtMs) * forgottenPerMs);
  return Math.max(0, token.failures - forgotten);
}

/** When it may be used for a resource. */
export function freeAt(token: TokenState, resource: Resource): number {
  return Math.max(token.cooling.untilMs[resource], token.cooling.allUntilMs);
}

type Ended = Extract<PoolEvent, { kind: 'ended' }>;
type Advanced = ReturnType<typeof advance>;

function ended(state: PoolState, token: TokenState, event: Ended): Advanced {
  const { atMs, verdict, quota } = event;
  const isRefused = verdict.kind === 'final' && verdict.reason === 'unauthorized';
  const next: TokenState = {
    ...token,
    ...(isFailure(token, event) && { failures: Math.min(mostFailures, failuresAt(token, atMs) + 1), failedAtMs: atMs }),
    ...(isRefused && { quarantinedUntilMs: atMs + quarantineMs }),
    cooling: coolingAfter(token.cooling, event, quota),
  };
  const wasRefused = token.quarantinedUntilMs > atMs;
  const effect = { kind: 'quarantined', token: event.token, untilMs: next.quarantinedUntilMs } as const;
  const effects = isRefused && !wasRefused ? [effect] : [];
  return { state: shareCooling(replace(state, event.token, next), next), effects };
}

/** A limit that a token is already cooling down for is no further failure: of a hundred requests under way, each is answered so. */
function isFailure(token: TokenState, { verdict, atMs }: Ended): boolean {
  switch (verdict.kind) {
    case 'success':
      return false;
    case 'final':
      return verdict.reason === 'unauthorized';
    case 'limited':
      return freeAt(token, verdict.resource) <= atMs;
    case 'transient':
    case 'unknown_outcome':
      return true;
  }
}

/** A cool-down only ever gets longer: answers come out of order, and a late good one does not end it. */
function coolingAfter(cooling: Cooling, { verdict, atMs }: Ended, quota: Quota | undefined): Cooling {
  const within = (untilMs: number): number => Math.min(untilMs, atMs + longestRestMs);
  const rested = quota?.remaining === 0 ? coolFor(cooling, quota.resource, within(quota.resetAtMs)) : cooling;
  const isPaused = cooling.allUntilMs > atMs;
  if (verdict.kind !== 'limited') {
    if (verdict.kind !== 'success' || isPaused) return rested;
    return { ...rested, secondaryLimits: 0, answersSince: oneMoreAnswer(rested.answersSince) };
  }
  if (verdict.limit === 'primary') {
    return coolFor(rested, verdict.resource, within(verdict.notBeforeMs ?? atMs + secondaryDelayMs(1)));
  }
  const secondaryLimits = isPaused ? cooling.secondaryLimits : cooling.secondaryLimits + 1;
  const untilMs = verdict.notBeforeMs ?? (isPaused ? cooling.allUntilMs : atMs + secondaryDelayMs(secondaryLimits));
  return { ...rested, secondaryLimits, answersSince: 0, allUntilMs: Math.max(cooling.allUntilMs, within(untilMs)) };
}

function coolFor(cooling: Cooling, resource: Resource, untilMs: number): Cooling {
  return { ...cooling, untilMs: { ...cooling.untilMs, [resource]: Math.max(cooling.untilMs[resource], untilMs) } };
}

function identified(state: PoolState, token: TokenState, event: Extract<PoolEvent, { kind: 'identified' }>): Advanced {
  if (token.account === event.account) return { state, effects: [] };
  const next = { ...token, account: event.account };
  const peers = state.tokens.flatMap((other, index) =>
    index !== event.token && isSameUser(other, next) ? [index] : [],
  );
  const cooling = peers.reduce((all, index) => later(all, state.tokens[index]?.cooling ?? all), token.cooling);
  const known = { ...next, cooling };
  const first = Math.min(event.token, ...peers);
  // Whichever stands later in the list is the spare.
  const spare = first === event.token ? peers[0] : event.token;
  const effects =
    spare === undefined || spare === first ? [] : [{ kind: 'same_user', token: spare, as: first } as const];
  return { state: shareCooling(replace(state, event.token, known), known), effects };
}

function later(one: Cooling, other: Cooling): Cooling {
  // Of one and the same pause, whoever counts less has seen that it is over.
  const isSamePause = one.allUntilMs === other.allUntilMs;
  const last = one.allUntilMs > other.allUntilMs ? one : other;
  const entries = resources.map((resource) => [resource, Math.max(one.untilMs[resource], other.untilMs[resource])]);
  return {
    untilMs: Object.fromEntries(entries) as Record<Resource, number>,
    allUntilMs: Math.max(one.allUntilMs, other.allUntilMs),
    secondaryLimits: isSamePause ? Math.min(one.secondaryLimits, other.secondaryLimits) : last.secondaryLimits,
    answersSince: isSamePause ? moreAnswers(one.answersSince, other.answersSince) : last.answersSince,
  };
}

function isSameUser(one: TokenState, other: TokenState): boolean {
  return one.account !== undefined && one.account === other.account;
}

function shareCooling(state: PoolState, from: TokenState): PoolState {
  const { cooling } = from;
  return { ...state, tokens: state.tokens.map((token) => (isSameUser(token, from) ? { ...token, cooling } : token)) };
}

function replace(state: PoolState, index: number, token: TokenState): PoolState {
  return { ...state, tokens: state.tokens.with(index, token) };
}
