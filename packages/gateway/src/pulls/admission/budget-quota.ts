import { quotaOf, type Answer, type Question, type Verdict } from '../retry/classify.ts';
import { parseWholeNumber } from '../retry/headers.ts';
import type { ToldQuota } from './budget.ts';

/** What an answer that came at `atMs` tells of the quota, by its headers; times by our clock. */
export function readToldQuota(question: Question, answer: Answer, verdict: Verdict, atMs: number): ToldQuota {
  if (answer.kind === 'no_answer') return 'lost';
  const quota = quotaOf(question, answer.headers, atMs);
  // A gateway in front of GitHub that breaks down does not know of quotas.
  if (!quota) return verdict.kind === 'success' || verdict.kind === 'final' ? 'nothing' : 'lost';
  const { resource, remaining, resetAtMs } = quota;
  // At least one: nothing at all would stay nothing when the quota is new again.
  const limit = Math.max(1, parseWholeNumber(answer.headers['x-ratelimit-limit']) ?? remaining);
  const resetS = parseWholeNumber(answer.headers['x-ratelimit-reset']) ?? 0;
  return { resource, limit, used: Math.max(0, limit - remaining), resetAtMs, resetS };
}
