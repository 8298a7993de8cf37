import { checksOf, type RunRecord } from './run-record.ts';

/** A run as people see it (docs/protocol.md 11.9). */
export function publishedRun(record: RunRecord): object {
  const { runId, projectId, userId, conversationId, directory, mode, state, startedAt, endedAt, run, reason } = record;
  return {
    ...{ runId, projectId, userId, conversationId, workingDir: directory, mode, state },
    startedAt: new Date(startedAt).toISOString(),
    endedAt: endedAt === null ? null : new Date(endedAt).toISOString(),
    checks: Object.fromEntries(
      checksOf(record).map(([check, { state: reached, command, why, line, result }]) => [
        check,
        { state: reached, command, why, line: line ?? null, result: result ?? null },
      ]),
    ),
    run,
    reason,
  };
}
