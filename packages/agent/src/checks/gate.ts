import type { CheckName, CheckResult, CheckRun, GateOutcome } from '@holdfast/protocol';
import { UsageError } from '../lib/usage-error.ts';

type Operator = '<=' | '>=' | '==' | '!=' | '<' | '>';

/** A demand on a number of a result. */
export type GateRule = {
  readonly text: string;
  readonly check: CheckName;
  readonly field: string;
  readonly operator: Operator;
  readonly bound: number;
};

type Results = Pick<CheckRun, 'lint' | 'tests' | 'build'>;

const fields: Readonly<Record<string, { readonly check: CheckName; readonly names: readonly string[] }>> = {
  lint: { check: 'lint', names: ['warnings', 'errors', 'problems', 'durationMs'] },
  test: { check: 'test', names: ['total', 'passed', 'failed', 'skipped', 'durationMs'] },
  build: { check: 'build', names: ['size', 'warnings', 'errors', 'durationMs'] },
  coverage: { check: 'test', names: ['lines', 'statements', 'functions', 'branches'] },
};
const units: Readonly<Record<string, number>> = {
  '': 1,
  '%': 1,
  b: 1,
  kb: 1000,
  mb: 1_000_000,
  gb: 1_000_000_000,
  kib: 1024,
  mib: 1_048_576,
  gib: 1_073_741_824,
  ms: 1,
  s: 1000,
};
const pattern =
  /^\s*(?<left>[a-z]+)\.(?<field>[A-Za-z]+)\s*(?<operator><=|>=|==|!=|<|>)\s*(?<bound>\d+(?:\.\d+)?)\s*(?<unit>[A-Za-z%]*)\s*$/;

/** Reads a rule such as `test.total>=100` or `build.size<=2MB`. Throws UsageError with the allowed forms. */
export function parseGate(text: string): GateRule {
  const { left = '', field = '', operator, bound, unit = '' } = pattern.exec(text)?.groups ?? {};
  const known = Object.hasOwn(fields, left) ? fields[left] : undefined;
  const factor = Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined;
  if (known?.names.includes(field) !== true || factor === undefined || !fits(field, unit.toLowerCase()))
    throw new UsageError(`"${text}" is no gate: ${allowedForms}.`);
  return {
    text: text.trim(),
    check: known.check,
    field: left === 'coverage' ? `coverage.${field}` : field,
    operator: operator as Operator,
    bound: Number(bound) * factor,
  };
}

const allowedForms: string = `write FIELD OPERATOR NUMBER, with FIELD one of ${Object.entries(fields)
  .flatMap(([left, { names }]) => names.map((name) => `${left}.${name}`))
  .join(', ')}, OPERATOR one of <=, >=, <, >, ==, != and NUMBER such as 0, 80%, 2MB, 1.5MiB, 30s`;

function fits(field: string, unit: string): boolean {
  if (unit === '') return true;
  if (unit === '%') return ['lines', 'statements', 'functions', 'branches'].includes(field);
  return unit === 'ms' || unit === 's' ? field === 'durationMs' : field === 'size';
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

function compare(actual: number, operator: Operator, bound: number): boolean {
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
