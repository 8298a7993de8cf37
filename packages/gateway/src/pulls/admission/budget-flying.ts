import { resources, type Resource } from '../retry/resource.ts';
import type { Ask } from './admission.ts';
import { readPoints, writePoints } from './budget-limits.ts';

/** What is under way. */
export type Flying = {
  readonly requests: number;
  readonly rest: number;
  readonly graphql: number;
  readonly content: number;
  readonly of: Readonly<Record<Resource, number>>;
};

/** What a request is counted as. */
export type Cost = Pick<Ask, 'resource' | 'kind'>;

/** Nothing is under way. */
export const grounded: Flying = {
  requests: 0,
  rest: 0,
  graphql: 0,
  content: 0,
  of: { core: 0, search: 0, code_search: 0, graphql: 0 },
};

/** With one request more (1), or one less (-1). */
export function addCost(flying: Flying, cost: Cost, count: 1 | -1): Flying {
  const api = apiOf(cost);
  const least = (value: number): number => Math.max(0, value);
  return {
    ...flying,
    requests: least(flying.requests + count),
    [api]: least(flying[api] + count * pointsOf(cost)),
    content: least(flying.content + (cost.kind === 'content' ? count : 0)),
    of: { ...flying.of, [cost.resource]: least(flying.of[cost.resource] + count) },
  };
}

/** Both together. */
export function plus(one: Flying, other: Flying): Flying {
  const of = { ...one.of };
  for (const resource of resources) of[resource] += other.of[resource];
  return {
    requests: one.requests + other.requests,
    rest: one.rest + other.rest,
    graphql: one.graphql + other.graphql,
    content: one.content + other.content,
    of,
  };
}

/** Whose points a request costs: GraphQL has its own. */
export function apiOf(cost: Cost): 'rest' | 'graphql' {
  return cost.resource === 'graphql' ? 'graphql' : 'rest';
}

/** How many points it costs. */
export function pointsOf(cost: Cost): number {
  return cost.kind === 'read' ? readPoints : writePoints;
}
