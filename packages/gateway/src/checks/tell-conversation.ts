import { setTimeout as wait } from 'node:timers/promises';
import {
  boundCheckResult,
  isRecord,
  type CheckName,
  type CheckResult,
  type CheckRun,
  type ChecksMessage,
  type ConversationId,
  type Json,
  type MessageId,
  type UserId,
} from '@holdfast/protocol';
import type { ConversationStore } from '../conversations/store.ts';
import type { Logger } from '../lib/logger.ts';
import type { RunRecord } from './run-record.ts';

/** How a run gets into a conversation's log: whoever drives it writes the message, once for each id. */
export interface Poster {
  /** False: there is no such conversation (any more). Rejects when the store does not answer. */
  post(
    conversationId: ConversationId,
    userId: UserId,
    id: MessageId,
    post: Omit<ChecksMessage, 'agent' | 'seq' | 'at'>,
  ): Promise<boolean>;
}

export type TellParts = {
  readonly poster: Poster;
  readonly store: Pick<ConversationStore, 'read' | 'save'>;
  readonly log: Logger;
  readonly signal: AbortSignal;
};

/** Problems that a message and a task document hold; all are in the run's own file. */
const maxProblems = 100;
const maxMessageLength = 20_000;
/** Others change the record too; so many in a row means that something is wrong. */
const maxConflicts = 50;

/** Says that a check began, or what became of it. Exactly once, however often it is called; waits for a store that is away. */
export async function tellCheck(
  parts: TellParts,
  record: RunRecord,
  check: CheckName,
  result: CheckResult | undefined,
): Promise<void> {
  const { conversationId, userId, runId } = record;
  if (conversationId === null) return;
  const state = result === undefined ? 'running' : 'finished';
  const id = `checks:${runId}:${check}:${state}` as MessageId;
  const post = {
    ...({ type: 'checks', runId, check, state } as const),
    ...(result === undefined ? {} : { result: boundCheckResult(result, maxProblems) }),
  };
  await untilDone(parts, { runId, check }, () => parts.poster.post(conversationId, userId, id, post));
}

/** Sets `checkResults` of the conversation's task, unless a later run has been there; waits for a store that is away. */
export async function tellTask(parts: TellParts, record: RunRecord): Promise<void> {
  const { conversationId, runId, run } = record;
  if (conversationId === null || run === null) return;
  const checkResults = { ...bounded(run), runId } as unknown as Json;
  await untilDone(parts, { runId }, async () => {
    for (let attempt = 0; attempt < maxConflicts; attempt++) {
      const found = await parts.store.read(conversationId);
      if (found === undefined || isLater(found.task.checkResults, runId)) return;
      const { taskId, title, status, task, version } = found;
      const fields = { taskId, title, status, task: { ...task, checkResults } };
      const { kind } = await parts.store.save(conversationId, version, fields, Date.now());
      if (kind !== 'conflict') return;
    }
    throw new Error('the record of the conversation changes all the time');
  });
}

/** Ids of runs sort by their time. */
function isLater(results: Json | undefined, runId: string): boolean {
  const known = isRecord(results) ? results['runId'] : undefined;
  return typeof known === 'string' && known > runId;
}

function bounded(run: CheckRun): CheckRun {
  const less = (result: CheckResult | null): CheckResult | null =>
    result === null ? null : boundCheckResult(result, maxProblems);
  const message = run.message.slice(0, maxMessageLength).toWellFormed();
  return { ...run, lint: less(run.lint), tests: less(run.tests), build: less(run.build), message };
}

/** Again and again, more and more slowly, until it is done or nobody wants it any more; what is left then is told at the next start. */
async function untilDone({ log, signal }: TellParts, facts: object, act: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    try {
      await act();
      return;
    } catch (error) {
      log.warn({ err: error, attempt, ...facts }, 'checks not told');
      await wait([1_000, 2_000, 5_000][attempt] ?? 10_000, undefined, { signal });
    }
  }
}
