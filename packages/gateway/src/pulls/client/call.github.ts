import { HoldfastError } from '@holdfast/protocol';
import { orAborted, type RetryAttempt, type Tried } from '../retry/call-until-done.ts';
import { classify, type Question } from '../retry/classify.ts';
import { isObject } from '../retry/is-object.ts';
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

/** `getOrCreateLabel` is a write. */
const readName = /^(get|list|check|search|find|read|has|is|compare|count|fetch)(?![a-z])(?!\w*(Or|And)[A-Z])/;

/** Calls the method once. Throws what tells of no exchange with GitHub: a fault of the service. */
export async function callOnce(
  service: unknown,
  { name, parameters, ask, question }: NamedCall,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<Exclude<Came<unknown>, { kind: 'sent_on' }>> {
  const method = isObject(service) || typeof service === 'function' ? Reflect.get(service, name) : undefined;
  if (typeof method !== 'function') throw new HoldfastError('bad_message', `githubService has no method "${name}".`);
  const given = question ?? { method: ask.kind === 'read' ? 'GET' : 'POST', resource: ask.resource };
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(new DOMException('No answer in time', 'TimeoutError')), timeoutMs);
  try {
    const running = Promise.resolve(Reflect.apply(method, service, [parameters]));
    const result: unknown = await orAborted(running, AbortSignal.any([signal, timeout.signal]));
    // Octokit's answers have headers, which tell what is left of the quota.
    const read = isObject(result) && isObject(result['headers']) ? readAnswer(result) : undefined;
    const call = read ?? { answer: { kind: 'response', status: 200, headers: {} } };
    return { kind: 'answered', question: given, answer: call.answer, call, result };
  } catch (error) {
    const late: FailedCall = { answer: { kind: 'no_answer', reason: 'timeout' } };
    const call = readAnswer(error) ?? (signal.aborted || timeout.signal.aborted ? late : undefined);
    if (!call) throw error;
    const asked = question ?? (call.method === undefined ? given : { ...given, method: call.method });
    return { kind: 'failed', question: asked, answer: call.answer, call, error };
  } finally {
    clearTimeout(timer);
  }
}

/** The same as an attempt, of a service that has a token of its own. */
export async function tryWithOwnToken(
  service: unknown,
  named: NamedCall,
  { signal }: RetryAttempt,
  timeoutMs: number,
): Promise<Tried<unknown>> {
  const came = await callOnce(service, named, signal, timeoutMs);
  if (came.kind === 'answered') return { kind: 'done', result: came.result };
  const verdict = classify(came.question, came.answer, Date.now());
  return { kind: 'failed', error: came.error, call: came.call, verdict };
}

/** What `lookUp` found, undefined for nothing. */
export function foundResult(result: unknown): { readonly result: unknown } | undefined {
  return result === undefined ? undefined : { result };
}
