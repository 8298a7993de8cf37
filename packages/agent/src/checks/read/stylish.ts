import { unknownLintCounts } from './counts.ts';
import { ProblemList } from './problems.ts';
import type { LineReader, LineReaderFactory, Reading } from './reader.ts';

/** What differs between the tools that list problems below the name of their file, and a sum at the end. */
type Form = {
  readonly tool: string;
  /** `line`, `column`, `severity` and `text`, which ends with the rule in a column of its own. */
  readonly row: RegExp;
  readonly isWarning: (severity: string) => boolean;
  readonly sum: RegExp;
  /** The tool says that it did not do its work. */
  readonly crash: RegExp;
  /** It did, and what it found is too much. */
  readonly tooMany?: RegExp;
};

const eslint: Form = {
  tool: 'eslint',
  row: /^ {2}(?<line>\d+):(?<column>\d+) +(?<severity>error|warning) {2,}(?<text>\S.*)$/,
  isWarning: (severity) => severity === 'warning',
  sum: /^✖ (?<all>\d+) problems? \((?<errors>\d+) errors?, (?<warnings>\d+) warnings?\)$/,
  crash: /^Oops! Something went wrong! :\($/,
  tooMany: /^ESLint found too many warnings \(maximum: \d+\)\.$/,
};

const stylelint: Form = {
  tool: 'stylelint',
  row: /^ {1,2}(?<line>\d+):(?<column>\d+) +(?<severity>[✖×⚠‼i])\s+(?<text>\S.*)$/,
  isWarning: (severity) => severity === '⚠' || severity === '‼',
  sum: /^(?:[✖×] )?(?<all>\d+) problems? \((?<errors>\d+) errors?, (?<warnings>\d+) warnings?\)$/,
  crash:
    /^(?:Error|NoFilesFoundError|ConfigurationError): (?:No files matching the pattern ".*" were found\.|No configuration provided for .*)$/,
};

/** At the start of a line, and nothing else in it. */
const heading = /^(?:\/|[A-Za-z]:\\|\.{0,2}[\w@-])\S*(?: \S+)*$/;

/** What eslint 8 to 10 print without `--format`, and oxlint with `--format stylish`; nothing at all when there is no problem. */
export const readEslintStylish: LineReaderFactory = (directory) => new Stylish(eslint, directory);
/** What stylelint 15 to 18 print without `--formatter`. */
export const readStylelint: LineReaderFactory = (directory) => new Stylish(stylelint, directory);

class Stylish implements LineReader {
  readonly #form: Form;
  readonly #problems: ProblemList;
  #file: string | undefined;
  /** The last line that is no row: the heading of those that follow, if it looks like one. */
  #before = '';
  #sum: { errors: number; warnings: number } | undefined;
  /** Of the rows since the last sum. */
  #row = { errors: 0, warnings: 0 };
  #isContradicted = false;
  #hasCrashed = false;
  #hasTooMany = false;
  #tool: string;

  constructor(form: Form, directory: string) {
    this.#form = form;
    this.#tool = form.tool;
    this.#problems = new ProblemList(directory);
  }

  readLine(line: string): void {
    if (line === '') return;
    const said = line.startsWith(' ') ? this.#form.row.exec(line)?.groups : undefined;
    if (said) {
      if (heading.test(this.#before)) this.#file = this.#before;
      this.#before = '';
      if (this.#file !== undefined) this.#readRow(said, this.#file);
      return;
    }
    const ended = this.#form.sum.exec(line)?.groups;
    if (ended) this.#readSum(Number(ended['errors']), Number(ended['warnings']));
    else if (this.#form.crash.test(line)) this.#hasCrashed = true;
    else if (this.#form.tooMany?.test(line)) this.#hasTooMany = true;
    else this.#before = line;
  }

  finish(): Reading | undefined {
    const hasRows = this.#row.errors + this.#row.warnings > 0;
    if (!this.#sum && !hasRows && !this.#hasCrashed) return undefined;
    const isKnown = this.#sum !== undefined && !hasRows && !this.#hasCrashed && !this.#isContradicted;
    return {
      source: this.#tool,
      kind: 'lint',
      counts: isKnown ? { ...this.#sum } : unknownLintCounts,
      problems: this.#problems.list,
      authority: 1,
      ...((this.#problems.errors > 0 || this.#hasCrashed || this.#hasTooMany) && { saysFailed: true }),
    };
  }

  #readRow(said: Readonly<Record<string, string>>, file: string): void {
    const isWarning = this.#form.isWarning(said['severity'] ?? '');
    const text = /^(?<message>.*?\S)(?: {2,}(?<rule>[\w@/().-]+))?$/.exec(said['text'] ?? '')?.groups ?? {};
    // `eslint(no-var)`: only oxlint names a rule with its plugin so.
    if (this.#form === eslint && text['rule']?.endsWith(')')) this.#tool = 'oxlint';
    this.#problems.add({
      file,
      line: Number(said['line']),
      column: Number(said['column']),
      severity: isWarning ? 'warning' : 'error',
      message: text['message'] ?? '',
      rule: text['rule'],
    });
    this.#row[isWarning ? 'warnings' : 'errors'] += 1;
  }

  /** A sum counts only when it is the sum of the rows before it. */
  #readSum(errors: number, warnings: number): void {
    const isOurs = this.#row.errors === errors && this.#row.warnings === warnings;
    if (!isOurs) {
      // Somebody's log, or another tool's: of our rows it says nothing, unless there are some.
      this.#isContradicted ||= this.#row.errors + this.#row.warnings > 0;
      return;
    }
    this.#sum = { errors: (this.#sum?.errors ?? 0) + errors, warnings: (this.#sum?.warnings ?? 0) + warnings };
    this.#row = { errors: 0, warnings: 0 };
  }
}
