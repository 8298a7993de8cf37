import type { Resource } from '../../retry/resource.ts';
import { candidates, type PoolState } from '../token-state.ts';

export type Choice =
  | { readonly kind: 'token'; readonly token: number }
  /** All that could be used are cooling down; the first is free at `untilMs`. */
  | { readonly kind: 'cooling'; readonly token: number; readonly untilMs: number }
  | { readonly kind: 'none'; readonly why: 'empty' | 'all_refused' };

/** The token that the next request to a resource would go out with. */
export function choose(state: PoolState, resource: Resource, atMs: number): Choice {
  if (state.tokens.length === 0) return { kind: 'none', why: 'empty' };
  const best = candidates(state, resource, atMs)[0];
  if (!best) return { kind: 'none', why: 'all_refused' };
  const { token, freeAtMs } = best;
  return freeAtMs <= atMs ? { kind: 'token', token } : { kind: 'cooling', token, untilMs: freeAtMs };
}
