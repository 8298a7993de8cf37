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

/** The resource that a request to this address is counted against. */
export function resourceOf(url: string): Resource {
  // GitHub Enterprise Server has /api/v3 and /api/graphql in front.
  const path = url.replace(/^https?:\/\/[^/]*/, '').replace(/^\/api(\/v3)?(?=\/)/, '');
  if (/^\/graphql(?![^?#])/.test(path)) return 'graphql';
  if (/^\/search\/code(?![^?#])/.test(path)) return 'code_search';
  return path.startsWith('/search/') ? 'search' : 'core';
}
