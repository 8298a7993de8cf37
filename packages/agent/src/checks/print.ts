import type { CheckEvent, CheckResult, CheckRun } from '@holdfast/protocol';
import { countsOf, seconds, verdictLine, verdictWords } from './message.ts';
import type { CheckOptions } from './options.ts';

/** Prints what happens in a run: every event as a JSON line, only the end as JSON, or lines for people. */
export class EventPrinter {
  readonly #form: CheckOptions['print'];
  readonly #write: (text: string) => void;

  constructor(form: CheckOptions['print'], write: (text: string) => void) {
    this.#form = form;
    this.#write = write;
  }

  tell(event: CheckEvent): void {
    if (this.#form === 'events') this.#write(`${JSON.stringify(event)}\n`);
    else if (this.#form === 'json') {
      if (event.type === 'done') this.#write(`${JSON.stringify(event.run, undefined, 2)}\n`);
    } else this.#write(linesOf(event));
  }
}

function linesOf(event: CheckEvent): string {
  switch (event.type) {
    case 'planned':
      return event.command === null
        ? `${event.check}: nothing to run\n`
        : `${event.check}: ${event.command} (${event.why})\n`;
    case 'started':
    case 'output':
      return '';
    case 'finished':
      return finishedLines(event.check, event.result);
    case 'done':
      return doneLines(event.run);
  }
}

function finishedLines(check: string, result: CheckResult): string {
  const counts = countsOf(result);
  const facts = [seconds(result.durationMs), counts, result.cached === true ? 'cached' : undefined]
    .filter(Boolean)
    .join(', ');
  const reason = result.reason === undefined ? '' : `  ${result.reason}\n`;
  const missed = result.notCached === undefined ? '' : `  not cached: ${result.notCached}\n`;
  const isBad = result.verdict === 'failed' || result.verdict === 'timed_out' || result.verdict === 'could_not_start';
  const output =
    isBad && result.problems.length === 0 && result.output !== ''
      ? `${result.output.trimEnd().replaceAll(/^/gm, '  | ')}\n`
      : '';
  return `${check}: ${verdictWords[result.verdict]} (${facts})\n${reason}${missed}${problemLines(result)}${output}`;
}

/** Grouped by file. */
function problemLines({ problems }: CheckResult): string {
  const files = new Map<string, CheckResult['problems'][number][]>();
  for (const problem of problems) files.set(problem.file ?? '', [...(files.get(problem.file ?? '') ?? []), problem]);
  return [...files]
    .map(([file, all]) => {
      const lines = all.map(
        ({ line, column, severity, message, rule }) =>
          `    ${[line, column].filter((part) => part !== null).join(':')} ${severity}: ${message}${rule === undefined ? '' : ` (${rule})`}\n`,
      );
      return `${file === '' ? '' : `  ${file}\n`}${lines.join('')}`;
    })
    .join('');
}

function doneLines(run: CheckRun): string {
  const gates = run.gates.map(({ rule, isMet, reason }) => `gate ${rule}: ${isMet ? 'met' : 'missed'}. ${reason}\n`);
  const results = [
    ['lint', run.lint],
    ['test', run.tests],
    ['build', run.build],
  ] as const;
  const known = results.flatMap(([check, result]) => (result === null ? [] : [[check, result] as const]));
  return `${gates.join('')}${verdictLine(new Map(known), run.gates, run.allPassed)}\n`;
}
