import { HoldfastError } from '@holdfast/protocol';
import type { request as octokit } from '@octokit/request';
import { RequestError } from '@octokit/request-error';
import type { Secret } from '../../lib/secret.ts';
import type { Answer } from '../retry/classify.ts';
import { readAnswer, type FailedCall } from '../retry/read-answer.ts';
import type { KeptAnswer } from './etag-cache.ts';
import { checkForwarded, type Outgoing } from './outgoing.ts';
import { readBytes } from './read-bytes.ts';

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
  | { readonly kind: 'failed'; readonly answer: Answer; readonly call: FailedCall; readonly error: unknown };

export type ExchangeOptions = {
  readonly secret: Secret;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly baseUrl: string;
  readonly kept?: KeptAnswer | undefined;
};

/** What a write is answered that turns out to have taken effect already; undefined when it has not. */
export function foundAnswer(
  data: unknown,
): { readonly result: OctokitAnswer & { readonly source: 'look_up' } } | undefined {
  return data === undefined ? undefined : { result: { status: 200, headers: {}, data, source: 'look_up' } };
}

const mostRedirects = 5;

/** What was seen of the exchange below Octokit. */
type Seen = {
  isSent?: true;
  status?: number;
  headers?: Readonly<Record<string, string>>;
  fault?: unknown;
  whole?: KeptAnswer;
};

/**
 * Sends one request, once, and waits for the whole answer. The token is set here, below Octokit, so that none of its errors knows it; it goes to the
 * host of `baseUrl` only. Whatever comes after something was sent is a result, an abort too; what is thrown was thrown before.
 */
export async function exchange(
  send: OctokitRequest,
  outgoing: Outgoing,
  [routeName, parameters]: readonly [string, object],
  options: ExchangeOptions,
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
    const fault = faultOf(outgoing, response);
    if (fault !== undefined) return { kind: 'failed', answer: asFromBadGateway(call.answer), call, error: fault };
    const unfollowed = unfollowedOf(outgoing, response);
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
    return failedOf(error, seen, signal);
  } finally {
    clearTimeout(timer);
  }
}

const noAnswer = new DOMException('GitHub did not answer in time', 'TimeoutError');
const silent = { debug() {}, info() {}, warn() {}, error() {} };

function failedOf(error: unknown, seen: Seen, signal: AbortSignal): Exchange {
  if (signal.aborted) {
    const call = { answer: { kind: 'no_answer', reason: 'timeout' } } as const;
    return { kind: 'failed', answer: call.answer, call, error };
  }
  // Ours: the answer is too long, or leads to where this client does not go. Trying again would not help.
  if (seen.fault instanceof HoldfastError) {
    const call = callOf(seen, undefined);
    return { kind: 'failed', answer: call.answer, call, error: seen.fault };
  }
  const read = readAnswer(error);
  if (read) return { kind: 'failed', answer: read.answer, call: read, error };
  // Something that neither we nor Octokit understand, after it was sent.
  const call = seen.fault === undefined ? callOf(seen, undefined) : lost;
  return { kind: 'failed', answer: asFromBadGateway(call.answer), call, error };
}

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

/** Octokit gives the text where it is not the JSON that it should be: cut off, or never JSON. */
function faultOf(outgoing: Outgoing, { status, headers, data }: OctokitAnswer): HoldfastError | undefined {
  if (typeof data !== 'string' || !/^application\/(\w+\+)?json\b/.test(String(headers['content-type'])))
    return undefined;
  if (data === '' && (outgoing.method !== 'GET' || status !== 200)) return undefined;
  return new HoldfastError(
    'unavailable',
    `GitHub's answer to ${outgoing.method} ${outgoing.url} is not the JSON that it says it is.`,
  );
}

