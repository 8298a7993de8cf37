import type { Resource } from '../retry/resource.ts';
import { apiOf, grounded, plus, pointsOf, type Cost, type Flying } from './budget-flying.ts';
import { keptForContent } from './budget-kept.ts';
import { documentedLimits, hour, minute, type BudgetLimits } from './budget-limits.ts';
import { roomAt } from './budget-window.ts';
import { asOf, type BudgetState } from './budget.ts';

/** Why something cannot be sent yet. */
export type BudgetReason = 'slots' | 'points' | 'content' | 'quota';

export type Judgement =
  | { readonly kind: 'now' }
  /** Not before `atMs`; undefined: when one that flies has landed. */
  | { readonly kind: 'later'; readonly why: BudgetReason; readonly atMs: number | undefined };

/** Whether a request may be sent. `mostAtOnce`: no more may fly than so many, whatever the limits are. */
export function judge(
  before: BudgetState,
  cost: Cost,
  atMs: number,
  options: { readonly member: string; readonly limits?: BudgetLimits; readonly mostAtOnce?: number },
): Judgement {
  const { member, limits = documentedLimits, mostAtOnce = Infinity } = options;
  const state = asOf(before, member, atMs);
  const nowMs = state.atMs;
  // What the caller's clock says when the state's says `ms`.
  const later = (why: BudgetReason, ms: number | undefined): Judgement => ({
    kind: 'later',
    why,
    atMs: ms === undefined ? undefined : atMs + (ms - nowMs),
  });
  const flying = flyingOf(state);
  if (flying.requests >= Math.min(limits.requests, mostAtOnce)) return later('slots', undefined);
  const quota = quotaAt(state, cost.resource, flying, nowMs);
  if (quota) return later('quota', quota.atMs);
  const api = apiOf(cost);
  const kept = api === 'rest' && cost.kind !== 'content' ? keptAt(state, flying, limits) : 0;
  const limit = api === 'graphql' ? limits.graphqlPoints : limits.restPoints - kept;
  const pointsMs = roomAt(state[api], minute, { limit, flying: flying[api], amount: pointsOf(cost) }, nowMs);
  const contentMs = cost.kind === 'content' ? contentAt(state, flying, limits, nowMs) : nowMs;
  if (pointsMs <= nowMs && contentMs <= nowMs) return { kind: 'now' };
  return pointsMs >= contentMs ? later('points', pointsMs) : later('content', contentMs);
}

/** When the quota has room again; undefined: it has. */
function quotaAt(
  state: BudgetState,
  resource: Resource,
  flying: Flying,
  nowMs: number,
): { readonly atMs: number | undefined } | undefined {
  const quota = state.quotas[resource];
  const fly = flying.of[resource];
  if (!quota) return fly === 0 ? undefined : { atMs: undefined };
  if (quota.kind === 'none') return undefined;
  const left = quota.limit - (nowMs >= quota.resetAtMs ? 0 : quota.used);
  if (left > fly) return undefined;
  // What flies may turn out to cost nothing.
  return { atMs: left > 0 && fly > 0 ? undefined : Math.max(nowMs + 1, quota.resetAtMs) };
}

function contentAt(state: BudgetState, flying: Flying, limits: BudgetLimits, nowMs: number): number {
  const wanted = { flying: flying.content, amount: 1 };
  return Math.max(
    state.contentAtMs + limits.contentApartMs,
    roomAt(state.contentOfMinute, minute, { ...wanted, limit: limits.contentPerMinute }, nowMs),
    roomAt(state.contentOfHour, hour, { ...wanted, limit: limits.contentPerHour }, nowMs),
  );
}

function keptAt(state: BudgetState, flying: Flying, limits: BudgetLimits): number {
  const waiting = Object.values(state.members).reduce((sum, member) => sum + member.waiting, 0);
  const inMinute = state.contentOfMinute.spent + flying.content;
  return keptForContent(waiting, { inMinute, inHour: state.contentOfHour.spent + flying.content }, limits);
}

function flyingOf(state: BudgetState): Flying {
  return Object.values(state.members).reduce<Flying>((sum, { flying }) => plus(sum, flying), grounded);
}
