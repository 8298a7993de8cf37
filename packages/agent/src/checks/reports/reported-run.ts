import type { CheckName, CheckResult, CheckRun } from '@holdfast/protocol';

/** A run, and when: what reports for other tools are made of. */
export type ReportedRun = {
  readonly run: CheckRun;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
};

/** Something that is reported as one test: a check or a gate. */
export type ReportedCase = {
  readonly group: 'checks' | 'gates';
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly durationMs: number;
  readonly message?: string;
  readonly details?: string;
};

/** Those checks that were asked for, in their order. */
export function resultsOf(run: CheckRun): readonly (readonly [CheckName, CheckResult])[] {
  const all = [
    ['lint', run.lint],
    ['test', run.tests],
    ['build', run.build],
  ] as const;
  return all.flatMap(([check, result]) => (result === null ? [] : [[check, result] as const]));
}

/** Each check and each gate as a test. What was not run for real is never one that passed. */
export function casesOf(run: CheckRun): readonly ReportedCase[] {
  const checks = resultsOf(run).map(([name, result]): ReportedCase => {
    const status = result.verdict === 'passed' ? 'passed' : isNotRun(result) ? 'skipped' : 'failed';
    const message = [result.verdict, result.reason].filter(Boolean).join(': ');
    const problems = result.problems.map(({ file, line, column, severity, message: text, rule }) => {
      const place = [file, line, column].filter((part) => part !== null).join(':');
      return `${place === '' ? '' : `${place} `}${severity}: ${text}${rule === undefined ? '' : ` (${rule})`}`;
    });
    const details = [...problems, result.output].filter((part) => part !== '').join('\n');
    const base = { group: 'checks', name, status, durationMs: result.durationMs } as const;
    return status === 'passed' ? base : { ...base, message, details };
  });
  const gates = run.gates.map(({ rule, isMet, reason }): ReportedCase => ({
    group: 'gates',
    name: rule,
    status: isMet ? 'passed' : 'failed',
    durationMs: 0,
    ...(!isMet && { message: reason }),
  }));
  return [...checks, ...gates];
}

function isNotRun({ verdict }: CheckResult): boolean {
  return verdict === 'simulated' || verdict === 'skipped';
}
