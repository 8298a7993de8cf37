import { HoldfastError } from '@holdfast/protocol';
import type { Question } from '../retry/classify.ts';
import { readGraphql } from '../retry/graphql-operations.ts';
import { isObject } from '../retry/is-object.ts';
import { resourceOf } from '../retry/resource.ts';
import type { Ask } from '../admission/admission.ts';
import { decodeAll, plainPath, refusalOf, refusedMutation } from './refused-routes.ts';

/** A request as Octokit's `endpoint` makes it of a route and its parameters. */
export type Expanded = {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
};

/** A request that may be sent, and what it is for admission and for the verdict on its answer. */
export type Outgoing = {
  readonly method: string;
  readonly url: string;
  readonly headers: Expanded['headers'];
  readonly ask: Ask;
  readonly question: Question;
};

/**
 * Looks over a request before anything of it is sent. Throws `forbidden` for what this client never does (merging, above all), however it is
 * spelt, and `bad_message` for a request that would not be what its route says: another host, a parameter that leads out of its place
 * in the path, a header that makes it another method. `baseUrl` has no slash at its end.
 */
export function readOutgoing(expanded: Expanded, baseUrl: string, allowMutations: boolean): Outgoing {
  const { method, url } = expanded;
  if (!/^(GET|HEAD|POST|PUT|PATCH|DELETE)$/.test(method)) throw bad(`GitHub has no method ${method.slice(0, 20)}`);
  const wrongHeader = Object.keys(expanded.headers).find((name) => !allowedHeaders.test(name));
  if (wrongHeader !== undefined) throw bad(`the header ${wrongHeader} is not for callers to set`);
  checkAddress(url, baseUrl);
  const path = new URL(url).pathname.slice(new URL(baseUrl).pathname.replace(/\/$/, '').length);
  checkRefused(method, path);
  const resource = resourceOf(path);
  const isGraphql = resource === 'graphql' || plainPath(path) === '/graphql';
  const readOnly = isGraphql && checkGraphql(expanded.body, allowMutations);
  const question = { method, resource, ...(readOnly && { readOnly }) };
  const kind = readOnly ? 'read' : kindOf(method, path);
  // An installation of an app sees the repositories of its own account.
  const owner = /^\/(?:repos|orgs)\/([^/]+)/.exec(path)?.[1];
  return {
    method,
    url,
    headers: expanded.headers,
    question,
    ask: { resource, kind, ...(owner !== undefined && { owner }) },
  };
}

/**
 * Throws `bad_message` for a parameter that the path of a route names and that is not there: without the name of the label, what removes one from
 * an issue would remove all. Only `path` may be empty, the root of a repository.
 */
export function checkComplete(route: string, parameters: Readonly<Record<string, unknown>>): void {
  const [path = ''] = route.split('?', 1);
  for (const { groups } of path.matchAll(/\{(?<name>\w+)\}|\/:(?<old>[a-z]\w+)/g)) {
    const name = groups?.['name'] ?? groups?.['old'] ?? '';
    const value = parameters[name];
    if ((value === undefined || value === null || value === '') && name !== 'path') throw bad(`${name} is missing`);
  }
}

/** The same request at the address that GitHub sends it on to. */
export function checkForwarded(method: string, url: string, baseUrl: string): void {
  checkAddress(url, baseUrl);
  checkRefused(method, new URL(url).pathname.slice(new URL(baseUrl).pathname.replace(/\/$/, '').length));
}

/** `authorization` is set where the request is sent; the rest could make another request of this one. */
const allowedHeaders = /^(accept(-\w+)?|content-type|user-agent|if-[a-z-]+|prefer|range|time-zone|x-github-[a-z-]+)$/i;

function checkAddress(url: string, baseUrl: string): void {
  const parsed = URL.parse(url);
  const raw = url.startsWith(`${baseUrl}/`) ? url.slice(baseUrl.length) : url === baseUrl ? '/' : undefined;
  if (raw === undefined || parsed?.origin !== new URL(baseUrl).origin || parsed.username !== '') {
    throw bad(`a request goes to ${baseUrl} and nowhere else`);
  }
  const [path = ''] = raw.split(/[?#]/, 1);
  if (/\/\/|\/$/.test(path) && path !== '/') throw bad(`a parameter in the path of ${route(path)} is missing`);
  // WHATWG's URL, and servers, resolve dots, coded or not: `owner: '..'` would ask for something else.
  const segments = decodeAll(path).split(/[/\\]/);
  if (segments.some((segment) => /^\s*\.{1,2}\s*$/.test(segment))) throw bad(`there is a ".." in ${route(path)}`);
  // A NUL or a line break is nobody's name.
  if (/[\u0000-\u001f\u007f]/.test(decodeAll(path))) throw bad(`there is a control character in ${route(path)}`);
  const owners = path.split('/').slice(2, path.startsWith('/repos/') ? 4 : 3);
  if (path.startsWith('/repos/') && owners.length < 2) throw bad(`${route(path)} does not name a repository`);
  if (/^\/(repos|orgs|users)\//.test(path) && owners.some((name) => !/^[\w.-]+$/.test(decodeAll(name)))) {
    throw bad(`${route(path)} does not name an owner, or an owner and a repository`);
  }
}

function checkRefused(method: string, path: string): void {
  const refused = refusalOf(method, path);
  if (refused === undefined) return;
  throw new HoldfastError(
    'forbidden',
    `${method} ${route(path)} ${refused}, which Holdfast never does; let a person do that.`,
  );
}

/** True for a document of queries. */
function checkGraphql(body: unknown, allowMutations: boolean): boolean {
  const query = isObject(body) ? body['query'] : undefined;
  if (typeof query !== 'string') throw bad('a GraphQL request has a query');
  const { isQueryOnly, names } = readGraphql(query);
  if (isQueryOnly) return true;
  const refused = allowMutations ? refusedMutation(names) : 'a mutation';
  if (refused === undefined) return false;
  throw new HoldfastError('forbidden', `GraphQL: ${refused} is not sent; only queries are, unless allowMutations.`);
}

/** Blobs, trees and commits are objects that nobody is told of; every other write is content (80 a minute). */
function kindOf(method: string, path: string): Ask['kind'] {
  if (method === 'GET' || method === 'HEAD') return 'read';
  return method === 'POST' && /^\/repos\/[^/]+\/[^/]+\/git\/(blobs|trees|commits)$/.test(path) ? 'write' : 'content';
}

function bad(why: string): HoldfastError {
  return new HoldfastError('bad_message', `The request to GitHub was not sent: ${why}.`);
}

const route = (path: string): string => (path.length > 200 ? `${path.slice(0, 200)}…` : path);
