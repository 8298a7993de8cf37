import { tell } from '../../lib/tell.ts';
import { decide, secondaryDelayMs, type BackOffPolicy } from './back-off.ts';
import type { Verdict } from './classify.ts';
import { orAborted } from './or-aborted.ts';
import type { FailedCall } from './read-answer.ts';
import { RetryError, type RetryStop } from './retry-error.ts';

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
  /** 0 where the next attempt waits for itself: after a limit, another token may be free at once. */
  readonly delayMs: number;
  readonly verdict: Verdict['kind'];
  /** Of a verdict `limited`. */
  readonly limit?: 'primary' | 'secondary';
  readonly status?: number;
  readonly requestId?: string;
};

/** How one attempt ended. */
export type Tried<Result> = { readonly kind: 'done'; readonly result: Result } | Failed | TooLate;

/**
 * Nothing was sent, and nothing could be before `availableAtMs` (where that is known), which is too late. `sent`: but for this, whose answer was to
 * send the same elsewhere.
 */
type TooLate = { readonly kind: 'too_late'; readonly availableAtMs?: number; readonly sent?: Failed };

export type Failed = {
  readonly kind: 'failed';
  readonly error: unknown;
  readonly call: FailedCall;
  readonly verdict: Verdict;
  /** How long the attempt itself waited before it sent. */
  readonly heldMs?: number;
  /** `back_off` (default); the next attempt is made at once, and counts as a further one or not; or there is none, and the error is thrown as it is. */
  readonly next?: 'back_off' | 'at_once' | 'at_once_uncounted' | 'none';
};

