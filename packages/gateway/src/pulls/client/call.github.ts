import { HoldfastError } from '@holdfast/protocol';
import type { RetryAttempt, Tried } from '../retry/call-until-done.ts';
import { classify, type Question } from '../retry/classify.ts';
import { isObject } from '../retry/is-object.ts';
import { orAborted } from '../retry/or-aborted.ts';
import { readAnswer, type FailedCall } from '../retry/read-answer.ts';
import type { Came } from './admitted-attempts.ts';
import type { Ask } from '../admission/admission.ts';
import { isRefusedCall } from './refused-routes.ts';

/** The names of a service's methods. */
export type MethodOf<Service> = {
  [Name in keyof Service & string]: Service[Name] extends (...parameters: never) => unknown ? Name : never;
}[keyof Service & string];

export type ParametersOf<Method> = Method extends (first?: infer First, ...more: never) => unknown ? First : never;
export type ResultOf<Method> = Method extends (...parameters: never) => infer Result ? Awaited<Result> : never;

/** One call of a method, as far as its name tells. */
export type NamedCall = {
  readonly name: string;
  readonly parameters: unknown;
  readonly ask: Ask;
  /** Where the caller said it. */
  readonly question?: Question | undefined;
};

/** Throws `forbidden` for a name that says that it merges, or that it sends whatever it is told. */
export function readCall(name: string, parameters: unknown, question: Question | undefined): NamedCall {
  if (isRefusedCall(name)) {
    throw new HoldfastError('forbidden', `"${name}" is not called: Holdfast never merges; let a person do that.`);
  }
  if (/^(request|graphql|paginate)$/.test(name)) {
    throw new HoldfastError(
      'forbidden',
      `"${name}" is not called: what it would send is not looked over; use the client's own request or graphql.`,
    );
  }
  const isRead = question ? question.readOnly === true || question.method === 'GET' : readName.test(name);
  const resource = question?.resource ?? (/^search/i.test(name) ? 'search' : 'core');
  return { name, parameters, question, ask: { resource, kind: isRead ? 'read' : 'content' } };
}

/** `getOrCreateLabel` and `get_or_create_label` are writes. */
const readName =
  /^(get|list|check|search|find|read|has|is|compare|count|fetch)(?![a-z])(?!\w*((Or|And)[A-Z]|_(or|and)_))/;

/** Gives the service whose method is called; what it sends is to end with the signal. */
export type MethodsOf = (options: { readonly signal: AbortSignal }) => unknown;

const late: FailedCall = { answer: { kind: 'no_answer', reason: 'timeout' } };

/** Calls the method once. Throws only what was wrong before it was called. */
export async function callOnce(
  methodsOf: MethodsOf,
  { name, parameters, ask, question }: NamedCall,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<Exclude<Came<unknown>, { kind: 'sent_on' }>> {
  const given = question ?? { method: ask.kind === 'read' ? 'GET' : 'POST', resource: ask.resource };
  // The caller's own reason is not for a service: Octokit writes on it.
  const over = new AbortController();
  const end = (): void => over.abort(new DOMException('No answer in time', 'TimeoutError'));
  const timer = setTimeout(end, timeoutMs);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  let isCalled = false;
  try {
    const methods = methodsOf({ signal: over.signal });
    const method = methodOf(methods, name);
    isCalled = true;
    const running = Promise.resolve(Reflect.apply(method, methods, [withSignal(method, parameters, over.signal)]));
    const result: unknown = await orAborted(running, over.signal);
    // Octokit's answers have headers, which tell what is left of the quota.
    const read = isObject(result) && isObject(result['headers']) ? readAnswer(result) : undefined;
    const call = read ?? { answer: { kind: 'response', status: 200, headers: {} } };
    return { kind: 'answered', question: given, answer: call.answer, call, result };
  } catch (error) {
    if (!isCalled) throw error;
    const read = readAnswer(error) ?? (over.signal.aborted ? late : undefined);
    // Whether anything was sent before a fault of the service, nobody knows.
    const call: FailedCall = read ?? { answer: { kind: 'no_answer', reason: 'connection_lost' } };
    const asked = question ?? (call.method === undefined ? given : { ...given, method: call.method });
    return { kind: 'failed', question: asked, answer: call.answer, call, error, ...(!read && { isFault: true }) };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

function methodOf(service: unknown, name: string): (...parameters: never) => unknown {
  const method = isObject(service) || typeof service === 'function' ? Reflect.get(service, name) : undefined;
  if (typeof method === 'function') return method as (...parameters: never) => unknown;
  throw new HoldfastError('bad_message', `githubService has no method "${name}".`);
}

/**
 * Octokit's methods take a signal among their parameters, and are known by their `endpoint`; another service would take it for something that it is
 * to send.
 */
function withSignal(method: object, parameters: unknown, signal: AbortSignal): unknown {
  const endpoint: unknown = Reflect.get(method, 'endpoint');
  const isOfOctokit = typeof endpoint === 'function' && typeof Reflect.get(endpoint, 'merge') === 'function';
  if (!isOfOctokit || (parameters !== undefined && !isObject(parameters))) return parameters;
  const request = isObject(parameters?.['request']) ? parameters['request'] : {};
  const theirs = request['signal'];
  const either = theirs instanceof AbortSignal ? AbortSignal.any([theirs, signal]) : signal;
  return { ...parameters, request: { ...request, signal: either } };
}

/** The same as an attempt, of a service that has a token of its own. */
export async function tryWithOwnToken(
  service: unknown,
  named: NamedCall,
  { signal }: RetryAttempt,
  timeoutMs: number,
): Promise<Tried<unknown>> {
  const came = await callOnce(() => service, named, signal, timeoutMs);
  if (came.kind === 'answered') return { kind: 'done', result: came.result };
  const { error, call, isFault } = came;
  const verdict = classify(came.question, came.answer, Date.now());
  return { kind: 'failed', error, call, verdict, ...(isFault && { next: 'none' }) };
}

/** What `lookUp` found, undefined for nothing. */
export function foundResult(result: unknown): { readonly result: unknown } | undefined {
  return result === undefined ? undefined : { result };
}
