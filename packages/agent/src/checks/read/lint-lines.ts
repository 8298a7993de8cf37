import { unknownLintCounts } from './counts.ts';
import { ProblemList } from './problems.ts';
import type { LineReader, LineReaderFactory, Reading } from './reader.ts';

const unix =
  /^(?<file>\S.*?):(?<line>\d+):(?<column>\d+): (?<message>.+) \[(?<severity>Error|Warning)(?:\/(?<rule>[^\]\s]{1,200}))?\]$/;
const unixStylelint =
  /^(?<file>\S.*?):(?<line>\d+):(?<column>\d+): (?<message>.+?)(?: \((?<rule>[\w/-]+)\))? \[(?<severity>error|warning)\]$/;
const compact =
  /^(?<file>\S.*?): line (?<line>\d+), col (?<column>\d+), (?<severity>Error|Warning) - (?<message>.+?)(?: \((?<rule>[^()]+(?:\([^()]+\))?)\))?$/;
const sum = /^(?<all>\d+) problems?(?: \((?<errors>\d+) errors?, (?<warnings>\d+) warnings?\))?$/;

/** One problem a line and the number of them at the end: `--format unix` of eslint, oxlint and stylelint, `compact` of eslint. */
export const readLintLines: LineReaderFactory = (directory) => new LintLines(directory);

class LintLines implements LineReader {
  readonly #problems: ProblemList;
  #source = '';
  #since = 0;
  #isSummed = false;

  constructor(directory: string) {
    this.#problems = new ProblemList(directory);
  }

  readLine(line: string): void {
    const form = formOf(line);
    if (form) this.#readRow(form.source, form.said);
    else if (this.#since > 0 && Number(sum.exec(line)?.groups?.['all']) === this.#since) {
      this.#isSummed = true;
      this.#since = 0;
    }
  }

  finish(): Reading | undefined {
    if (this.#problems.count === 0) return undefined;
    const isKnown = this.#isSummed && this.#since === 0;
    return {
      source: this.#source,
      kind: 'lint',
      counts: isKnown ? { errors: this.#problems.errors, warnings: this.#problems.warnings } : unknownLintCounts,
      problems: this.#problems.list,
      authority: 1,
      // Without its sum a line of this form may be anybody's, quoted or logged.
      ...(isKnown && this.#problems.errors > 0 && { saysFailed: true }),
    };
  }

  #readRow(source: string, said: Readonly<Record<string, string>>): void {
    this.#source = source;
    this.#since += 1;
    const { file, line, column, message = '', rule, severity } = said;
    const isWarning = severity?.toLowerCase() === 'warning';
    this.#problems.add({
      file,
      line: Number(line),
      column: Number(column),
      severity: isWarning ? 'warning' : 'error',
      message,
      rule,
    });
  }
}

function formOf(
  line: string,
): { readonly source: string; readonly said: Readonly<Record<string, string>> } | undefined {
  if (line.endsWith(']')) {
    const said = unix.exec(line)?.groups;
    if (said) return { source: said['rule']?.endsWith(')') ? 'oxlint unix' : 'eslint unix', said };
    const other = unixStylelint.exec(line)?.groups;
    return other && { source: 'stylelint unix', said: other };
  }
  const said = line.includes(': line ') ? compact.exec(line)?.groups : undefined;
  return said && { source: 'eslint compact', said };
}
