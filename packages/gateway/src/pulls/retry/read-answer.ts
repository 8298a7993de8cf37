import type { Answer, NoAnswer, Question } from './classify.ts';
import type { Headers } from './headers.ts';
import { isObject } from './is-object.ts';
import { isGraphqlError, readQuestion } from './read-question.ts';

/** What a failed call threw, as an answer, with what can be told of it. */
export type FailedCall = {
  readonly answer: Answer;
  /** What was asked, where the error knows it. */
  readonly question?: Question;
  /** GitHub's `x-github-request-id`: what its support asks for. */
  readonly requestId?: string;
};

/**
 * Reads an error of Octokit (`RequestError`, `GraphqlResponseError`), of `fetch`, of Node's sockets, or any other that has a `status` and
 * perhaps `headers` (also below `response`). Undefined for an error that tells of no exchange with a server: a fault of the program,
 * or a call that its caller gave up.
 */
export function readAnswer(thrown: unknown): FailedCall | undefined {
  const response = readResponse(thrown);
  const question = readQuestion(thrown);
  const known = question === undefined ? {} : { question };
  if (response) {
    const requestId = response.headers['x-github-request-id'];
    return { answer: response, ...known, ...(requestId !== undefined && { requestId }) };
  }
  const reason = readNoAnswer(thrown);
  return reason === undefined ? undefined : { answer: { kind: 'no_answer', reason }, ...known };
}

function readResponse(thrown: unknown): Extract<Answer, { kind: 'response' }> | undefined {
  if (!isObject(thrown)) return undefined;
  const response = isObject(thrown['response']) ? thrown['response'] : undefined;
  // Octokit gives a connection that broke the status 500, without a response: nobody said that.
  if (thrown['name'] === 'HttpError' && !response && thrown['cause'] !== undefined) return undefined;
  const headers = readHeaders(response?.['headers'] ?? thrown['headers']);
  const status = [response?.['status'], thrown['status'], thrown['statusCode']].find(isStatus);
  if (status !== undefined) return { kind: 'response', status, headers, body: readBody(thrown, response) };
  if (!isGraphqlError(thrown)) return undefined;
  return { kind: 'response', status: 200, headers, body: { errors: thrown.errors } };
}

function isStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 100 && value <= 599;
}

function readBody(thrown: Readonly<Record<string, unknown>>, response: Readonly<Record<string, unknown>> | undefined) {
  const body = response?.['data'] ?? thrown['body'] ?? thrown['data'];
  return body ?? { message: thrown['message'] };
}

function readHeaders(value: unknown): Headers {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    entriesOf(value)
      .filter(([, text]) => typeof text === 'string' || typeof text === 'number')
      .map(([name, text]) => [name.toLowerCase(), String(text)]),
  );
}

/** `Headers` are a class of each implementation of `fetch`: Node's own, undici's, node-fetch's. */
function entriesOf(headers: Readonly<Record<PropertyKey, unknown>>): readonly (readonly [string, unknown])[] {
  if (typeof headers[Symbol.iterator] !== 'function') return Object.entries(headers);
  const all = [...(headers as unknown as Iterable<unknown>)];
  return all.flatMap((one) => (Array.isArray(one) && typeof one[0] === 'string' ? [[one[0], one[1]] as const] : []));
}

/** What Node, undici and the resolver call their faults. */
const reasons: readonly (readonly [NoAnswer, RegExp])[] = [
  ['untrusted', /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(VERIFY|GET_ISSUER)|ERR_TLS_CERT_)/],
  [
    'not_connected',
    /^(ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EHOSTDOWN|UND_ERR_CONNECT_TIMEOUT|ConnectionRefused)$/,
  ],
  ['timeout', /^(ETIMEDOUT|ESOCKETTIMEDOUT|UND_ERR_(HEADERS|BODY)_TIMEOUT)$/],
  [
    'connection_lost',
    /^(ECONNRESET|ECONNABORTED|EPIPE|UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH|ERR_STREAM_PREMATURE_CLOSE)$/,
  ],
];

function readNoAnswer(thrown: unknown): NoAnswer | undefined {
  const seen = new Set<unknown>();
  for (let fault: unknown = thrown; isObject(fault) && !seen.has(fault); fault = fault['cause']) {
    seen.add(fault);
    if (fault['name'] === 'TimeoutError') return 'timeout';
    // Of several addresses, each with its own fault, none was reached.
    const inner: unknown = fault instanceof AggregateError ? fault.errors[0] : undefined;
    const code = fault['code'] ?? (isObject(inner) ? inner['code'] : undefined);
    const reason = reasons.find(([, pattern]) => typeof code === 'string' && pattern.test(code))?.[0];
    if (reason !== undefined) return reason;
  }
  return undefined;
}
