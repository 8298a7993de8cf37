import { HoldfastError } from '@holdfast/protocol';
import { RequestError } from '@octokit/request-error';
import type { Secret } from '../../lib/secret.ts';
import type { RetryAttempt, Tried } from '../retry/call-until-done.ts';
import { isObject } from '../retry/is-object.ts';
import type { Admission, Admitted, Permit } from './admission.ts';
import type { EtagCache } from './etag-cache.ts';
import type { Outgoing } from './outgoing.ts';
import { exchange, type Exchange, type OctokitAnswer, type OctokitRequest } from './transport.github.ts';

/** What a request was answered, and who says so: GitHub now, GitHub before, or the caller's `lookUp`. */
export type Answered = OctokitAnswer & { readonly source: 'github' | 'cache' | 'look_up' };

export type RequestParts = {
  readonly admission: Admission;
  readonly cache: EtagCache;
  readonly baseUrl: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** False: what was sent once is not sent again, with another token neither. */
  readonly maySendAgain: boolean;
};

/** A request as it was looked over, and as Octokit is told to send it. */
export type Sending = {
  readonly outgoing: Outgoing;
  readonly send: OctokitRequest;
  readonly route: string;
  readonly parameters: object;
};

/**
 * The attempts of one request: each waits at the door, is sent with the token that it is let in with, and tells how that went. Every permit is
 * ended or given back exactly once.
 */
export class RequestAttempts {
  readonly #parts: RequestParts;
  readonly #sending: Sending;
  readonly #notAfterMs: number;
  /** What to ask the cache for; undefined for what is never kept. */
  readonly #asked: string | undefined;
  /** Tokens that met a limit in this call. */
  readonly #limited = new Set<string>();
  /** Tokens that GitHub refused in this call, and with which secret. */
  readonly #refused = new Map<string, Secret>();
  #refusal: Error | undefined;

  constructor(parts: RequestParts, sending: Sending, notAfterMs: number) {
    this.#parts = parts;
    this.#sending = sending;
    this.#notAfterMs = notAfterMs;
    this.#asked = askedOf(sending);
  }

  /** One attempt. Throws what is final, and `unauthorized` when there is no token to send it with. */
  async tryOnce({ signal }: RetryAttempt): Promise<Tried<Answered>> {
    const fromMs = Date.now();
    const admitted = await this.#admit(signal);
    switch (admitted.kind) {
      case 'too_late':
        return admitted;
      case 'none':
        throw this.#refusal ?? new HoldfastError('unauthorized', admitted.message);
      case 'permit':
        return await this.#sendWith(admitted, signal, Date.now() - fromMs);
    }
  }

  async #admit(signal: AbortSignal): Promise<Admitted | { readonly kind: 'too_late' }> {
    const { kind, resource } = this.#sending.outgoing;
    const prefer = this.#asked === undefined ? undefined : this.#parts.cache.labelOf(this.#asked);
    try {
      return await this.#parts.admission.admit(
        { kind, resource, ...(prefer !== undefined && { prefer }) },
        { signal, notAfterMs: this.#notAfterMs },
      );
    } catch (error) {
      if (!signal.aborted) throw error;
      return { kind: 'too_late' };
    }
  }

  async #sendWith(permit: Permit, signal: AbortSignal, heldMs: number): Promise<Tried<Answered>> {
    if (signal.aborted) {
      permit.unused();
      return { kind: 'too_late' };
    }
    // The door may not know that this one was refused; asking on would lock its user out.
    if (this.#refused.get(permit.label)?.reveal() === permit.secret.reveal()) {
      permit.unused();
      throw this.#refusal ?? new HoldfastError('unauthorized', 'GitHub refused the token.');
    }
    const came = await this.#exchange(permit, signal);
    const verdict = permit.ended(this.#sending.outgoing.question, came.answer);
    if (came.kind === 'answered' && verdict.kind === 'success')
      return { kind: 'done', result: this.#answered(permit, came) };
    const error = came.kind === 'failed' ? came.error : errorOf(this.#sending.outgoing, came.response);
    const failed = { kind: 'failed', error, call: came.call, verdict, heldMs } as const;
    if (verdict.kind === 'limited') {
      const isFirst = this.#parts.maySendAgain && !this.#limited.has(permit.label);
      this.#limited.add(permit.label);
      return { ...failed, next: isFirst ? 'at_once_uncounted' : 'at_once' };
    }
    if (verdict.kind === 'final' && verdict.reason === 'unauthorized' && this.#parts.maySendAgain) {
      const isFirst = !this.#refused.has(permit.label);
      this.#refused.set(permit.label, permit.secret);
      this.#refusal = error as Error;
      if (isFirst) return { ...failed, next: 'at_once_uncounted' };
    }
    return failed;
  }

  async #exchange(permit: Permit, signal: AbortSignal): Promise<Exchange> {
    const { send, outgoing, route, parameters } = this.#sending;
    const { baseUrl, timeoutMs, maxBytes, cache } = this.#parts;
    const { secret, label } = permit;
    const kept = this.#asked === undefined ? undefined : cache.find(this.#asked, label);
    try {
      return await exchange(send, outgoing, [route, parameters], {
        secret,
        signal,
        timeoutMs,
        maxBytes,
        baseUrl,
        kept,
      });
    } catch (error) {
      permit.unused();
      throw error;
    }
  }

  #answered(permit: Permit, came: Extract<Exchange, { kind: 'answered' }>): Answered {
    if (this.#asked !== undefined && came.whole) this.#parts.cache.keep(this.#asked, permit.label, came.whole);
    const { status, headers, data } = came.response;
    return { status, headers, data, source: came.fromCache ? 'cache' : 'github' };
  }
}

/** All that the answer depends on, but for the token. A caller with conditions of its own gets the 304 itself. */
function askedOf({ outgoing }: Sending): string | undefined {
  if (outgoing.method !== 'GET') return undefined;
  const names = Object.keys(outgoing.headers)
    .filter((name) => name !== 'user-agent')
    .toSorted();
  if (names.some((name) => name.startsWith('if-') || name === 'range')) return undefined;
  return JSON.stringify([outgoing.url, ...names.map((name) => [name, outgoing.headers[name]])]);
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
