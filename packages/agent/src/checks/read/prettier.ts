import { unknownLintCounts } from './counts.ts';
import { ProblemList } from './problems.ts';
import type { LineReader, LineReaderFactory, Reading } from './reader.ts';

const begin = /^Checking formatting\.\.\.$/;
const broken = /^\[error\] (?<file>\S.*?): (?<message>\w*Error: .+?)(?: \((?<line>\d+):(?<column>\d+)\))?$/;
const failed =
  /^\[error\] (?<message>No files matching the pattern were found: .+|Invalid configuration .+|No parser could be inferred .+)$/;
const end =
  /^(?:\[warn\] )?(?<what>Code style issues found in|Error occurred when checking code style in) (?:the above file|(?<files>\d+) files)\./;
const clean = /^All matched files use Prettier code style!$/;
const ugly = /^\[warn\] (?<file>\S.*)$/;

/** `prettier --check` of 2 and 3: a warning is a file that is not formatted, an error one that cannot be read as code. */
export const readPrettier: LineReaderFactory = (directory) => new PrettierReader(directory);

class PrettierReader implements LineReader {
  readonly #problems: ProblemList;
  #since: { errors: number; warnings: number } | undefined;
  #sum: { errors: number; warnings: number } | undefined;
  #isContradicted = false;

  constructor(directory: string) {
    this.#problems = new ProblemList(directory);
  }

  readLine(line: string): void {
    if (begin.test(line)) {
      this.#isContradicted ||= this.#since !== undefined;
      this.#since = { errors: 0, warnings: 0 };
    } else if (this.#since && line !== '') this.#readInside(line, this.#since);
  }

  finish(): Reading | undefined {
    if (!this.#sum && this.#problems.count === 0) return undefined;
    const isKnown = this.#sum !== undefined && this.#since === undefined && !this.#isContradicted;
    return {
      source: 'prettier',
      kind: 'lint',
      counts: isKnown ? { ...this.#sum } : unknownLintCounts,
      problems: this.#problems.list,
      authority: 1,
      ...(this.#problems.count > 0 && { saysFailed: true }),
    };
  }

  #readInside(line: string, since: { errors: number; warnings: number }): void {
    const ended = end.exec(line)?.groups;
    // 3 counts in its last line what it could not read, if there is such a file, else what is not formatted; 2 only the latter.
    if (ended) {
      const told = ended['what']?.startsWith('Error') ? since.errors : since.warnings;
      this.#end(since, told === Number(ended['files'] ?? 1));
    } else if (clean.test(line)) this.#end(since, since.warnings === 0);
    else if (line.startsWith('[')) this.#readProblem(line, since);
  }

  #readProblem(line: string, since: { errors: number; warnings: number }): void {
    const said = (broken.exec(line) ?? failed.exec(line))?.groups;
    if (said) {
      since.errors += 1;
      const place = said['line'] === undefined ? {} : { line: Number(said['line']), column: Number(said['column']) };
      this.#problems.add({ file: said['file'], ...place, message: said['message'] ?? '' });
      return;
    }
    const file = ugly.exec(line)?.groups?.['file'];
    if (file === undefined) return;
    since.warnings += 1;
    this.#problems.add({ file, severity: 'warning', message: 'is not formatted' });
  }

  #end(since: { errors: number; warnings: number }, agrees: boolean): void {
    this.#since = undefined;
    this.#isContradicted ||= !agrees;
    this.#sum = {
      errors: (this.#sum?.errors ?? 0) + since.errors,
      warnings: (this.#sum?.warnings ?? 0) + since.warnings,
    };
  }
}
