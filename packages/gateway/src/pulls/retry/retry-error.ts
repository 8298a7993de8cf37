import { HoldfastError, type ErrorCode } from '@holdfast/protocol';
import type { FailedCall } from './read-answer.ts';

/** Why no further attempt was made. */
export type RetryStop = 'exhausted' | 'over_budget' | 'unknown_outcome';

/** What is known of a call that was given up. */
export type GivenUp = {
  readonly stop: RetryStop;
  readonly attempts: number;
  readonly waitsMs: readonly number[];
  /** Absent when nothing was sent. */
  readonly last?: FailedCall;
  readonly isLimited: boolean;
  readonly totalTimeoutMs: number;
  readonly nowMs: number;
  /** When there may be an answer, where that is known. */
  readonly availableAtMs?: number;
};

/**
 * A call was given up that another attempt might have saved. `code` is `rate_limit`, `timeout` or `unavailable`; the last error is the
 * `cause`.
 */
export class RetryError extends HoldfastError {
  readonly stop: RetryStop;
  readonly attempts: number;
  /** The waits between the attempts, in milliseconds. */
  readonly waitsMs: readonly number[];
  /** Of the last answer; undefined when there was none. */
  readonly status: number | undefined;
  /** GitHub's id of the last answer, which its support asks for. */
  readonly requestId: string | undefined;
  /** When a limit ends, epoch milliseconds by our clock, where that is known. */
  readonly availableAtMs: number | undefined;

  constructor(given: GivenUp, cause: unknown) {
    const answer = given.last?.answer;
    const waitMs = given.availableAtMs === undefined ? undefined : Math.max(0, given.availableAtMs - given.nowMs);
    super(codeOf(given), sentenceOf(given), { cause, ...(waitMs !== undefined && { retryAfterMs: waitMs }) });
    this.stop = given.stop;
    this.attempts = given.attempts;
    this.waitsMs = given.waitsMs;
    this.status = answer?.kind === 'response' ? answer.status : undefined;
    this.requestId = given.last?.requestId;
    this.availableAtMs = given.availableAtMs;
  }
}

function codeOf({ isLimited, last }: GivenUp): ErrorCode {
  if (isLimited) return 'rate_limit';
  const isTimeout = !last || (last.answer.kind === 'no_answer' && last.answer.reason === 'timeout');
  return isTimeout ? 'timeout' : 'unavailable';
}

function sentenceOf(given: GivenUp): string {
  switch (given.stop) {
    case 'exhausted':
      return `Maximum retries exceeded: ${historyOf(given)}. ${wayOut(given)}`;
    case 'over_budget':
      return given.isLimited
        ? `GitHub's rate limits leave no room until ${timeOf(given)}, which is later than the ${seconds(given.totalTimeoutMs)} that the call may take: ${historyOf(given)}. ${wayOut(given)}`
        : `The ${seconds(given.totalTimeoutMs)} that the call may take are used up: ${historyOf(given)}. ${wayOut(given)}`;
    case 'unknown_outcome':
      return `It is not known whether the write has taken effect: ${historyOf(given)}. Look it up before it is sent again.`;
  }
}

function historyOf({ attempts, waitsMs, last }: GivenUp): string {
  if (!last) return 'nothing was sent';
  const { answer, requestId } = last;
  const said = answer.kind === 'response' ? `the last answer was ${answer.status}` : noAnswerWords[answer.reason];
  const id = requestId === undefined ? '' : `, request id ${requestId}`;
  const waits = waitsMs.length === 0 ? '' : `, waits ${waitsMs.map(seconds).join(', ')}`;
  return `${attempts === 1 ? '1 attempt' : `${attempts} attempts`}${waits}; ${said}${id}`;
}

const noAnswerWords = {
  timeout: 'the last one got no answer in time',
  connection_lost: 'the connection of the last one broke',
  not_connected: 'the last one could not connect',
  untrusted: 'the server could not prove who it is',
} as const;

function wayOut({ isLimited, stop, last, availableAtMs }: GivenUp): string {
  const isUnreached = last?.answer.kind === 'no_answer' && last.answer.reason === 'not_connected';
  if (!isLimited && isUnreached) {
    return 'See whether its address is right (GITHUB_API_URL) and can be reached from here; the cause names the fault.';
  }
  if (!isLimited) {
    return `See https://www.githubstatus.com, or raise ${stop === 'exhausted' ? 'GITHUB_API_MAX_RETRIES' : 'totalTimeout'}.`;
  }
  const when =
    availableAtMs === undefined || stop === 'over_budget' ? '' : `The limit ends at ${isoOf(availableAtMs)}. `;
  return `${when}Try again then, or see what else uses up the limits of these tokens.`;
}

const timeOf = ({ availableAtMs, nowMs }: GivenUp): string =>
  availableAtMs === undefined ? 'an unknown time' : `${isoOf(availableAtMs)} (in ${seconds(availableAtMs - nowMs)})`;

/** A header may name a time that no calendar has. */
function isoOf(atMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? 'a time far away' : date.toISOString();
}

function seconds(ms: number): string {
  return ms < 100 ? `${Math.round(ms)} ms` : `${Math.round(ms / 100) / 10} s`;
}
