import { HoldfastError } from '@holdfast/protocol';
import type { RetryAttempt, Tried } from '../retry/call-until-done.ts';
import { classify, isRepeatable, type Question } from '../retry/classify.ts';
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
  let method: AnyMethod | undefined;
  try {
    const methods = methodsOf({ signal: over.signal });
    method = methodOf(methods, name);
    const running = Promise.resolve(Reflect.apply(method, methods, [withSignal(method, parameters, over.signal)]));
    const result: unknown = await orAborted(running, over.signal);
    // Octokit's answers have headers, which tell what is left of the quota.
    const read = isObject(result) && isObject(result['headers']) ? readAnswer(result) : undefined;
    const call = read ?? { answer: { kind: 'response', status: 200, headers: {} } };
    return { kind: 'answered', question: given, answer: call.answer, call, result };
  } catch (error) {
    if (!method) throw error;
    const read = readAnswer(error) ?? (over.signal.aborted ? late : undefined);
    // Whether anything was sent before a fault of the service, nobody knows.
    const call: FailedCall = read ?? { answer: { kind: 'no_answer', reason: 'connection_lost' } };
    const asked = question ?? askedOf(given, call.question, isOfOctokit(method));
    return { kind: 'failed', question: asked, answer: call.answer, call, error, ...(!read && { isFault: true }) };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

/**
 * What was asked, by the name of the method and by what its error says. A method of Octokit's sends one request; another one may have sent more, so
 * what it writes by its name is no read because that is what failed last.
 */
function askedOf(named: Question, told: Question | undefined, isOneRequest: boolean): Question {
  const asked = { ...named, ...told };
  return isOneRequest || isRepeatable(named) ? asked : { ...asked, method: named.method, readOnly: false };
}

type AnyMethod = (...parameters: never) => unknown;

function methodOf(service: unknown, name: string): AnyMethod {
  const method = isObject(service) || typeof service === 'function' ? Reflect.get(service, name) : undefined;
  if (typeof method === 'function') return method as AnyMethod;
  throw new HoldfastError('bad_message', `githubService has no method "${name}".`);
}

/** Octokit's methods are known by their `endpoint`. */
function isOfOctokit(method: object): boolean {
  const endpoint: unknown = Reflect.get(method, 'endpoint');
  return typeof endpoint === 'function' && typeof Reflect.get(endpoint, 'merge') === 'function';
}

/**
 * Octokit's methods take a signal among their parameters; another service would take it for something that it is to send. `retries` is plugin-retry's,
 * which the package `octokit` has in it: it sends a write again whose outcome is unknown.
 */
function withSignal(method: object, parameters: unknown, signal: AbortSignal): unknown {
  if (!isOfOctokit(method) || (parameters !== undefined && !isObject(parameters))) return parameters;
  const request = isObject(parameters?.['request']) ? parameters['request'] : {};
  const theirs = request['signal'];
  const either = theirs instanceof AbortSignal ? AbortSignal.any([theirs, signal]) : signal;
  return { ...parameters, request: { ...request, signal: either, retries: 0 } };
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
