import type { CheckName, CheckProblem, CheckResult, CheckRun, GateOutcome } from '@holdfast/protocol';

export type Conclusion = 'success' | 'failure' | 'action_required' | 'cancelled' | 'timed_out';

export type Annotation = {
  readonly path: string;
  readonly start_line: number;
  readonly end_line: number;
  readonly start_column?: number;
  readonly end_column?: number;
  readonly annotation_level: 'failure' | 'warning';
  readonly message: string;
  readonly title?: string;
};

/** One check as GitHub shows it. */
export type CheckReport = {
  readonly name: CheckName | 'gates';
  readonly conclusion: Conclusion;
  /** One line. */
  readonly title: string;
  /** Markdown, at most {@link maxSummaryBytes} in UTF-8. */
  readonly summary: string;
  readonly annotations: readonly Annotation[];
};

/** GitHub's limits (https://docs.github.com/rest/checks/runs): characters of a summary, counted as bytes here to be safe; annotations in a request. */
export const maxSummaryBytes = 65_535;
export const maxAnnotationsAtOnce = 50;
/** Ours: each 50 are a request, and a second in which nothing else is written. */
const maxAnnotations = 500;
const maxMessageBytes = 60_000;
const maxTitleBytes = 255;
/** What a number of a line is kept in. */
const maxLine = 2 ** 31 - 1;

/** What there is to report of a run, one for each check that was asked for, and one for its gates. */
export function reportsOf(run: CheckRun): readonly CheckReport[] {
  const checks: readonly (readonly [CheckName, CheckResult | null])[] = [
    ['lint', run.lint],
    ['test', run.tests],
    ['build', run.build],
  ];
  return [
    ...checks.flatMap(([name, result]) => (result ? [reportOf(name, result)] : [])),
    ...(run.gates.length > 0 ? [gatesReport(run.gates)] : []),
  ];
}

/** All reports in one Markdown text of at most `maxBytes`, for where there are no check runs. */
export function tableOf(reports: readonly CheckReport[], maxBytes: number): string {
  const rows = reports.map(({ name, conclusion, title }) => `| ${name} | ${conclusion} | ${cell(title)} |`);
  const table = ['| check | conclusion | |', '| --- | --- | --- |', ...rows].join('\n');
  let text = table;
  for (const { name, summary, annotations } of reports) {
    const places = annotations.map(({ path, start_line: line, message }) => `${path}:${line} ${message}`);
    const details = [summary, ...fenced(places.join('\n'), 8000)].join('\n\n');
    const section = `\n\n<details><summary>${name}</summary>\n\n${details}\n\n</details>`;
    // A section that is cut in two would leave its fence open.
    if (Buffer.byteLength(text) + Buffer.byteLength(section) <= maxBytes) text += section;
  }
  return text;
}

function reportOf(name: CheckName, result: CheckResult): CheckReport {
  const { placed, others } = annotationsOf(result.problems);
  return {
    name,
    conclusion: conclusionOf(result),
    title: cut(titleOf(result), maxTitleBytes),
    summary: summaryOf(result, others, Math.max(0, placed.length - maxAnnotations)),
    annotations: placed.slice(0, maxAnnotations),
  };
}

/**
 * Only what ran and passed is a success. `neutral` and `skipped` would be good enough for a required check
 * (https://docs.github.com/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/about-status-checks).
 */
function conclusionOf({ verdict, simulated }: CheckResult): Conclusion {
  switch (verdict) {
    case 'passed':
      return simulated ? 'action_required' : 'success';
    case 'simulated':
    case 'skipped':
      return 'action_required';
    case 'timed_out':
    case 'cancelled':
      return verdict;
    case 'failed':
    case 'could_not_start':
      return 'failure';
  }
}

function titleOf(result: CheckResult): string {
  const { errors, warnings, total, passedCount, failed, skipped } = result;
  const counts = [
    ...counted(errors, 'errors'),
    ...counted(warnings, 'warnings'),
    ...counted(total, 'tests'),
    ...counted(passedCount, 'passed'),
    ...counted(failed, 'failed'),
    ...counted(skipped, 'skipped'),
  ];
  const verdict = result.verdict.replaceAll('_', ' ');
  const words = result.simulated && result.verdict !== 'simulated' ? `${verdict} (simulated)` : verdict;
  return counts.length === 0 ? words : `${words}: ${counts.join(', ')}`;
}

function counted(count: number | null | undefined, of: string): readonly string[] {
  return typeof count === 'number' ? [`${count} ${of}`] : [];
}

