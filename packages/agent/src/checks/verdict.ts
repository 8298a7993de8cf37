import type { CheckName, CheckVerdict } from '@holdfast/protocol';
import type { CommandEnd } from './run.ts';
import type { Reading } from './read/reader.ts';

export type Verdict = { readonly verdict: CheckVerdict; readonly reason?: string };

/** What became of a check that was run. What the tool says can turn a 0 into a failure, never the other way round. */
export function decideVerdict(facts: {
  readonly check: CheckName;
  readonly end: CommandEnd;
  readonly reading: Reading | undefined;
  /** Why the command could not be started, from its output. */
  readonly startFailure: string | undefined;
  readonly timeoutMs: number;
  readonly maxProcesses: number;
}): Verdict {
  const { end } = facts;
  const verdict = verdictOf(facts);
  const remarks = [
    verdict.reason,
    end.leftBehind > 0
      ? `It left ${end.leftBehind} ${end.leftBehind === 1 ? 'process' : 'processes'} behind, which ${end.leftBehind === 1 ? 'was' : 'were'} ended.`
      : undefined,
    end.isGone ? undefined : 'Not all of its processes could be ended; look for them on the machine.',
  ].filter((remark) => remark !== undefined);
  return { verdict: verdict.verdict, ...(remarks.length > 0 && { reason: remarks.join(' ') }) };
}

function verdictOf(facts: Parameters<typeof decideVerdict>[0]): Verdict {
  const { end } = facts;
  switch (end.kind) {
    case 'timed_out':
      return { verdict: 'timed_out', reason: `It had not ended after ${facts.timeoutMs / 1000} s.` };
    case 'cancelled':
      return { verdict: 'cancelled' };
    case 'too_many_processes':
      return { verdict: 'failed', reason: `It had more than ${facts.maxProcesses} processes at once and was ended.` };
    case 'not_started':
      return { verdict: 'could_not_start', reason: end.fault ?? 'It could not be started.' };
    case 'exited':
      return facts.end.returnCode === 0 ? ofSuccess(facts) : ofFailure(facts);
  }
}

function ofSuccess({ check, reading }: Parameters<typeof decideVerdict>[0]): Verdict {
  if (reading === undefined) return { verdict: 'passed' };
  const { failed, errors } = reading.counts;
  if (check === 'test' && typeof failed === 'number' && failed > 0)
    return { verdict: 'failed', reason: `The exit code is 0, but ${reading.source} says that ${failed} failed.` };
  if (check === 'lint' && typeof errors === 'number' && errors > 0)
    return {
      verdict: 'failed',
      reason: `The exit code is 0, but ${reading.source} says ${errors} ${errors === 1 ? 'error' : 'errors'}.`,
    };
  if (reading.saysFailed === true)
    return { verdict: 'failed', reason: `The exit code is 0, but ${reading.source} says that it did not pass.` };
  return { verdict: 'passed' };
}

function ofFailure({ startFailure, end }: Parameters<typeof decideVerdict>[0]): Verdict {
  if (startFailure !== undefined) return { verdict: 'could_not_start', reason: startFailure };
  const code = end.returnCode;
  if (code !== null && code > 128 && code <= 192)
    return { verdict: 'failed', reason: `Signal ${code - 128} ended it.` };
  return { verdict: 'failed' };
}
