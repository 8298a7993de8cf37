import type { CheckProblem, CheckResult } from './check-result.ts';

/** What one text of a result may have; `output` has at most 2000 anyway (contract section 8). */
const maxOutputLength = 2000;
const maxTextLength = 500;

/**
 * The result with at most `maxProblems` problems, the first ones, and no text longer than a few lines, so that it fits into a
 * message however much a tool said. The counts stay: they count all.
 */
export function boundCheckResult(result: CheckResult, maxProblems: number): CheckResult {
  const { reason, notCached, logFile } = result;
  return {
    ...result,
    command: result.command === null ? null : cut(result.command, maxTextLength),
    output: cut(result.output, maxOutputLength),
    problems: result.problems.slice(0, maxProblems).map(boundProblem),
    ...(reason === undefined ? {} : { reason: cut(reason, maxTextLength) }),
    ...(notCached === undefined ? {} : { notCached: cut(notCached, maxTextLength) }),
    ...(logFile === undefined ? {} : { logFile: cut(logFile, maxTextLength) }),
  };
}

function boundProblem(problem: CheckProblem): CheckProblem {
  const { file, message, rule } = problem;
  return {
    ...problem,
    file: file === null ? null : cut(file, maxTextLength),
    message: cut(message, maxTextLength),
    ...(rule === undefined ? {} : { rule: cut(rule, maxTextLength) }),
  };
}

/** Well-formed text: half of an emoji is none, and not every store takes it. */
function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text.toWellFormed();
  return `${text
    .slice(0, maxLength - 1)
    .replace(/[\ud800-\udbff]$/, '')
    .toWellFormed()}…`;
}