/** A write that was sent on to where it may not go: nothing has happened. */
function unfollowedOf(outgoing: Outgoing, response: OctokitAnswer): RequestError | undefined {
  const { status, headers } = response;
  if (status < 300 || status === 304 || outgoing.ask.kind === 'read') return undefined;
  const { method, url } = outgoing;
  const where = `${method} ${url} was sent on to ${headers['location'] ?? 'nowhere'}, and a write is not sent there.`;
  return new RequestError(where, status, {
    request: { method: method as 'POST', url, headers: {} },
    response: { ...response, url, headers: { ...headers } },
  });
}

async function fetchWhole(
  outgoing: Outgoing,
  askedUrl: string,
  init: RequestInit,
  options: ExchangeOptions,
  seen: Seen,
): Promise<Response> {
  if (askedUrl !== outgoing.url || init.method !== outgoing.method) {
    throw new HoldfastError(
      'internal',
      `What is sent is not what was looked over: ${outgoing.method} ${outgoing.url}.`,
    );
  }
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${options.secret.reveal()}`);
  for (const [name, value] of conditionsOf(options.kept)) headers.set(name, value);
  let url = outgoing.url;
  for (let hops = 0; ; hops += 1) {
    seen.isSent = true;
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    seen.status = response.status;
    seen.headers = withoutToken(Object.fromEntries(response.headers), options.secret);
    const next = hops < mostRedirects ? forwardOf(outgoing, response, url, options.baseUrl) : undefined;
    if (next === undefined) return await wholeOf(response, url, outgoing, options, seen);
    await response.body?.cancel();
    for (const [name] of conditionsOf(options.kept)) headers.delete(name);
    url = next;
  }
}

function conditionsOf(kept: KeptAnswer | undefined): readonly (readonly [string, string])[] {
  const { etag, 'last-modified': date } = kept?.headers ?? {};
  if (etag !== undefined) return [['if-none-match', etag]];
  return date === undefined ? [] : [['if-modified-since', date]];
}

/**
 * Where GitHub sends this request on to, if it may go there: a repository that was renamed answers 301 or 307
 * (https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects). Another host never gets the token, so a
 * redirect to one is the answer itself. Throws `forbidden` for what this client never does.
 */
function forwardOf(outgoing: Outgoing, response: Response, from: string, baseUrl: string): string | undefined {
  const { method } = outgoing;
  const isRead = method === 'GET' || method === 'HEAD';
  if (!(isRead ? [301, 302, 307, 308] : [307, 308]).includes(response.status)) return undefined;
  const to = URL.parse(response.headers.get('location') ?? '', from);
  if (!to || !to.href.startsWith(`${baseUrl}/`)) return undefined;
  checkForwarded(method, to.href, baseUrl);
  return to.href;
}

async function wholeOf(
  response: Response,
  url: string,
  outgoing: Outgoing,
  { kept, maxBytes, secret }: ExchangeOptions,
  seen: Seen,
): Promise<Response> {
  const body = hideToken(await readBytes(response, maxBytes), secret);
  const { status } = response;
  const headers = seen.headers ?? {};
  if (status === 304 && kept) return made(kept.body, 200, { ...kept.headers, ...headers }, url);
  const isWhole = status === 200 && outgoing.method === 'GET' && url === outgoing.url;
  if (isWhole) seen.whole = { headers, body };
  return made([204, 205, 304].includes(status) ? null : body, status, headers, url);
}

/** As `fetch` would give it, for Octokit, but with all of its body here. */
function made(
  body: Uint8Array<ArrayBuffer> | null,
  status: number,
  headers: Readonly<Record<string, string>>,
  url: string,
): Response {
  return Object.defineProperty(new Response(body, { status, headers }), 'url', { value: url });
}

/** A proxy may tell what it was asked, token included; errors and logs carry that further. */
function hideToken(body: Uint8Array<ArrayBuffer>, secret: Secret): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  if (!bytes.includes(secret.reveal())) return body;
  return new TextEncoder().encode(bytes.toString('utf8').replaceAll(secret.reveal(), '[redacted]'));
}

function withoutToken(headers: Readonly<Record<string, string>>, secret: Secret): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replaceAll(secret.reveal(), '[redacted]')]),
  );
}
