import { HoldfastError } from '@holdfast/protocol';
import type { Secret } from '../../lib/secret.ts';
import type { KeptAnswer } from './etag-cache.ts';
import { checkForwarded, type Outgoing } from './outgoing.ts';
import { readBytes } from './read-bytes.ts';

export type FetchOptions = {
  readonly secret: Secret;
  readonly maxBytes: number;
  readonly baseUrl: string;
  /** Where it is sent: its own address, or the one that GitHub has sent it on to. */
  readonly url: string;
  /** False: an answer that sends it on is the answer. */
  readonly maySendOn: boolean;
  readonly kept?: KeptAnswer | undefined;
};

/** What was seen below Octokit of the last answer. */
export type Seen = {
  isSent?: true;
  status?: number;
  headers?: Readonly<Record<string, string>>;
  fault?: unknown;
  whole?: KeptAnswer;
  /** The address that the same request is to be sent to. */
  sentOnTo?: string;
};

/**
 * Sends one request and waits for the whole answer; a read that is kept, as a question whether it still holds. What was seen of it is told in
 * `seen`, also when it throws. Nothing is sent on from here: that is a request of its own, which GitHub counts.
 */
export async function fetchWhole(
  outgoing: Outgoing,
  askedUrl: string,
  init: RequestInit,
  options: FetchOptions,
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
  seen.isSent = true;
  const response = await fetch(options.url, { ...init, headers, redirect: 'manual' });
  seen.status = response.status;
  seen.headers = withoutToken(Object.fromEntries(response.headers), options.secret);
  const to = options.maySendOn ? forwardOf(outgoing, response, options) : undefined;
  if (to === undefined) return await wholeOf(response, outgoing, options, seen);
  await response.body?.cancel();
  seen.sentOnTo = to;
  return made(null, response.status, seen.headers, options.url);
}

function conditionsOf(kept: KeptAnswer | undefined): readonly (readonly [string, string])[] {
  const { etag, 'last-modified': date } = kept?.headers ?? {};
  if (etag !== undefined) return [['if-none-match', etag]];
  return date === undefined ? [] : [['if-modified-since', date]];
}

/**
 * Where GitHub sends this request on to, if it may go there
 * (https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects). A repository that was renamed answers a
 * read 301 and a write 307 (https://developer.github.com/changes/2015-04-17-preview-repository-redirects); a write goes on after 307 and 308 only,
 * which keep its method (RFC 9110, 15.4). Another host never gets the token, so a redirect to one is the answer itself. Throws `forbidden` for
 * what this client never does.
 */
function forwardOf({ method }: Outgoing, response: Response, { url, baseUrl }: FetchOptions): string | undefined {
  const isRead = method === 'GET' || method === 'HEAD';
  if (!(isRead ? sendOn : [307, 308]).includes(response.status)) return undefined;
  const to = locationOf(response.headers.get('location'), url);
  if (!to?.href.startsWith(`${baseUrl}/`)) return undefined;
  checkForwarded(method, to.href, baseUrl);
  return to.href;
}

const sendOn: readonly number[] = [301, 302, 307, 308];

/** True for a read that is sent on to nowhere, or in a circle. Out of this API is an answer: whoever asked may go there, without the token. */
export function isDeadEnd(status: number, location: string | null, { url, baseUrl }: FetchOptions): boolean {
  const to = locationOf(location, url);
  return sendOn.includes(status) && (to === null || to.href.startsWith(`${baseUrl}/`));
}

function locationOf(text: string | null, url: string): URL | null {
  return text === null ? null : URL.parse(text, url);
}

async function wholeOf(
  response: Response,
  outgoing: Outgoing,
  { url, kept, maxBytes, secret }: FetchOptions,
  seen: Seen,
): Promise<Response> {
  const body = hideToken(await readBytes(response, maxBytes), secret);
  const { status } = response;
  const headers = seen.headers ?? {};
  if (status === 304 && kept) return made(kept.body, 200, { ...kept.headers, ...headers }, url);
  if (status === 200 && outgoing.method === 'GET') seen.whole = { headers, body };
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
