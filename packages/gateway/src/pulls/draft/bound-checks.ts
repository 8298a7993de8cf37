import { boundCheckResult, type CheckResult, type CheckRun } from '@holdfast/protocol';

const maxProblems = 1000;
const maxTextLength = 2000;

/** What checks came to, without what nobody would be shown: tools say as much as they like. */
export function boundChecks({ lint, tests, build, gates, ...run }: CheckRun): CheckRun {
  const bound = (result: CheckResult | null): CheckResult | null => result && boundCheckResult(result, maxProblems);
  return {
    ...run,
    ...{ lint: bound(lint), tests: bound(tests), build: bound(build) },
    // All of them: one that is left out would count as met.
    gates: gates.map((gate) => ({ ...gate, rule: cut(gate.rule), reason: cut(gate.reason) })),
    message: cut(run.message),
  };
}

function cut(text: string): string {
  return text.slice(0, maxTextLength).toWellFormed();
}
