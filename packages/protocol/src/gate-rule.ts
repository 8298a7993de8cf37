import type { CheckName } from './check-result.ts';

type Operator = '<=' | '>=' | '==' | '!=' | '<' | '>';

/** A demand on a number of a result. */
export type GateRule = {
  readonly text: string;
  readonly check: CheckName;
  readonly field: string;
  readonly operator: Operator;
  readonly bound: number;
};

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

/** Reads a rule such as `test.total>=100` or `build.size<=2MB`; undefined for anything else. */
export function parseGateRule(text: string): GateRule | undefined {
  const { left = '', field = '', operator, bound, unit = '' } = pattern.exec(text)?.groups ?? {};
  const known = Object.hasOwn(fields, left) ? fields[left] : undefined;
  const factor = Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined;
  if (known?.names.includes(field) !== true || factor === undefined || !fits(field, unit.toLowerCase()))
    return undefined;
  return {
    text: text.trim(),
    check: known.check,
    field: left === 'coverage' ? `coverage.${field}` : field,
    operator: operator as Operator,
    bound: Number(bound) * factor,
  };
}

/** What is allowed, for who wrote something else. */
export const gateForms: string = `write FIELD OPERATOR NUMBER, with FIELD one of ${Object.entries(fields)
  .flatMap(([left, { names }]) => names.map((name) => `${left}.${name}`))
  .join(', ')}, OPERATOR one of <=, >=, <, >, ==, != and NUMBER such as 0, 80%, 2MB, 1.5MiB, 30s`;

function fits(field: string, unit: string): boolean {
  if (unit === '') return true;
  if (unit === '%') return ['lines', 'statements', 'functions', 'branches'].includes(field);
  return unit === 'ms' || unit === 's' ? field === 'durationMs' : field === 'size';
}