function summaryOf(result: CheckResult, others: readonly CheckProblem[], leftOut: number): string {
  const { reason, command, returnCode, durationMs, source, cached, output } = result;
  const facts = [
    ...(reason === undefined ? [] : [reason]),
    `${Math.round(durationMs / 100) / 10} s`,
    ...(returnCode === null ? [] : [`exit code ${returnCode}`]),
    ...(source === null ? [] : [`counted by ${source}`]),
    ...(cached === true ? ['result of an earlier run on the same content'] : []),
    ...(leftOut === 0
      ? []
      : [`${leftOut} more problems are not annotated: a check has at most ${maxAnnotations} annotations here`]),
    ...(result.simulated ? ['nothing was run: a simulated result proves nothing'] : []),
  ];
  const said = others.map((problem) =>
    [placeOf(problem), problem.severity, problem.message, ...ruleOf(problem)].join(' '),
  );
  const sections = [
    ...fenced(facts.join('\n'), 4000),
    ...fenced(command === null ? '' : `$ ${command}`, 4000),
    ...fenced(said.join('\n'), 40_000),
    ...fenced(output, 12_000),
  ];
  return sections.join('\n\n');
}

function gatesReport(gates: readonly GateOutcome[]): CheckReport {
  const open = gates.filter(({ isMet }) => !isMet);
  const lines = gates.map(({ rule, isMet, reason }) => `${isMet ? 'met' : 'not met'}: ${rule} (${reason})`);
  return {
    name: 'gates',
    conclusion: open.length === 0 ? 'success' : 'failure',
    title: open.length === 0 ? `${gates.length} met` : `${open.length} of ${gates.length} not met`,
    summary: fenced(lines.join('\n'), 60_000).join('\n\n'),
    annotations: [],
  };
}

/** Problems that have a place in the repository, and those that have none. */
function annotationsOf(problems: readonly CheckProblem[]): {
  readonly placed: readonly Annotation[];
  readonly others: readonly CheckProblem[];
} {
  const placed: Annotation[] = [];
  const others: CheckProblem[] = [];
  for (const problem of problems) {
    const annotation = annotationOf(problem);
    if (annotation) placed.push(annotation);
    else others.push(problem);
  }
  return { placed, others };
}

function annotationOf(problem: CheckProblem): Annotation | undefined {
  const { file, line, column, severity, message, rule } = problem;
  if (file === null || !isPlace(line) || message.trim() === '') return undefined;
  const path = file.replaceAll('\\', '/').replace(/^(\.\/)+/, '');
  if (path === '' || path.startsWith('/') || /^[A-Za-z]:/.test(path) || path.split('/').includes('..'))
    return undefined;
  return {
    path,
    start_line: line,
    end_line: line,
    ...(isPlace(column) && { start_column: column, end_column: column }),
    annotation_level: severity === 'error' ? 'failure' : 'warning',
    message: cut(message, maxMessageBytes),
    ...(rule !== undefined && rule !== '' && { title: cut(rule, maxTitleBytes) }),
  };
}

function isPlace(number: number | null): number is number {
  return number !== null && Number.isInteger(number) && number >= 1 && number <= maxLine;
}

function placeOf({ file, line }: CheckProblem): string {
  if (file === null) return '-';
  return line === null ? file : `${file}:${line}`;
}

function ruleOf({ rule }: CheckProblem): readonly string[] {
  return rule === undefined ? [] : [`(${rule})`];
}

/** What a tool said, so that nothing in it is read as Markdown, HTML or the name of somebody to be told. */
function fenced(text: string, maxBytes: number): readonly string[] {
  if (text.trim() === '') return [];
  const shown = cut(text.trimEnd(), maxBytes);
  const longest = Math.max(2, ...Array.from(shown.matchAll(/`+/g), ([ticks]) => ticks.length));
  // More ticks than that are no text; the fence would be longer than what it holds.
  if (longest > 1000) return fenced(shown.replaceAll('`', "'"), maxBytes);
  const fence = '`'.repeat(longest + 1);
  return [`${fence}text\n${shown}\n${fence}`];
}

function cell(text: string): string {
  return text.replaceAll(/[|\r\n]/g, ' ');
}

/** At most so many bytes of UTF-8, between two characters, the cut marked. */
function cut(text: string, maxBytes: number): string {
  const whole = text.toWellFormed().replaceAll('\0', '');
  if (Buffer.byteLength(whole) <= maxBytes) return whole;
  const { written } = new TextEncoder().encodeInto(whole, new Uint8Array(maxBytes - 3));
  return `${Buffer.from(whole).subarray(0, written).toString()}…`;
}
