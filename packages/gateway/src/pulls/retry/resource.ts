/**
 * The parts of the API that have a primary limit of their own:
 * https://docs.github.com/rest/rate-limit/rate-limit#get-rate-limit-status-for-the-authenticated-user. Those that this product
 * never asks for are left out.
 */
export const resources = ['core', 'search', 'code_search', 'graphql'] as const;
export type Resource = (typeof resources)[number];

/** The resource of this name, as `x-ratelimit-resource` has it; undefined for one that we do not know. */
export function readResource(name: string | undefined): Resource | undefined {
  return resources.find((resource) => resource === name);
}

/** The resource that a request to this path is counted against; what an Enterprise server or a proxy has in front (`/api/v3`) is no part of it. */
export function resourceOf(path: string): Resource {
  if (path === '/graphql') return 'graphql';
  if (path === '/search/code') return 'code_search';
  return path.startsWith('/search/') ? 'search' : 'core';
}
