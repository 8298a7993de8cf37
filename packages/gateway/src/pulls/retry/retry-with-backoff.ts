import { decide, secondaryDelayMs, type BackOffPolicy } from './back-off.ts';
import { classify, type Question, type Verdict } from './classify.ts';
import { readAnswer, type FailedCall } from './read-answer.ts';
import { RetryConfig } from './retry-config.ts';
import { RetryError, type RetryStop } from './retry-error.ts';
import type { RetrySettings } from './retry-settings.ts';

/** What the function is given each time it is called. */
export type RetryAttempt = {
  /** 1, 2, 3 … */
  readonly attempt: number;
  /** Aborts with the caller's signal, and when the time for all attempts is over. */
  readonly signal: AbortSignal;
  /** An earlier attempt may have taken effect although it failed: look before sending again. */
  readonly outcomeUnknown: boolean;
};

/** A wait that begins, for logs and metrics. */
export type RetryNotice = {
  /** The attempt that has just failed. */
  readonly attempt: number;
  readonly delayMs: number;
  readonly verdict: Verdict['kind'];
  readonly status?: number;
  readonly requestId?: string;
};

export type RetryOptions = {
  /**
   * What is asked. Default: the method that the error names (Octokit's do), else `GET`. After a `POST` or `PATCH` whose outcome is unknown
   * (timeout, 5xx, connection lost) nothing is sent again unless `looksUp`.
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
 * Without a `config` the environment's is taken (`RetryConfig.fromEnv`).
 */
export function retryWithBackoff(
  config: RetryConfig | Partial<RetrySettings> = RetryConfig.fromEnv(),
  options: RetryOptions = {},
): <Result>(fn: (attempt: RetryAttempt) => Promise<Result>) => Retried<Result> {
  const { policy } = config instanceof RetryConfig ? config : new RetryConfig(config);
  return (fn) =>
    ({ signal } = {}) =>
      callUntilDone(fn, policy, options, signal ?? new AbortController().signal);
}

async function callUntilDone<Result>(
  fn: (attempt: RetryAttempt) => Promise<Result>,
  policy: BackOffPolicy,
  options: RetryOptions,
  signal: AbortSignal,
): Promise<Result> {
  const startedAtMs = Date.now();
  const waitsMs: number[] = [];
  let outcomeUnknown = false;
  let secondaryLimits = 0;
  const deadline = new AbortController();
  const timer = setTimeout(
    () => deadline.abort(new DOMException('The time is over', 'TimeoutError')),
    policy.totalTimeoutMs,
  );
  const either = AbortSignal.any([signal, deadline.signal]);
  try {
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted();
      try {
        return await orAborted(fn({ attempt, signal: either, outcomeUnknown }), either);
      } catch (error) {
        signal.throwIfAborted();
        const nowMs = Date.now();
        const failed = readFailed(error, deadline.signal);
        if (!failed) throw error;
        const verdict = classify(questionOf(options, failed), failed.answer, nowMs);
        secondaryLimits = isSecondary(verdict) ? secondaryLimits + 1 : 0;
        const decision = decide(
          policy,
          verdict,
          { attempt, startedAtMs, nowMs, secondaryLimits },
          options.random ?? Math.random,
        );
        const giveUp = (stop: RetryStop, availableAtMs = limitEndMs(verdict, nowMs, secondaryLimits)): RetryError => {
          const isLimited = verdict.kind === 'limited';
          const given = { stop, attempts: attempt, waitsMs, last: failed, isLimited, nowMs };
          const { totalTimeoutMs } = policy;
          return new RetryError(
            { ...given, totalTimeoutMs, ...(availableAtMs !== undefined && { availableAtMs }) },
            error,
          );
        };
        outcomeUnknown ||= verdict.kind === 'unknown_outcome';
        if (outcomeUnknown && verdict.kind !== 'final' && !options.looksUp) throw giveUp('unknown_outcome');
        switch (decision.kind) {
          case 'done':
          case 'final':
            throw error;
          case 'exhausted':
            throw giveUp('exhausted');
          case 'over_budget':
            throw giveUp('over_budget', decision.availableAtMs);
          case 'retry':
            options.onRetry?.(noticeOf(attempt, decision.delayMs, verdict, failed));
            waitsMs.push(decision.delayMs);
            await pauseFor(decision.delayMs, signal);
        }
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

/** What the deadline aborted is a timeout, whatever the function made of it. */
function readFailed(error: unknown, deadline: AbortSignal): FailedCall | undefined {
  const failed = readAnswer(error);
  return failed ?? (deadline.aborted ? { answer: { kind: 'no_answer', reason: 'timeout' } } : undefined);
}

function questionOf(options: RetryOptions, failed: FailedCall): Question {
  return options.question ?? { method: failed.method ?? 'GET' };
}

const isSecondary = (verdict: Verdict): boolean => verdict.kind === 'limited' && verdict.limit === 'secondary';

function limitEndMs(verdict: Verdict, nowMs: number, secondaryLimits: number): number | undefined {
  return verdict.kind === 'limited' ? (verdict.notBeforeMs ?? nowMs + secondaryDelayMs(secondaryLimits)) : undefined;
}

function noticeOf(attempt: number, delayMs: number, verdict: Verdict, failed: FailedCall): RetryNotice {
  const { answer, requestId } = failed;
  return {
    attempt,
    delayMs,
    verdict: verdict.kind,
    ...(answer.kind === 'response' && { status: answer.status }),
    ...(requestId !== undefined && { requestId }),
  };
}

/** A function that does not heed its signal must not hold its caller. */
function orAborted<Result>(call: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([call, promise]).finally(() => signal.removeEventListener('abort', onAbort));
}

function pauseFor(delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, delayMs);
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  });
}
