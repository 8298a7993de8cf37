import type { CheckEvent, CheckName, CheckProblem, CheckResult, CheckRun } from '@holdfast/protocol';

/** A result that passed, or what differs from it. */
export function resultOf(rest: Partial<CheckResult> = {}): CheckResult {
  return {
    ...{ passed: true, verdict: 'passed', command: 'npm run x', output: '', returnCode: 0, durationMs: 1200 },
    ...{ mode: 'real', simulated: false, source: null, problems: [] },
    ...rest,
  };
}

export function problemOf(rest: Partial<CheckProblem> = {}): CheckProblem {
  return {
    file: 'src/a.ts',
    line: 3,
    column: 7,
    severity: 'error',
    message: 'x is not defined',
    rule: 'no-undef',
    ...rest,
  };
}

/** A run of these results; it passed when all of them did. */
export function runOf(rest: Partial<CheckRun> = {}): CheckRun {
  const results = [rest.lint, rest.tests, rest.build].filter((result) => result !== undefined && result !== null);
  const allPassed = results.every(({ verdict }) => verdict === 'passed');
  return { allPassed, lint: null, tests: null, build: null, gates: [], message: '', ...rest };
}

export function planned(check: CheckName, command: string | null = `npm run ${check}`): CheckEvent {
  return { type: 'planned', check, command, why: `package.json script "${check}"`, timeoutMs: 1000 };
}
