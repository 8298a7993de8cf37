import { decide, type BackOffPolicy, type Decision, type Progress } from '../back-off.ts';
import { classify, type Answer, type NoAnswer, type Question, type Verdict } from '../classify.ts';
import type { Resource } from '../resource.ts';
import { bodies } from './bodies.ts';

/**
 * A part of GitHub's documentation and what follows from it, a row a line:
 * question | status or fault | headers | body | attempt | what is done.
 *
 * `@N` in a header is the instant N seconds after GitHub's now: epoch seconds in `x-ratelimit-reset`, an HTTP date elsewhere. The attempt is
 * its number (`of N` retries, default 3), `after N` seconds since the first began, `secondary N` limits in a row, `clock +N`
 * seconds that ours is ahead. Without jitter: the first wait is 1 s, doubled up to 60 s; 600 s for all.
 */
export type Chapter = { readonly section: string; readonly url: string; readonly rows: string };

export type Row = {
  readonly title: string;
  readonly section: string;
  readonly url: string;
  readonly expected: string;
  readonly decided: () => string;
};

const githubNowMs = Date.parse('2026-01-05T10:00:00Z');

/** The rows of the chapters, each with a function that says what the code decides. */
export function readRows(chapters: readonly Chapter[]): readonly Row[] {
  return chapters.flatMap(({ section, url, rows }) =>
    rows
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => {
        const [question = '', answer = '', headers = '', body = '', attempt = '', expected = ''] = line
          .split(' | ')
          .map((cell) => cell.trim());
        const title = [question, answer, headers, body, attempt].filter((cell) => cell !== '-').join(', ');
        return { title, section, url, expected, decided: () => decideFor(question, answer, headers, body, attempt) };
      }),
  );
}

function decideFor(question: string, answer: string, headers: string, body: string, attempt: string): string {
  const { policy, progress } = readAttempt(attempt);
  const verdict = classify(readQuestion(question), readAnswerCell(answer, headers, body), progress.nowMs);
  return sentenceOf(verdict, decide(policy, verdict, progress, noChance), progress);
}

const noChance = (): number => {
  throw new Error('without jitter nothing is left to chance');
};

function readQuestion(cell: string): Question {
  const [method = '', resource, readOnly] = cell.split(' ');
  return { method, ...(resource && { resource: resource as Resource }), ...(readOnly && { readOnly: true }) };
}

function readAnswerCell(answer: string, headers: string, body: string): Answer {
  if (!/^\d+$/.test(answer)) return { kind: 'no_answer', reason: answer as NoAnswer };
  if (body !== '-' && !Object.hasOwn(bodies, body)) throw new Error(`there is no body ${body}`);
  return { kind: 'response', status: Number(answer), headers: readHeaders(headers), body: bodies[body] };
}

function readHeaders(cell: string): Readonly<Record<string, string>> {
  if (cell === '-') return {};
  const pairs = cell.split(';').map((pair) => {
    const at = pair.indexOf(':');
    const name = pair.slice(0, at).trim();
    const value = pair.slice(at + 1).trim();
    if (!value.startsWith('@')) return [name, value];
    const instantMs = githubNowMs + Number(value.slice(1)) * 1000;
    return [name, name === 'x-ratelimit-reset' ? String(instantMs / 1000) : new Date(instantMs).toUTCString()];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

function readAttempt(cell: string): { readonly policy: BackOffPolicy; readonly progress: Progress } {
  const numberAfter = (word: string, fallback: number): number =>
    Number(new RegExp(`\\b${word} ([+-]?\\d+)`).exec(cell)?.[1] ?? fallback);
  const nowMs = githubNowMs + numberAfter('clock', 0) * 1000;
  return {
    policy: {
      maxRetries: numberAfter('of', 3),
      baseDelayMs: 1000,
      maxDelayMs: 60_000,
      exponentialBase: 2,
      jitter: false,
      totalTimeoutMs: 600_000,
    },
    progress: {
      attempt: Number.parseInt(cell, 10),
      startedAtMs: nowMs - numberAfter('after', 0) * 1000,
      nowMs,
      secondaryLimits: numberAfter('secondary', 1),
    },
  };
}

function sentenceOf(verdict: Verdict, decision: Decision, { nowMs }: Progress): string {
  const what = nameOf(verdict);
  switch (decision.kind) {
    case 'done':
      return what;
    case 'final':
      return what;
    case 'exhausted':
      return `exhausted: ${what}`;
    case 'over_budget':
      return `over budget: ${what}, free in ${(decision.availableAtMs - nowMs) / 1000} s`;
    case 'retry':
      return `${what}: ${verdict.kind === 'unknown_outcome' ? 'look up' : 'again'} in ${decision.delayMs / 1000} s`;
  }
}

function nameOf(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'success':
      return 'done';
    case 'final':
      return `final: ${verdict.reason}`;
    case 'limited':
      return `limited ${verdict.limit} ${verdict.resource}`;
    case 'transient':
      return 'transient';
    case 'unknown_outcome':
      return 'unknown outcome';
  }
}
