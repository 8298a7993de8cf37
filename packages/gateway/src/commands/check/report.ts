import type { CheckName, CheckProblem, CheckResult, CheckRun } from '@holdfast/protocol';
import type { Paint } from '../chat/paint.ts';
import { oneLine, printable } from '../chat/printable.ts';
import { amount, countsOf, resultsOf, verdictWords } from './words.ts';

export type ReportStyle = {
  readonly paint: Paint;
  /** On a terminal a file is a heading; elsewhere each line names it, so that other programs can read it. */
  readonly isGrouped: boolean;
};

/** So many problems are shown; the rest is counted. */
export const maxShown = 50;
const maxMessageLength = 400;
const maxOutputLines = 25;

/** The problems by file, what is worth knowing of checks that name none, the gates, and one line of verdict. */
export function reportLines(run: CheckRun, elapsed: string, style: ReportStyle): readonly string[] {
  const { paint } = style;
  const parts = [
    problemLines(run, style),
    ...resultsOf(run).map((each) => outputLines(each, paint)),
    gateLines(run, paint),
  ];
  const isQuiet = parts.every((part) => part.length === 0);
  const body = parts.flatMap((part) => (part.length === 0 ? [] : style.isGrouped ? ['', ...part] : part));
  return [...body, ...(style.isGrouped && !isQuiet ? [''] : []), verdictLine(run, elapsed, paint)];
}

type Found = { readonly check: CheckName; readonly problem: CheckProblem };

function problemLines(run: CheckRun, style: ReportStyle): readonly string[] {
  const found = resultsOf(run).flatMap(([check, { problems }]) => problems.map((problem) => ({ check, problem })));
  // Of too many the errors are shown.
  const shown = found.length <= maxShown ? found : [...found].sort(bySeverity).slice(0, maxShown);
  const files = Map.groupBy(shown, ({ problem }) => problem.file ?? '');
  const lines = [...files].flatMap(([file, all]) =>
    style.isGrouped ? groupOf(file, all, style.paint) : all.map((one) => lineOf(one, style.paint)),
  );
  const rest = found.length - shown.length;
  return rest === 0
    ? lines
    : [...lines, style.paint('dim', `… and ${rest} more ${rest === 1 ? 'problem' : 'problems'}`)];
}

function bySeverity(a: Found, b: Found): number {
  return Number(a.problem.severity === 'warning') - Number(b.problem.severity === 'warning');
}

function groupOf(file: string, all: readonly Found[], paint: Paint): readonly string[] {
  const places = all.map(({ problem }) => placeOf(problem));
  const width = Math.max(...places.map(({ length }) => length));
  const heading = file === '' ? paint('dim', 'in no file') : paint('underline', oneLine(file, 300));
  const lines = all.map(({ check, problem }, at) => {
    const place = (places[at] ?? '').padStart(width);
    return `  ${width === 0 ? '' : `${paint('dim', place)}  `}${severityOf(problem, paint)}${' '.repeat(problem.severity === 'error' ? 4 : 2)}${messageOf(problem)}${ruleOf(check, problem, paint)}`;
  });
  return [heading, ...lines];
}

function lineOf({ check, problem }: Found, paint: Paint): string {
  const place = [problem.file === null ? undefined : oneLine(problem.file, 300), problem.line, problem.column]
    .filter((part) => part !== null && part !== undefined)
    .join(':');
  return `  ${place === '' ? '' : `${place}: `}${severityOf(problem, paint)}: ${messageOf(problem)}${ruleOf(check, problem, paint)}`;
}

function placeOf({ line, column }: CheckProblem): string {
  return [line, column].filter((part) => part !== null).join(':');
}

function severityOf({ severity }: CheckProblem, paint: Paint): string {
  return paint(severity === 'error' ? 'red' : 'yellow', severity);
}

function messageOf({ message }: CheckProblem): string {
  return oneLine(message, maxMessageLength);
}

function ruleOf(check: CheckName, { rule }: CheckProblem, paint: Paint): string {
  return paint('dim', rule === undefined ? `  ${check}` : `  ${oneLine(rule, 100)}`);
}

/** Why a check did not pass, and the end of what it wrote when no problem says it. */
function outputLines([check, result]: readonly [CheckName, CheckResult], paint: Paint): readonly string[] {
  if (result.verdict === 'passed' || result.verdict === 'skipped') return [];
  const reason = result.reason === undefined ? [] : [`${paint('bold', check)}: ${oneLine(result.reason, 1000)}`];
  const all = printable(result.output).trimEnd().split('\n');
  const isSaid = result.problems.length > 0 || all.join('') === '';
  const heading = `${paint('bold', check)}: the end of what it wrote`;
  const excerpt = isSaid
    ? []
    : [heading, ...all.slice(-maxOutputLines).map((line) => `  ${paint('dim', '│')} ${line}`)];
  const isLogged = result.logFile !== undefined && result.output !== '';
  const log = isLogged ? [paint('dim', `  the whole output of ${check}: ${printable(result.logFile ?? '')}`)] : [];
  return [...reason, ...excerpt, ...log];
}

function gateLines({ gates }: CheckRun, paint: Paint): readonly string[] {
  return gates.map(({ rule, isMet, reason }) => {
    const mark = isMet ? paint('green', '✔') : paint('red', '✖');
    return `${mark} gate ${oneLine(rule, 200)}: ${isMet ? 'met' : paint('red', 'missed')}. ${oneLine(reason, 300)}`;
  });
}

/** One line: what the run comes to, what was simulated or taken from an earlier run marked as such. */
function verdictLine(run: CheckRun, elapsed: string, paint: Paint): string {
  const results = resultsOf(run);
  if (run.allPassed) {
    const names = results.map(([check, { cached }]) => (cached === true ? `${check} (cached)` : check));
    return paint(['bold', 'green'], `Passed: ${names.join(', ')}, in ${elapsed}.`);
  }
  const others = results.filter(([, { verdict }]) => verdict !== 'passed');
  const missed = run.gates.filter(({ isMet }) => !isMet).length;
  const parts = others.map(([check, result]) => {
    const counts = result.verdict === 'failed' ? countsOf(result) : '';
    return `${check} ${verdictWords[result.verdict]}${counts === '' ? '' : ` (${counts})`}`;
  });
  if (missed > 0) parts.push(`${missed} of ${amount(run.gates.length, 'gate')} missed`);
  const isRed = missed > 0 || others.some(([, { verdict }]) => verdict !== 'simulated');
  const sentence = `Not passed: ${parts.join(', ') || 'nothing was checked'}, in ${elapsed}.`;
  return paint(['bold', isRed ? 'red' : 'yellow'], sentence);
}
