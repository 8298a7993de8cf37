/** What can go wrong, as the outside sees it. The table is section 10 of docs/protocol.md; a test holds the two together. */

export type ErrorCode =
  | 'bad_message'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'rate_limit'
  | 'budget_exceeded'
  | 'agent_unavailable'
  | 'agent_crashed'
  | 'timeout'
  | 'ssh_unreachable'
  | 'host_key_mismatch'
  | 'unavailable'
  | 'internal';

export type ErrorRule = {
  /** HTTP status of an answer with this code. */
  readonly status: number;
  /** WebSocket close code when a connection is refused for it. */
  readonly close: number;
  /** Whether the same request may succeed later without anybody changing it. */
  readonly retry: boolean;
  /** The sentence a stranger may read when there is no better one. */
  readonly sentence: string;
};

export const errorRules: Readonly<Record<ErrorCode, ErrorRule>> = {
  bad_message: { status: 400, close: 4400, retry: false, sentence: 'The message was not understood.' },
  unauthorized: { status: 401, close: 4401, retry: false, sentence: 'Sign in with a bearer token.' },
  forbidden: { status: 403, close: 4403, retry: false, sentence: 'You are not allowed to do this.' },
  not_found: { status: 404, close: 4404, retry: false, sentence: 'There is no such thing here.' },
  conflict: { status: 409, close: 4400, retry: false, sentence: 'Somebody else changed it first; read it again.' },
  rate_limit: {
    status: 429,
    close: 1013,
    retry: true,
    sentence: 'Rate limited. Please wait before sending another message.',
  },
  budget_exceeded: { status: 402, close: 4403, retry: false, sentence: 'The budget is used up.' },
  agent_unavailable: { status: 503, close: 1013, retry: false, sentence: 'The agent cannot be started.' },
  agent_crashed: { status: 502, close: 1013, retry: true, sentence: 'The agent ended unexpectedly.' },
  timeout: { status: 504, close: 1013, retry: true, sentence: 'It took too long.' },
  ssh_unreachable: { status: 502, close: 1013, retry: true, sentence: "The project's machine cannot be reached." },
  host_key_mismatch: {
    status: 502,
    close: 4403,
    retry: false,
    sentence: "The host key of the project's machine is unknown or has changed.",
  },
  unavailable: { status: 503, close: 1013, retry: true, sentence: 'A part of the service does not answer; try again.' },
  internal: { status: 500, close: 1013, retry: true, sentence: 'Something went wrong on our side.' },
};

/** Every code of the table, in its order. */
export const errorCodes: readonly ErrorCode[] = Object.keys(errorRules) as ErrorCode[];

/** True for a word of {@link ErrorCode}. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorRules, value);
}

/** The one error class. `message` is a sentence that names the thing and the way out; `code` says what a program may do about it. */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError';
  readonly code: ErrorCode;
  /** Milliseconds after which a retry may help, where that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Any thrown value as a HoldfastError: itself, or `internal` with the value as its cause. */
  static from(thrown: unknown): HoldfastError {
    if (thrown instanceof HoldfastError) return thrown;
    return new HoldfastError('internal', errorRules.internal.sentence, { cause: thrown });
  }
}
