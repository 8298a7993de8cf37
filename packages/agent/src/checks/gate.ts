import {
  gateForms,
  parseGateRule,
  type CheckResult,
  type CheckRun,
  type GateOutcome,
  type GateRule,
} from '@holdfast/protocol';
import { UsageError } from '../lib/usage-error.ts';

type Results = Pick<CheckRun, 'lint' | 'tests' | 'build'>;

/** Reads a rule such as `test.total>=100` or `build.size<=2MB`. Throws UsageError with the allowed forms. */
export function parseGate(text: string): GateRule {
  const rule = parseGateRule(text);
  if (rule === undefined) throw new UsageError(`"${text}" is no gate: ${gateForms}.`);
  return rule;
}

/** What becomes of each rule. Only what was run and is known can meet one: everything else closes the gate. */
export function judgeGates(rules: readonly GateRule[], results: Results): readonly GateOutcome[] {
  return rules.map((rule) =>
    judge(rule, { lint: results.lint, test: results.tests, build: results.build }[rule.check]),
  );
}

function judge(rule: GateRule, result: CheckResult | null): GateOutcome {
  const closed = (reason: string): GateOutcome => ({ rule: rule.text, isMet: false, actual: null, reason });
  if (result === null) return closed(`${rule.check} was not asked for.`);
  if (result.verdict !== 'passed' && result.verdict !== 'failed')
    return closed(`${rule.check} is ${words[result.verdict]}.`);
  const actual = valueOf(rule.field, result);
  if (actual === undefined || actual === null) return closed(`${rule.check} does not say its ${rule.field}.`);
  const isMet = compare(actual, rule.operator, rule.bound);
  const value = Math.round(actual * 100) / 100;
  return {
    rule: rule.text,
    isMet,
    actual,
    reason: isMet ? `It is ${value}.` : `It is ${value}, not ${rule.operator} ${rule.bound}.`,
  };
}

const words = {
  timed_out: 'over its time',
  cancelled: 'cancelled',
  could_not_start: 'not started',
  simulated: 'simulated: nothing was run',
  skipped: 'skipped',
} as const;

function valueOf(field: string, result: CheckResult): number | null | undefined {
  switch (field) {
    case 'warnings':
    case 'errors':
    case 'total':
    case 'failed':
    case 'skipped':
    case 'size':
    case 'durationMs':
      return result[field];
    case 'passed':
      return result.passedCount;
    case 'problems':
      // A list that is known to be whole only when the tool was understood.
      return result.source === null ? null : result.problems.length;
    default:
      return result.coverage?.[field.replace('coverage.', '') as keyof NonNullable<CheckResult['coverage']>];
  }
}

function compare(actual: number, operator: GateRule['operator'], bound: number): boolean {
  switch (operator) {
    case '<=':
      return actual <= bound;
    case '>=':
      return actual >= bound;
    case '==':
      return actual === bound;
    case '!=':
      return actual !== bound;
    case '<':
      return actual < bound;
    case '>':
      return actual > bound;
  }
}
