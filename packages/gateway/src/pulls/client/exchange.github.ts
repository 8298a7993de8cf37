import { HoldfastError } from '@holdfast/protocol';
import type { request as octokit } from '@octokit/request';
import { RequestError } from '@octokit/request-error';
import type { Answer } from '../retry/classify.ts';
import { isObject } from '../retry/is-object.ts';
import { readAnswer, type FailedCall } from '../retry/read-answer.ts';
import type { KeptAnswer } from './etag-cache.ts';
import { fetchWhole, isDeadEnd, type FetchOptions, type Seen } from './fetch-whole.github.ts';
import type { Outgoing } from './outgoing.ts';

/** Octokit's `request`, with its defaults set. */
export type OctokitRequest = typeof octokit;

/** What Octokit made of an answer that was not an error. */
export type OctokitAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
  readonly data: unknown;
};

/** How one exchange with GitHub ended. `call` is what really came; `answer` is what it is to be taken for. */
export type Exchange =
  | {
      readonly kind: 'answered';
      readonly answer: Answer;
      readonly call: FailedCall;
      readonly response: OctokitAnswer;
      /** GitHub said that the kept answer still holds. */
      readonly fromCache: boolean;
      /** For the cache: a whole answer of the address that was asked. */
      readonly whole?: KeptAnswer;
    }
  /** GitHub wants it at another address, where it may be sent. */
  | { readonly kind: 'sent_on'; readonly answer: Answer; readonly call: FailedCall; readonly to: string }
  | { readonly kind: 'failed'; readonly answer: Answer; readonly call: FailedCall; readonly error: unknown };

/**
 * Sends one request, once, and waits for the whole answer. The token is set here, below Octokit, so that none of its errors knows it; it goes to the
 * host of `baseUrl` only. Whatever comes after something was sent is a result, an abort too; what is thrown was thrown before.
 */
export async function exchange(
  send: OctokitRequest,
  outgoing: Outgoing,
  [routeName, parameters]: readonly [string, object],
  options: FetchOptions & { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<Exchange> {
  const { signal, kept } = options;
  const seen: Seen = {};
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(noAnswer), options.timeoutMs);
  const either = AbortSignal.any([signal, timeout.signal]);
  const fetchOnce = async (url: string, init: RequestInit): Promise<Response> => {
    try {
      return await fetchWhole(outgoing, url, { ...init, signal: either }, options, seen);
    } catch (error) {
      seen.fault = error;
      // The caller's own reason is not for Octokit, which writes on it.
      throw signal.aborted ? noAnswer : error;
    }
  };
  try {
    const response: OctokitAnswer = await send(routeName, {
      ...parameters,
      request: { fetch: fetchOnce, log: silent },
    });
    const call = callOf(seen, response.data);
    if (seen.sentOnTo !== undefined) return { kind: 'sent_on', answer: call.answer, call, to: seen.sentOnTo };
    const fault = faultOf(outgoing, response);
    if (fault !== undefined) return { kind: 'failed', answer: asFromBadGateway(call.answer), call, error: fault };
    const unfollowed = unfollowedOf(outgoing, response, options);
    if (unfollowed) return { kind: 'failed', answer: call.answer, call, error: unfollowed };
    const fromCache = seen.status === 304 && kept !== undefined;
    return {
      kind: 'answered',
      answer: call.answer,
      call,
      response,
      fromCache,
      ...(seen.whole && { whole: seen.whole }),
    };
  } catch (error) {
    if (!seen.isSent) throw error;
    return failedOf(outgoing, error, seen, signal);
  } finally {
    clearTimeout(timer);
  }
}

const noAnswer = new DOMException('GitHub did not answer in time', 'TimeoutError');
const silent = { debug() {}, info() {}, warn() {}, error() {} };

function failedOf(outgoing: Outgoing, error: unknown, seen: Seen, signal: AbortSignal): Exchange {
  if (signal.aborted) {
    const call = { answer: { kind: 'no_answer', reason: 'timeout' } } as const;
    return { kind: 'failed', answer: call.answer, call, error };
  }
  // Ours: the answer is too long, or leads to where this client does not go. Trying again would not help, but a write may have taken effect.
  if (seen.fault instanceof HoldfastError) {
    const call = callOf(seen, undefined);
    const isDone = outgoing.ask.kind !== 'read' && isOk(seen.status);
    return { kind: 'failed', answer: isDone ? asFromBadGateway(call.answer) : call.answer, call, error: seen.fault };
  }
  const read = readAnswer(error);
  if (read) return { kind: 'failed', answer: read.answer, call: read, error };
  // Something that neither we nor Octokit understand, after it was sent.
  const call = seen.fault === undefined ? callOf(seen, undefined) : lost;
  return { kind: 'failed', answer: asFromBadGateway(call.answer), call, error };
}

const isOk = (status = 0): boolean => status >= 200 && status < 300;

const lost: FailedCall = { answer: { kind: 'no_answer', reason: 'connection_lost' } };

function callOf({ status = 0, headers = {} }: Seen, body: unknown): FailedCall {
  const requestId = headers['x-github-request-id'];
  return {
    answer: { kind: 'response', status, headers, body },
    ...(requestId !== undefined && { requestId }),
  };
}

/** An answer that was not understood says as little as one of a bad gateway: whether a write has taken effect is not known. */
function asFromBadGateway(answer: Answer): Answer {
  return answer.kind === 'response' ? { ...answer, status: 502 } : answer;
}

/** Octokit gives the text where it is not the JSON that it should be: cut off, or never JSON. What is JSON, it knows by these two types. */
function faultOf(outgoing: Outgoing, { status, headers, data }: OctokitAnswer): HoldfastError | undefined {
  const { method, url, question } = outgoing;
  const fault = (what: string) => new HoldfastError('unavailable', `GitHub's answer to ${method} ${url} is ${what}.`);
  if (question.resource === 'graphql' && isOk(status) && !isOfGraphql(data)) return fault('not one to GraphQL');
  if (typeof data !== 'string' || !/^application\/(scim\+)?json\b/i.test(String(headers['content-type'])))
    return undefined;
  const isEmpty = data === '' && (method !== 'GET' || status !== 200);
  return isEmpty ? undefined : fault('not the JSON that it says it is');
}

function isOfGraphql(data: unknown): boolean {
  return isObject(data) && ('data' in data || Array.isArray(data['errors']));
}

/** What was sent on to where it is not sent: a write, a GraphQL query (nothing has happened), a read without an end. */
function unfollowedOf(outgoing: Outgoing, response: OctokitAnswer, options: FetchOptions): RequestError | undefined {
  const { status, headers } = response;
  const { method } = outgoing;
  const { url } = options;
  const location = headers['location'] === undefined ? null : String(headers['location']);
  const isRead = method === 'GET' || method === 'HEAD';
  if (status < 300 || (isRead && !isDeadEnd(status, location, options))) return undefined;
  const why =
    isRead && !options.maySendOn ? 'after it had been sent on too often' : `and a ${method} is not sent there`;
  const where = `${method} ${url} was sent on to ${location ?? 'nowhere'}, ${why}.`;
  return new RequestError(where, status, {
    request: { method: method as 'POST', url, headers: {} },
    response: { ...response, url, headers: { ...headers } },
  });
}
