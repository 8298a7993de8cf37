import type { CheckProblem, CheckRun } from '@holdfast/protocol';
import { resultsOf } from './reported-run.ts';

/** GitHub shows ten of each kind for a step; some more are for the log. */
const maxAnnotations = 50;

/**
 * Workflow commands that mark the problems of a run in the files of a pull request
 * (https://docs.github.com/actions/reference/workflow-commands-for-github-actions). `folder`: where the checked directory lies in
 * the repository, empty for its root.
 */
export function toAnnotations(run: CheckRun, folder: string): string {
  const lines = resultsOf(run).flatMap(([check, result]) => {
    const problems = result.problems.slice(0, maxAnnotations).map((problem) => annotation(check, problem, folder));
    if (result.verdict === 'passed' || problems.length > 0) return problems;
    return [command('error', [['title', check]], [result.verdict, result.reason].filter(Boolean).join(': '))];
  });
  const gates = run.gates
    .filter(({ isMet }) => !isMet)
    .map(({ rule, reason }) => command('error', [['title', `gate ${rule}`]], reason));
  return [...lines, ...gates].map((line) => `${line}\n`).join('');
}

function annotation(check: string, problem: CheckProblem, folder: string): string {
  const { file, line, column, severity, message, rule } = problem;
  const path = file === null ? undefined : folder === '' || file.startsWith('/') ? file : `${folder}/${file}`;
  const title = rule === undefined ? check : `${check}: ${rule}`;
  return command(
    severity,
    [
      ['file', path],
      ['line', line],
      ['col', column],
      ['title', title],
    ],
    message,
  );
}

type Property = readonly [name: string, value: string | number | null | undefined];

function command(name: string, properties: readonly Property[], message: string): string {
  const said = properties.flatMap(([key, value]) =>
    value === undefined || value === null ? [] : [`${key}=${escapeProperty(String(value))}`],
  );
  return `::${name} ${said.join(',')}::${escapeText(message)}`;
}

function escapeText(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeText(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
