import type { Question } from './classify.ts';
import { readGraphql } from './graphql-operations.ts';
import { isObject } from './is-object.ts';

/** What Octokit asked when it threw this, as far as the error tells; undefined for any other error. */
export function readQuestion(thrown: unknown): Question | undefined {
  const request = isObject(thrown) && isObject(thrown['request']) ? thrown['request'] : {};
  const { method, url, body } = request;
  // A GraphqlResponseError has the query itself in the place of a request, and its address only where that is not the usual one.
  const isOfGraphql = isGraphqlError(thrown) || (typeof url === 'string' && url.endsWith('/graphql'));
  if (isOfGraphql) {
    const query = request['query'] ?? (isObject(body) ? body['query'] : undefined);
    const readOnly = typeof query === 'string' && readGraphql(query).isQueryOnly;
    return { method: 'POST', resource: 'graphql', ...(readOnly && { readOnly }) };
  }
  return typeof method === 'string' ? { method: method.toUpperCase() } : undefined;
}

/** Octokit's GraphqlResponseError: GitHub answers 200 with `errors`. */
export function isGraphqlError(
  thrown: unknown,
): thrown is { readonly errors: readonly unknown[]; readonly headers: unknown } {
  return isObject(thrown) && Array.isArray(thrown['errors']) && isObject(thrown['headers']);
}
