import { resources, type Resource } from '../retry/resource.ts';
import { addCost, grounded, type Cost, type Flying } from './budget-flying.ts';
import { hour, minute } from './budget-limits.ts';
import { emptyWindow, forget, pullBack, spend, type Window } from './budget-window.ts';

/**
 * What one account has sent, by which `judge` tells what it may still send, so that GitHub never has to say no. Pure; times are epoch milliseconds.
 *
 * A request **flies** from the permit to the answer and counts in full all the while, because nobody knows when it arrives. When it has **landed** it
 * counts for a window's length from then on: it arrived before that, so what GitHub sees in any minute is no more than what was let in, however
 * long requests take. Of the hourly quota GitHub tells how much is used; all that it has not told of is what flies. While nothing is known of a
 * quota, one request goes ahead and finds out.
 *
 * Several processes may share an account: each is a **member** with what flies for it and how many content-creating writes wait there; one that the
 * others have not heard of for {@link memberMs} has died, and what flew for it counts as landed. A clock that is behind is taken for as late as the
 * newest that wrote; one far ahead is not believed.
 */
export type BudgetState = {
  /** The newest time of any event. */
  readonly atMs: number;
  readonly rest: Window;
  readonly graphql: Window;
  readonly contentOfMinute: Window;
  readonly contentOfHour: Window;
  /** When the last content-creating write started. */
  readonly contentAtMs: number;
  readonly quotas: Readonly<Partial<Record<Resource, QuotaState>>>;
  readonly members: Readonly<Record<string, Member>>;
};

export type QuotaState =
  | {
      readonly kind: 'known';
      readonly limit: number;
      readonly used: number;
      /** By our clock, late rather than early. */
      readonly resetAtMs: number;
      /** By GitHub's clock: which hour it is about. */
      readonly resetS: number;
    }
  /** GitHub answers without telling of one: an Enterprise server need not have any. */
  | { readonly kind: 'none' };

/** `waiting`: REST writes that create content and wait there; others keep points back for them. */
export type Member = { readonly seenAtMs: number; readonly flying: Flying; readonly waiting: number };

/** What an answer tells of the quota; `nothing`: GitHub does not tell of any, `lost`: there was no answer, or a broken one. */
export type ToldQuota =
  | {
      readonly resource: Resource;
      readonly limit: number;
      readonly used: number;
      readonly resetAtMs: number;
      readonly resetS: number;
    }
  | 'nothing'
  | 'lost';

export type BudgetEvent =
  | { readonly kind: 'started'; readonly member: string; readonly atMs: number; readonly cost: Cost }
  /** It was answered, or will not be. `isFree`: it cost nothing of the quota (304). */
  | {
      readonly kind: 'landed';
      readonly member: string;
      readonly atMs: number;
      readonly cost: Cost;
      readonly told: ToldQuota;
      readonly isFree: boolean;
    }
  /** Nothing was sent. */
  | { readonly kind: 'unused'; readonly member: string; readonly atMs: number; readonly cost: Cost }
  /** A member says how much flies for it, whatever was known of that before. */
  | { readonly kind: 'seen'; readonly member: string; readonly atMs: number; readonly flying: Flying }
  /** A member says how many content-creating writes wait there. */
  | { readonly kind: 'waiting'; readonly member: string; readonly atMs: number; readonly count: number };

/** A member that is not heard of for so long has died. */
export const memberMs = 30_000;
/** Clocks of machines differ by less. */
const credibleMs = 10_000;
/** GitHub's servers do not quite agree on when an hour ends; the shortest quota is of a minute. */
const sameQuotaS = 5;

const nobody = { flying: grounded, waiting: 0 };

/** The budget of an account of which nothing is known. */
export const freshBudget: BudgetState = {
  atMs: 0,
  rest: emptyWindow,
  graphql: emptyWindow,
  contentOfMinute: emptyWindow,
  contentOfHour: emptyWindow,
  contentAtMs: -hour.lengthMs,
  quotas: {},
  members: {},
};

/** The state after an event. */
export function advanceBudget(before: BudgetState, event: BudgetEvent): BudgetState {
  const state = asOf(before, event.member, event.atMs);
  const { flying, waiting } = state.members[event.member] ?? nobody;
  switch (event.kind) {
    case 'started': {
      const next = withMember(state, event.member, { flying: addCost(flying, event.cost, 1), waiting });
      return event.cost.kind === 'content' ? { ...next, contentAtMs: state.atMs } : next;
    }
    case 'unused':
      return withMember(state, event.member, { flying: addCost(flying, event.cost, -1), waiting });
    case 'seen':
      return withMember(state, event.member, { flying: event.flying, waiting });
    case 'waiting':
      return withMember(state, event.member, { flying, waiting: event.count });
    case 'landed': {
      const rest = withMember(state, event.member, { flying: addCost(flying, event.cost, -1), waiting });
      const next = land(rest, addCost(grounded, event.cost, 1));
      return learn(next, event);
    }
  }
}

/**
 * The state after events that happened elsewhere before now, and were not told at once. One that is older than the state comes at the state's time: its
 * own would say that the state's clock is far ahead.
 */
