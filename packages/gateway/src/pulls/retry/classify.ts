import { parseRetryAfter, parseServerClock, parseWholeNumber, type Headers } from './headers.ts';
import { isObject } from './is-object.ts';
import { readResource, type Resource } from './resource.ts';

/** What was asked, as far as it decides what an answer means. */
export type Question = {
  /** An HTTP method, in capitals. Unknown methods count as writes. */
  readonly method: string;
  /** What the request counts against. Default: `core`. */
  readonly resource?: Resource;
  /** True when sending it twice does no harm whatever its method: a GraphQL query is a POST. */
  readonly readOnly?: boolean;
};

export type Answer =
  | { readonly kind: 'response'; readonly status: number; readonly headers: Headers; readonly body?: unknown }
  | { readonly kind: 'no_answer'; readonly reason: NoAnswer };

export type NoAnswer =
  | 'timeout'
  /** It broke after the request may have been sent. */
  | 'connection_lost'
  /** Nothing was sent: refused, no such host, no route. */
  | 'not_connected'
  /** The other end could not prove who it is. */
  | 'untrusted';

/** What an answer means for the call. `notBeforeMs` (epoch, our clock) is what the server asked for. */
export type Verdict =
  | { readonly kind: 'success' }
  | { readonly kind: 'final'; readonly reason: 'unauthorized' | 'refused' | 'untrusted' }
  | {
      readonly kind: 'limited';
      readonly limit: 'primary' | 'secondary';
      readonly resource: Resource;
      readonly notBeforeMs?: number;
    }
  /** Sending the same again may help, and cannot do it twice. */
  | { readonly kind: 'transient'; readonly notBeforeMs?: number }
  /** A write that may have taken effect: look it up before it is sent again. */
  | { readonly kind: 'unknown_outcome'; readonly notBeforeMs?: number };

/** What an answer says of the quota of its token; times by our clock. */
export type Quota = { readonly resource: Resource; readonly remaining: number; readonly resetAtMs: number };

/**
 * Tells what an answer that came at `atMs` (epoch, our clock) means. The order of authority is GitHub's: `retry-after`, then
 * `x-ratelimit-remaining: 0` with `x-ratelimit-reset`, then a secondary limit that names no time
 * (https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit).
 */
export function classify(question: Question, answer: Answer, atMs: number): Verdict {
  if (answer.kind === 'no_answer') return ofNoAnswer(question, answer.reason);
  const limited = readLimit(question, answer, atMs);
  if (limited) return limited;
  const { status } = answer;
  if (status === 401) return { kind: 'final', reason: 'unauthorized' };
  if (status >= 500) return again(question, timeOf(parseRetryAfter(answer.headers, atMs)));
  if (status >= 400 || hasGraphqlErrors(question, answer)) return { kind: 'final', reason: 'refused' };
  return { kind: 'success' };
}

/**
 * The quota that the headers tell of, undefined when they do not. GitHub answers from several regions, so `remaining` may rise
 * again within a window: only a zero is to be acted on. What they say of a resource that we do not know is not for another one.
 */
export function quotaOf(question: Question, headers: Headers, atMs: number): Quota | undefined {
  const named = headers['x-ratelimit-resource'];
  if (named !== undefined && !readResource(named)) return undefined;
  const remaining = parseWholeNumber(headers['x-ratelimit-remaining']);
  const resetAtMs = parseReset(headers, atMs);
  if (remaining === undefined || resetAtMs === undefined) return undefined;
  return { resource: resourceIn(question, headers), remaining, resetAtMs };
}

/**
 * True for an answer that nothing of the quota was spent on: nothing has changed since the reader saw it
 * (https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate).
 */
export function isFree(answer: Answer): boolean {
  return answer.kind === 'response' && answer.status === 304;
}

type Response = Extract<Answer, { kind: 'response' }>;

function readLimit(question: Question, answer: Response, atMs: number): Verdict | undefined {
  const { status, headers, body } = answer;
  const said = wordsOf(body);
  const isGraphql = question.resource === 'graphql' && status === 200 && hasGraphqlErrors(question, answer);
  if (status !== 403 && status !== 429 && !isGraphql) return undefined;
  const retryAtMs = parseRetryAfter(headers, atMs);
  const isUsedUp = parseWholeNumber(headers['x-ratelimit-remaining']) === 0;
  const saysSecondary = /\bsecondary rate limit|\babuse detection|#(about-)?secondary-rate-limits|#abuse-rate-limits/i;
  const saysPrimary = /\bAPI rate limit (already )?exceeded\b|\bRATE_LIMIT(ED)?\b/i;
  const isSecondary = saysSecondary.test(said);
  const isPrimary = saysPrimary.test(said);
  // A GraphQL answer with an error may be the last one of the quota without being about it.
  const isLimit = isSecondary || isPrimary || (!isGraphql && (status === 429 || isUsedUp || retryAtMs !== undefined));
  if (!isLimit) return undefined;
  // A query of more points than are left is refused before they are used up: GitHub names the type then and tells what remains.
  const isTooCostly = isGraphql && isPrimary && !isSecondary;
  const resetAtMs = isUsedUp || isTooCostly ? parseReset(headers, atMs) : undefined;
  const limit = !isSecondary && (isPrimary || isUsedUp) ? 'primary' : 'secondary';
  return { kind: 'limited', limit, resource: resourceIn(question, headers), ...timeOf(retryAtMs ?? resetAtMs) };
}

function ofNoAnswer(question: Question, reason: NoAnswer): Verdict {
  switch (reason) {
    case 'untrusted':
      return { kind: 'final', reason: 'untrusted' };
    case 'not_connected':
      return { kind: 'transient' };
    case 'timeout':
    case 'connection_lost':
      return again(question, {});
  }
}

// RFC 9110, 9.2.2: these have the same effect however often they are sent.
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** True for what may be sent twice without doing anything twice. */
export function isRepeatable({ method, readOnly }: Question): boolean {
  return readOnly === true || idempotent.has(method);
}

function again(question: Question, time: { readonly notBeforeMs?: number }): Verdict {
  return { kind: isRepeatable(question) ? 'transient' : 'unknown_outcome', ...time };
}

function timeOf(notBeforeMs: number | undefined): { readonly notBeforeMs?: number } {
  return notBeforeMs === undefined ? {} : { notBeforeMs };
}

function resourceIn(question: Question, headers: Headers): Resource {
  return readResource(headers['x-ratelimit-resource']) ?? question.resource ?? 'core';
}

/** `x-ratelimit-reset` is an instant by GitHub's clock. */
function parseReset(headers: Headers, atMs: number): number | undefined {
  const seconds = parseWholeNumber(headers['x-ratelimit-reset']);
  return seconds === undefined ? undefined : seconds * 1000 + parseServerClock(headers, atMs).aheadMs;
}

/** GraphQL answers 200 where REST has a status of its own. */
function hasGraphqlErrors(question: Question, answer: Response): boolean {
  const { body } = answer;
  return (
    question.resource === 'graphql' && isObject(body) && Array.isArray(body['errors']) && body['errors'].length > 0
  );
}

/** What the body says in words: message, link to the documentation, GraphQL errors; a proxy's page as it is. */
function wordsOf(body: unknown): string {
  if (typeof body === 'string') return body.slice(0, 10_000);
  if (!isObject(body)) return '';
  const errors = Array.isArray(body['errors']) ? body['errors'] : [];
  const all = [body, ...errors.filter(isObject)];
  return all
    .flatMap((one) => [one['type'], one['message'], one['documentation_url']])
    .filter((word) => typeof word === 'string')
    .join('\n');
}
