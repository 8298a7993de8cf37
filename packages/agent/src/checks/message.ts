import type { CheckName, CheckResult, CheckVerdict, GateOutcome } from '@holdfast/protocol';

type Results = ReadonlyMap<CheckName, CheckResult>;

/** How a verdict is called. */
export const verdictWords: Readonly<Record<CheckVerdict, string>> = {
  passed: 'passed',
  failed: 'failed',
  timed_out: 'timed out',
  cancelled: 'cancelled',
  could_not_start: 'could not start',
  simulated: 'simulated',
  skipped: 'skipped',
};
const marks: Readonly<Record<CheckVerdict, string>> = {
  passed: '✅',
  failed: '❌',
  timed_out: '⏱️',
  cancelled: '🚫',
  could_not_start: '⚠️',
  simulated: '🎭',
  skipped: '⏭️',
};
const maxListed = 20;

/** What a person wants to know of a run, as Markdown. */
export function describeRun(results: Results, gates: readonly GateOutcome[], allPassed: boolean): string {
  const rows = [...results].map(
    ([check, result]) =>
      `| ${check} | ${marks[result.verdict]} ${verdictWords[result.verdict]}${result.cached === true ? ' (cached)' : ''} | ${escape(countsOf(result) ?? '')} | ${seconds(result.durationMs)} | ${result.command === null ? '' : code(result.command)} |`,
  );
  const reasons = [...results].flatMap(([check, { reason }]) =>
    reason === undefined ? [] : [`- ${check}: ${reason}`],
  );
  const gateLines = gates.map((gate) => `- ${gate.isMet ? '✅' : '❌'} ${code(gate.rule)}: ${gate.reason}`);
  const problems = [...results.values()].flatMap((result) => result.problems);
  const listed = problems
    .slice(0, maxListed)
    .map(
      (problem) =>
        `- ${problem.severity}: ${placeOf(problem)}${escape(oneLine(problem.message))}${problem.rule === undefined ? '' : ` (${code(problem.rule)})`}`,
    );
  if (problems.length > maxListed) listed.push(`- and ${problems.length - maxListed} more`);
  return [
    `**${verdictLine(results, gates, allPassed)}**`,
    ['| check | result | counts | time | command |', '| --- | --- | --- | --- | --- |', ...rows].join('\n'),
    reasons.join('\n'),
    gateLines.join('\n'),
    listed.join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** One sentence: what the run comes to. */
export function verdictLine(results: Results, gates: readonly GateOutcome[], allPassed: boolean): string {
  if (allPassed) return 'All checks passed.';
  const missed = gates.filter((gate) => !gate.isMet).length;
  const bad = [...results]
    .filter(([, { verdict }]) => verdict !== 'passed')
    .map(([check, { verdict }]) => `${check} ${verdictWords[verdict]}`);
  const closed = missed === 0 ? [] : [`${missed} of ${gates.length} ${gates.length === 1 ? 'gate' : 'gates'} missed`];
  const said = [...bad, ...closed].join(', ');
  return said === '' ? 'Nothing was checked.' : `Not passed: ${said}.`;
}

/** The known counts, such as `3 errors, 1 warning`; undefined when there are none. */
export function countsOf(result: CheckResult): string | undefined {
  const parts = [
    [result.errors, 'error', 'errors'],
    [result.warnings, 'warning', 'warnings'],
    [result.passedCount, 'passed', 'passed'],
    [result.failed, 'failed', 'failed'],
    [result.skipped, 'skipped', 'skipped'],
    [result.size, 'byte', 'bytes'],
  ] as const;
  const known = parts.flatMap(([count, one, many]) =>
    typeof count === 'number' ? [`${count} ${count === 1 ? one : many}`] : [],
  );
  return known.length === 0 ? undefined : known.join(', ');
}

/** `1.2 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function placeOf({ file, line, column }: CheckResult['problems'][number]): string {
  return file === null ? '' : `${code([file, line, column].filter((part) => part !== null).join(':'))} `;
}

function code(text: string): string {
  const line = oneLine(text);
  const fence = line.includes('`') ? '``' : '`';
  return `${fence}${fence === '``' ? ` ${line} ` : line}${fence}`.replaceAll('|', String.raw`\|`);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** Text of a tool in Markdown: no markup of its own, no cell of a table. */
function escape(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>|#]/g, String.raw`\$&`);
}
