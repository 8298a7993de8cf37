import type { CheckEvent, CheckName, CheckResult, CheckRun } from '@holdfast/protocol';

/** Where one check stands. `line` is the newest line of its output. */
export type CheckProgress = { readonly check: CheckName; readonly command: string | null; readonly why: string } & (
  | { readonly kind: 'waiting' }
  | { readonly kind: 'running'; readonly startedAt: number; readonly line: string }
  | { readonly kind: 'finished'; readonly result: CheckResult }
);

/** Where a run stands: its checks in the order in which they were planned, and how it ended. */
export type Progress = { readonly checks: readonly CheckProgress[]; readonly run: CheckRun | undefined };

export const noProgress: Progress = { checks: [], run: undefined };

/** What an event makes of it; `now` is epoch milliseconds. */
export function advance(progress: Progress, event: CheckEvent, now: number): Progress {
  switch (event.type) {
    case 'planned': {
      const { check, command, why } = event;
      return { ...progress, checks: [...progress.checks, { kind: 'waiting', check, command, why }] };
    }
    case 'started':
      return change(progress, event.check, (one) => ({ ...one, kind: 'running', startedAt: now, line: '' }));
    case 'output':
      return change(progress, event.check, (one) => (one.kind === 'running' ? { ...one, line: event.line } : one));
    case 'finished':
      return change(progress, event.check, ({ check, command, why }) => ({
        ...{ kind: 'finished', check, command, why },
        result: event.result,
      }));
    case 'done':
      return { ...progress, run: event.run };
  }
}

function change(progress: Progress, check: CheckName, act: (one: CheckProgress) => CheckProgress): Progress {
  return { ...progress, checks: progress.checks.map((one) => (one.check === check ? act(one) : one)) };
}