export function replayBudget(before: BudgetState, events: readonly BudgetEvent[], nowMs: number): BudgetState {
  return events.reduce(
    (state, event) => advanceBudget(state, { ...event, atMs: Math.max(event.atMs, Math.min(state.atMs, nowMs)) }),
    before,
  );
}

/** What flies for a member. */
export function flyingFor(state: BudgetState, member: string): Flying {
  return state.members[member]?.flying ?? grounded;
}

/** How many content-creating writes wait at a member, as far as the state knows. */
export function waitingAt(state: BudgetState, member: string): number {
  return state.members[member]?.waiting ?? 0;
}

/** How many members share the account, as far as is known. */
export function memberCount(state: BudgetState): number {
  return Object.keys(state.members).length;
}

/** The state as `self` sees it: what no longer counts is forgotten, and what flew for others that are not heard of any more has landed. */
export function asOf(state: BudgetState, self: string, atMs: number): BudgetState {
  const isCredible = state.atMs - atMs <= credibleMs;
  const nowMs = isCredible ? Math.max(state.atMs, atMs) : atMs;
  const sane = isCredible ? state : pulledBack(state, nowMs);
  const next = {
    ...sane,
    atMs: nowMs,
    rest: forget(sane.rest, minute, nowMs),
    graphql: forget(sane.graphql, minute, nowMs),
    contentOfMinute: forget(sane.contentOfMinute, minute, nowMs),
    contentOfHour: forget(sane.contentOfHour, hour, nowMs),
  };
  const dead = Object.entries(next.members).filter(
    ([member, { seenAtMs }]) => member !== self && nowMs - seenAtMs > memberMs,
  );
  return dead.reduce<BudgetState>(
    (all, [member, { flying }]) => lose(land(withMember(all, member, nobody), flying), flying),
    next,
  );
}

/** Nobody will tell whether these were counted: they were. */
function lose(state: BudgetState, flying: Flying): BudgetState {
  const quotas = { ...state.quotas };
  for (const resource of resources) {
    const quota = quotas[resource];
    if (quota?.kind === 'known') quotas[resource] = { ...quota, used: quota.used + flying.of[resource] };
  }
  return { ...state, quotas };
}

/** What a clock that was far ahead wrote, as if it had been written now. */
function pulledBack(state: BudgetState, atMs: number): BudgetState {
  const members = Object.entries(state.members).map(([name, member]): [string, Member] => [
    name,
    { ...member, seenAtMs: Math.min(member.seenAtMs, atMs) },
  ]);
  return {
    ...state,
    rest: pullBack(state.rest, minute, atMs),
    graphql: pullBack(state.graphql, minute, atMs),
    contentOfMinute: pullBack(state.contentOfMinute, minute, atMs),
    contentOfHour: pullBack(state.contentOfHour, hour, atMs),
    contentAtMs: Math.min(state.contentAtMs, atMs),
    members: Object.fromEntries(members),
  };
}

/** One that nothing flies for, and where nobody waits, needs no row. */
function withMember(state: BudgetState, member: string, row: Omit<Member, 'seenAtMs'>): BudgetState {
  const { [member]: _, ...others } = state.members;
  const isIdle = row.flying.requests <= 0 && row.waiting <= 0;
  return { ...state, members: isIdle ? others : { ...others, [member]: { seenAtMs: state.atMs, ...row } } };
}

function land(state: BudgetState, landed: Flying): BudgetState {
  const { atMs } = state;
  return {
    ...state,
    rest: spend(state.rest, minute, landed.rest, atMs),
    graphql: spend(state.graphql, minute, landed.graphql, atMs),
    contentOfMinute: spend(state.contentOfMinute, minute, landed.content, atMs),
    contentOfHour: spend(state.contentOfHour, hour, landed.content, atMs),
  };
}

/**
 * GitHub numbers what it counts, and answers come out of order: with the highest number told and what flies, all is counted. A late answer of the
 * hour before tells nothing.
 */
function learn(state: BudgetState, { told, cost, isFree }: Extract<BudgetEvent, { kind: 'landed' }>): BudgetState {
  const resource = typeof told === 'string' ? cost.resource : told.resource;
  const known = state.quotas[resource];
  const set = (quota: QuotaState): BudgetState => ({ ...state, quotas: { ...state.quotas, [resource]: quota } });
  if (typeof told === 'string') {
    if (known?.kind === 'known') return isFree ? state : set({ ...known, used: known.used + 1 });
    return told === 'nothing' ? set({ kind: 'none' }) : state;
  }
  const { limit, used, resetAtMs, resetS } = told;
  const heard: QuotaState = { kind: 'known', limit, used, resetAtMs, resetS };
  if (known?.kind !== 'known' || resetS > known.resetS + sameQuotaS) return set(heard);
  if (resetS < known.resetS - sameQuotaS) return state;
  // By our clock the reset is reckoned from the answer's date, and seems later by as long as the answer was under way.
  return set({ ...heard, used: Math.max(used, known.used), resetAtMs: Math.max(known.resetAtMs, resetAtMs) });
}