export type CallOptions<Result> = {
  readonly policy: BackOffPolicy;
  readonly signal: AbortSignal;
  /** The attempts look for themselves whether an earlier one has taken effect, once they are told that its outcome is unknown. */
  readonly looksUp?: boolean | undefined;
  /** What an earlier attempt came to, if it has taken effect; asked before a next one, and before the call is given up. */
  readonly lookUp?:
    | ((options: { readonly signal: AbortSignal }) => Promise<{ readonly result: Result } | undefined>)
    | undefined;
  /** Aborts when nothing is sent any more: a wait ends at once, and the next attempt says why there is none. */
  readonly closing?: AbortSignal | undefined;
  readonly onRetry?: ((notice: RetryNotice) => void) | undefined;
  /** From 0 to below 1. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
};

/**
 * The loop that every retry goes through: attempts until one is done. Throws a final failure as it is; a `RetryError` after the last attempt, at
 * once when the wait would be longer than the time for all attempts, and when the outcome of a write is unknown and nobody can look; what an
 * attempt throws, as it is; the signal's reason when it aborts. An attempt has to end when its signal aborts. No timer outlives the call.
 */
export async function callUntilDone<Result>(
  tryOnce: (attempt: RetryAttempt) => Promise<Tried<Result>>,
  options: CallOptions<Result>,
): Promise<Result> {
  const { policy, signal } = options;
  const story: Story = { startedAtMs: Date.now(), attempts: 0, counted: 0, waitsMs: [], waitMs: 0, ...untried };
  const deadline = new AbortController();
  const onDeadline = (): void => deadline.abort(new DOMException('The time is over', 'TimeoutError'));
  const timer = setTimeout(onDeadline, policy.totalTimeoutMs);
  const either = AbortSignal.any([signal, deadline.signal]);
  try {
    for (;;) {
      signal.throwIfAborted();
      const earlier = await lookUp(story, options, either);
      if (earlier) return earlier.result;
      const { outcomeUnknown, attempts } = story;
      const tried = await ofCaller(tryOnce({ attempt: attempts + 1, signal: either, outcomeUnknown }), signal);
      if (tried.kind === 'done') return tried.result;
      const next = tried.kind === 'too_late' ? stopLate(story, policy, tried) : follow(story, options, tried);
      if (next.kind === 'stop') {
        // What was sent before may have taken effect by now, and be the very reason of this refusal.
        const late = await lookUp(story, options, either);
        if (late) return late.result;
        throw next.error;
      }
      if (next.delayMs > 0) await pauseFor(next.delayMs, options);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** What has happened so far. */
type Story = {
  readonly startedAtMs: number;
  /** How often something was sent. */
  attempts: number;
  /** Those of them that `maxRetries` bounds. */
  counted: number;
  readonly waitsMs: number[];
  /** The wait that the next attempt ends. */
  waitMs: number;
  outcomeUnknown: boolean;
  /** Nobody has looked since what was sent last had an unknown outcome. */
  isUnseen: boolean;
  secondaryLimits: number;
  last: Failed | undefined;
};

const untried = { outcomeUnknown: false, isUnseen: false, secondaryLimits: 0, last: undefined };

type Next = { readonly kind: 'again'; readonly delayMs: number } | { readonly kind: 'stop'; readonly error: Error };

function follow<Result>(story: Story, options: CallOptions<Result>, failed: Failed): Next {
  const { policy } = options;
  const { verdict, error } = failed;
  const nowMs = Date.now();
  note(story, failed);
  if (failed.next === 'none') return { kind: 'stop', error: error as Error };
  const give = (stop: RetryStop, availableAtMs = limitEndMs(verdict, nowMs, story.secondaryLimits)): Next => ({
    kind: 'stop',
    error: giveUp(story, policy, stop, error, availableAtMs),
  });
  if (story.outcomeUnknown && verdict.kind !== 'final' && !options.looksUp && !options.lookUp) {
    return give('unknown_outcome');
  }
  const again = (delayMs: number): Next => {
    story.waitMs = delayMs;
    tell('onRetry', () => options.onRetry?.(noticeOf(story.attempts, delayMs, failed)));
    return { kind: 'again', delayMs };
  };
  if (failed.next === 'at_once_uncounted') return again(0);
  if (failed.next === 'at_once') return story.counted > policy.maxRetries ? give('exhausted') : again(0);
  const progress = { attempt: story.counted, startedAtMs: story.startedAtMs, nowMs };
  const decision = decide(
    policy,
    verdict,
    { ...progress, secondaryLimits: story.secondaryLimits },
    options.random ?? Math.random,
  );
  switch (decision.kind) {
    case 'done':
    case 'final':
      return { kind: 'stop', error: error as Error };
    case 'exhausted':
      return give('exhausted');
    case 'over_budget':
      return give('over_budget', decision.availableAtMs);
    case 'retry':
      return again(decision.delayMs);
  }
}

function note(story: Story, failed: Failed): void {
  const { verdict } = failed;
  if (story.attempts > 0) story.waitsMs.push(story.waitMs + (failed.heldMs ?? 0));
  story.attempts += 1;
  if (failed.next !== 'at_once_uncounted') story.counted += 1;
  story.last = failed;
  story.secondaryLimits = isSecondary(verdict) ? story.secondaryLimits + 1 : 0;
  story.outcomeUnknown ||= verdict.kind === 'unknown_outcome';
  story.isUnseen ||= verdict.kind === 'unknown_outcome';
}

function stopLate(story: Story, policy: BackOffPolicy, late: TooLate): Next {
  if (late.sent) note(story, late.sent);
  // Only a limit tells when something may be sent again.
  const isLimited = late.availableAtMs !== undefined;
  return {
    kind: 'stop',
    error: giveUp(story, policy, 'over_budget', story.last?.error, late.availableAtMs, isLimited),
  };
}

/** What came of an earlier attempt, asked where that is not known. */
async function lookUp<Result>(
  story: Story,
  options: CallOptions<Result>,
  signal: AbortSignal,
): Promise<{ readonly result: Result } | undefined> {
  if (!story.outcomeUnknown || !options.lookUp) return undefined;
  options.signal.throwIfAborted();
  if (signal.aborted && !story.isUnseen) return undefined;
  try {
    signal.throwIfAborted();
    const found = await orAborted(options.lookUp({ signal }), signal);
    story.isUnseen = false;
    return found;
  } catch (error) {
    options.signal.throwIfAborted();
    throw giveUp(story, options.policy, 'unknown_outcome', signal.aborted ? story.last?.error : error);
  }
}

function giveUp(
  story: Story,
  { totalTimeoutMs }: BackOffPolicy,
  stop: RetryStop,
  cause: unknown,
  availableAtMs?: number,
  isLimited = story.last?.verdict.kind === 'limited',
): RetryError {
  const { attempts, waitsMs, last } = story;
  const given = {
    stop,
    attempts,
    waitsMs,
    isLimited,
    totalTimeoutMs,
    nowMs: Date.now(),
    ...(last && { last: last.call }),
  };
  return new RetryError({ ...given, ...(availableAtMs !== undefined && { availableAtMs }) }, cause);
}

const isSecondary = (verdict: Verdict): boolean => verdict.kind === 'limited' && verdict.limit === 'secondary';

function limitEndMs(verdict: Verdict, nowMs: number, secondaryLimits: number): number | undefined {
  return verdict.kind === 'limited' ? (verdict.notBeforeMs ?? nowMs + secondaryDelayMs(secondaryLimits)) : undefined;
}

function noticeOf(attempt: number, delayMs: number, { call, verdict }: Failed): RetryNotice {
  const { answer, requestId } = call;
  return {
    attempt,
    delayMs,
    verdict: verdict.kind,
    ...(verdict.kind === 'limited' && { limit: verdict.limit }),
    ...(answer.kind === 'response' && { status: answer.status }),
    ...(requestId !== undefined && { requestId }),
  };
}

/** What an attempt throws or gives because its caller went away is the caller's reason. */
async function ofCaller<Result>(tried: Promise<Tried<Result>>, signal: AbortSignal): Promise<Tried<Result>> {
  try {
    const ended = await tried;
    if (ended.kind !== 'done') signal.throwIfAborted();
    return ended;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

async function pauseFor<Result>(delayMs: number, { signal, closing }: CallOptions<Result>): Promise<void> {
  // Whoever was told of the wait may have ended it.
  signal.throwIfAborted();
  if (closing?.aborted) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const end = (): void => resolve();
  const timer = setTimeout(end, delayMs);
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  closing?.addEventListener('abort', end, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    closing?.removeEventListener('abort', end);
  }
}
