import type {
  CheckEvent,
  CheckMode,
  CheckName,
  CheckResult,
  CheckRun,
  ConversationId,
  ProjectId,
  UserId,
} from '@holdfast/protocol';

/*
 * What is known of a run of checks; pure.
 *
 * Running: events of the machine move its checks from waiting through running to finished (`applyEvent`), and `done` finishes the
 * run. One that ends without that (cancelled, the machine is away, the gateway was killed) is ended here (`endRun`): what had
 * finished stays as it is, the rest gets a verdict and the reason.
 */

export type RunRecord = {
  readonly runId: string;
  readonly projectId: ProjectId;
  readonly userId: UserId;
  /** Where it is told; null: nowhere. */
  readonly conversationId: ConversationId | null;
  /** The checked directory, relative to the project's; `.` is that itself. */
  readonly directory: string;
  readonly mode: CheckMode;
  /** The gateway that runs it (`host/boot/pid/start/random`). */
  readonly owner: string;
  readonly state: 'running' | 'finished';
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly checks: Readonly<Partial<Record<CheckName, CheckProgress>>>;
  readonly run: CheckRun | null;
  /** Why it ended otherwise than by itself; a sentence. */
  readonly reason: string | null;
  /** Everything about it stands in the conversation, or there is none: nothing is left to do. */
  readonly isTold: boolean;
};

export type CheckProgress = {
  readonly state: 'waiting' | 'running' | 'finished';
  readonly command: string | null;
  /** Where the command comes from. */
  readonly why: string | null;
  /** It was said to run. What is simulated or known from earlier never was. */
  readonly hasRun: boolean;
  /** Newest line of its output. */
  readonly line?: string;
  readonly result?: CheckResult;
};

const waiting: CheckProgress = { state: 'waiting', command: null, why: null, hasRun: false };

export type NewRun = Omit<RunRecord, 'state' | 'endedAt' | 'checks' | 'run' | 'reason' | 'isTold'> & {
  readonly only: readonly CheckName[];
};

export function newRun({ only, ...run }: NewRun): RunRecord {
  const checks = Object.fromEntries(only.map((check) => [check, waiting]));
  return { ...run, state: 'running', endedAt: null, checks, run: null, reason: null, isTold: false };
}

/** What the machine says of it. `from` says who named the commands that the machine was given. */
export function applyEvent(
  record: RunRecord,
  event: CheckEvent,
  now: number,
  from: Readonly<Partial<Record<CheckName, string>>> = {},
): RunRecord {
  if (record.state === 'finished') return record;
  switch (event.type) {
    case 'planned': {
      const { check, command, why } = event;
      return change(record, check, (before) => ({ ...before, command, why: from[check] ?? why }));
    }
    case 'started':
      return change(record, event.check, (before) => ({ ...before, state: 'running', hasRun: true }));
    case 'output':
      return change(record, event.check, (before) =>
        before.state === 'running' ? { ...before, line: event.line } : before,
      );
    case 'finished':
      return change(record, event.check, ({ line: _line, ...before }) => ({
        ...before,
        state: 'finished',
        result: event.result,
      }));
    case 'done':
      return { ...record, state: 'finished', endedAt: now, run: event.run };
  }
}

/** It ends without its `done`. */
export function endRun(
  record: RunRecord,
  { verdict, reason, now }: { verdict: 'cancelled' | 'could_not_start'; reason: string; now: number },
): RunRecord {
  if (record.state === 'finished') return record;
  const checks = Object.fromEntries(
    Object.entries(record.checks).map(([check, { line: _line, ...progress }]) => {
      if (progress.state === 'finished') return [check, progress];
      const durationMs = progress.hasRun ? Math.max(0, now - record.startedAt) : 0;
      const result = notRun({ verdict, reason, command: progress.command, durationMs });
      return [check, { ...progress, state: 'finished', result }];
    }),
  ) as RunRecord['checks'];
  const run: CheckRun = {
    allPassed: false,
    lint: checks.lint?.result ?? null,
    tests: checks.test?.result ?? null,
    build: checks.build?.result ?? null,
    gates: [],
    message: `**Not passed.** ${reason}`,
  };
  return { ...record, state: 'finished', endedAt: now, checks, run, reason };
}

/** Checks in the order of their names. */
export function checksOf(record: RunRecord): readonly (readonly [CheckName, CheckProgress])[] {
  return (['lint', 'test', 'build'] as const).flatMap((check) => {
    const progress = record.checks[check];
    return progress === undefined ? [] : [[check, progress] as const];
  });
}

function change(record: RunRecord, check: CheckName, to: (before: CheckProgress) => CheckProgress): RunRecord {
  return { ...record, checks: { ...record.checks, [check]: to(record.checks[check] ?? waiting) } };
}

function notRun(
  fields: Pick<CheckResult, 'command' | 'durationMs'> & { verdict: 'cancelled' | 'could_not_start'; reason: string },
): CheckResult {
  return {
    ...{ passed: false, output: '', returnCode: null, mode: 'real', simulated: false, source: null, problems: [] },
    ...fields,
  };
}
