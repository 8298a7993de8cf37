import { unknownLintCounts } from './counts.ts';
import { ProblemList } from './problems.ts';
import type { LineReader, LineReaderFactory, Reading } from './reader.ts';

const row = /^ {2}(?<line>\d+):(?<column>\d+) +(?<severity>error|warning) {2,}(?<text>\S.*)$/;
const sum = /^✖ (?<all>\d+) problems? \((?<errors>\d+) errors?, (?<warnings>\d+) warnings?\)$/;
/** At the start of a line, and nothing else in it. */
const heading = /^(?:\/|[A-Za-z]:\\|\.{0,2}[\w@-])\S*(?: \S+)*$/;
const crash = /^Oops! Something went wrong! :\($/;
const tooMany = /^ESLint found too many warnings \(maximum: \d+\)\.$/;

/** What eslint 8 to 10 print without `--format`. Files without a problem are not told, and nothing at all when there is none. */
export const readEslintStylish: LineReaderFactory = (directory) => new EslintStylish(directory);

class EslintStylish implements LineReader {
  readonly #problems: ProblemList;
  #file: string | undefined;
  #sum: { errors: number; warnings: number } | undefined;
  /** Of the rows since the last sum. */
  #row = { errors: 0, warnings: 0 };
  #isContradicted = false;
  #hasCrashed = false;
  #hasTooMany = false;

  constructor(directory: string) {
    this.#problems = new ProblemList(directory);
  }

  readLine(line: string): void {
    if (line === '') return;
    const said = row.exec(line)?.groups;
    if (said && this.#file !== undefined) {
      this.#readRow(said, this.#file);
      return;
    }
    const ended = sum.exec(line)?.groups;
    if (ended) this.#readSum(Number(ended['errors']), Number(ended['warnings']));
    else if (crash.test(line)) this.#hasCrashed = true;
    else if (tooMany.test(line)) this.#hasTooMany = true;
    else if (heading.test(line)) this.#file = line;
  }

  finish(): Reading | undefined {
    const hasRows = this.#row.errors + this.#row.warnings > 0;
    if (!this.#sum && !hasRows && !this.#hasCrashed) return undefined;
    const isKnown = this.#sum !== undefined && !hasRows && !this.#hasCrashed && !this.#isContradicted;
    return {
      source: 'eslint',
      kind: 'lint',
      counts: isKnown ? { ...this.#sum } : unknownLintCounts,
      problems: this.#problems.list,
      authority: 1,
      ...((this.#problems.errors > 0 || this.#hasCrashed || this.#hasTooMany) && { saysFailed: true }),
    };
  }

  #readRow(said: Readonly<Record<string, string>>, file: string): void {
    const severity = said['severity'] === 'warning' ? 'warning' : 'error';
    // The rule stands in a column of its own, at least two blanks after the message.
    const { message = '', rule } =
      /^(?<message>.*?\S)(?: {2,}(?<rule>[\w@/-]+))?$/.exec(said['text'] ?? '')?.groups ?? {};
    this.#problems.add({ file, line: Number(said['line']), column: Number(said['column']), severity, message, rule });
    this.#row[severity === 'error' ? 'errors' : 'warnings'] += 1;
  }

  /** A sum counts only when it is the sum of the rows before it. */
  #readSum(errors: number, warnings: number): void {
    const isOurs = this.#row.errors === errors && this.#row.warnings === warnings;
    if (!isOurs) {
      // Somebody's log says that there are problems that nobody has told.
      this.#isContradicted ||= this.#row.errors + this.#row.warnings > 0;
      return;
    }
    this.#sum = { errors: (this.#sum?.errors ?? 0) + errors, warnings: (this.#sum?.warnings ?? 0) + warnings };
    this.#row = { errors: 0, warnings: 0 };
  }
}
