import { HoldfastError } from '@holdfast/protocol';
import { callUntilDone, type RetryAttempt, type RetryNotice, type Tried } from './call-until-done.ts';
import { classify, type Question } from './classify.ts';
import { isObject } from './is-object.ts';
import { aBoolean, aFunction, optionFaults, type OptionRule } from './option-faults.ts';
import { orAborted } from './or-aborted.ts';
import { readAnswer, type FailedCall } from './read-answer.ts';
import { RetryConfig } from './retry-config.ts';
import type { RetrySettings } from './retry-settings.ts';

export type { RetryAttempt, RetryNotice };

export type RetryOptions = {
  /**
   * What is asked. Default: what the error says was asked (Octokit's do), else `GET`. After a `POST` or `PATCH` whose outcome is unknown
   * (timeout, 5xx, connection lost) nothing is sent again unless `looksUp`; a GraphQL query is known to change nothing.
   */
  readonly question?: Question;
  /** The function looks up whether it has taken effect already when it is told `outcomeUnknown`. */
  readonly looksUp?: boolean;
  readonly onRetry?: (notice: RetryNotice) => void;
  /** From 0 to below 1. Default: `Math.random`. */
  readonly random?: () => number;
};

type Retried<Result> = (options?: { readonly signal?: AbortSignal | undefined }) => Promise<Result>;

/**
 * Gives a function that calls `fn` until it succeeds: `const call = retryWithBackoff(config)(fn); await call({ signal })`. Rate limits, 5xx,
 * timeouts and broken connections are tried again, after the time that the server asks for or with exponential back-off; anything else
 * that `fn` throws is thrown as it is. Throws a `RetryError` after the last attempt, at once when the wait would be longer than the
 * time for all attempts, and when the outcome of a write is unknown; `signal`'s reason at once when it aborts, also during a wait.
 * Without a `config` the environment's is taken (`RetryConfig.fromEnv`). Throws `bad_message` at once for options that there are not.
 */
export function retryWithBackoff(
  config: RetryConfig | Partial<RetrySettings> = RetryConfig.fromEnv(),
  options: RetryOptions = {},
): <Result>(fn: (attempt: RetryAttempt) => Promise<Result>) => Retried<Result> {
  const { policy } = config instanceof RetryConfig ? config : new RetryConfig(config);
  const faults = optionFaults(options, optionRules);
  if (faults.length > 0) throw new HoldfastError('bad_message', `retryWithBackoff: ${faults.join('; ')}.`);
  return (fn) =>
    ({ signal = new AbortController().signal } = {}) =>
      callUntilDone((attempt) => tryOnce(fn, attempt, options), { ...options, policy, signal });
}

const optionRules: Readonly<Record<keyof RetryOptions, OptionRule>> = {
  question: { what: 'an object whose method is in capitals', holds: isQuestion },
  looksUp: aBoolean,
  onRetry: aFunction,
  random: aFunction,
};

function isQuestion(value: unknown): boolean {
  return isObject(value) && typeof value['method'] === 'string' && /^[A-Z]+$/.test(value['method']);
}

async function tryOnce<Result>(
  fn: (attempt: RetryAttempt) => Promise<Result>,
  attempt: RetryAttempt,
  { question }: RetryOptions,
): Promise<Tried<Result>> {
  const { signal } = attempt;
  try {
    return { kind: 'done', result: await orAborted(fn(attempt), signal) };
  } catch (error) {
    // What the deadline aborted is a timeout, whatever the function made of it.
    const late: FailedCall | undefined = signal.aborted ? noAnswerInTime : undefined;
    const call = readAnswer(error) ?? late;
    if (!call) throw error;
    const verdict = classify(question ?? call.question ?? { method: 'GET' }, call.answer, Date.now());
    return { kind: 'failed', error, call, verdict };
  }
}

const noAnswerInTime: FailedCall = { answer: { kind: 'no_answer', reason: 'timeout' } };
