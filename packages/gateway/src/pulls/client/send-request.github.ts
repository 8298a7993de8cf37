import { RequestError } from '@octokit/request-error';
import { isObject } from '../retry/is-object.ts';
import type { AdmittedSend, Came } from './admitted-attempts.ts';
import type { Ask, Permit } from '../admission/admission.ts';
import type { EtagCache } from './etag-cache.ts';
import type { Outgoing } from './outgoing.ts';
import { exchange, type OctokitAnswer, type OctokitRequest } from './exchange.github.ts';

/** What a request was answered, and who says so: GitHub now, GitHub before, or the caller's `lookUp`. */
export type Answered = OctokitAnswer & { readonly source: 'github' | 'cache' | 'look_up' };

/** A request as it was looked over, and as Octokit is told to send it. */
export type Sending = {
  readonly outgoing: Outgoing;
  readonly send: OctokitRequest;
  readonly route: string;
  readonly parameters: object;
  readonly baseUrl: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly cache: EtagCache;
  readonly sentOn?: SentOn;
};

/** Where GitHub has sent a request on to, and how often that has happened in one attempt. */
type SentOn = { readonly url: string; readonly times: number };

const mostRedirects = 5;

/** A request for the door: each time that it is sent, by itself or because GitHub has sent it on, it is let in and counted. */
export function admittedSend(sending: Sending): AdmittedSend<Answered> {
  return { ask: () => askFor(sending), send: (permit, signal) => sendRequest(sending, permit, signal) };
}

/** With the token under which a read is known, if there is one. */
function askFor(sending: Sending): Ask {
  const { outgoing, cache } = sending;
  const asked = askedOf(sending);
  const prefer = asked === undefined ? undefined : cache.labelOf(asked);
  return { ...outgoing.ask, ...(prefer !== undefined && { prefer }) };
}

/** Sends a request once, with the permit's token: a read that is known under it as a question whether what is known still holds. */
async function sendRequest(sending: Sending, permit: Permit, signal: AbortSignal): Promise<Came<Answered>> {
  const { send, outgoing, route, parameters, cache, baseUrl, timeoutMs, maxBytes } = sending;
  const { secret, label } = permit;
  const { question } = outgoing;
  const { url, times } = sending.sentOn ?? { url: outgoing.url, times: 0 };
  const asked = askedOf(sending);
  const kept = asked === undefined ? undefined : cache.find(asked, label);
  const limits = { baseUrl, timeoutMs, maxBytes, maySendOn: times < mostRedirects };
  const came = await exchange(send, outgoing, [route, parameters], { ...limits, url, secret, signal, kept });
  if (came.kind === 'failed') return { ...came, question };
  if (came.kind === 'sent_on') {
    const { answer, call, to } = came;
    const next = admittedSend({ ...sending, sentOn: { url: to, times: times + 1 } });
    return { kind: 'sent_on', question, answer, call, next };
  }
  const { answer, call, response } = came;
  if (asked !== undefined && came.whole) cache.keep(asked, label, came.whole);
  const { status, headers, data } = response;
  const result: Answered = { status, headers, data, source: came.fromCache ? 'cache' : 'github' };
  return { kind: 'answered', question, answer, call, result, asError: () => errorOf(outgoing, response) };
}

/** What a write is answered that turns out to have taken effect already; undefined when it has not. */
export function foundAnswer(data: unknown): { readonly result: Answered } | undefined {
  return data === undefined ? undefined : { result: { status: 200, headers: {}, data, source: 'look_up' } };
}

/**
 * All that the answer to a read depends on, but for the token; undefined for what is never kept. A caller with conditions of its own gets
 * the 304 itself.
 */
function askedOf({ outgoing, sentOn }: Sending): string | undefined {
  const { method, headers } = outgoing;
  if (method !== 'GET') return undefined;
  const names = Object.keys(headers)
    .filter((name) => name !== 'user-agent')
    .toSorted();
  if (names.some((name) => name.startsWith('if-') || name === 'range')) return undefined;
  return JSON.stringify([sentOn?.url ?? outgoing.url, ...names.map((name) => [name, headers[name]])]);
}

/** GraphQL's errors come with status 200, which Octokit's request takes for an answer like any other. */
function errorOf({ method, url }: Outgoing, response: OctokitAnswer): RequestError {
  const { status, headers, data } = response;
  const errors = isObject(data) && Array.isArray(data['errors']) ? data['errors'] : [];
  const said = errors.flatMap((one) => (isObject(one) && typeof one['message'] === 'string' ? [one['message']] : []));
  return new RequestError(said.join('; ') || `GitHub answered ${status} to ${method} ${url}`, status, {
    request: { method: method as 'POST', url, headers: {} },
    response: { status, url, data, headers: { ...headers } },
  });
}
