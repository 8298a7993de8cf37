import type { CheckName } from '@holdfast/protocol';
import { ProblemList } from './problems.ts';
import type { LineReader, LineReaderFactory, Reading } from './reader.ts';

const plain = /^(?<file>\S[^()]*)\((?<line>\d+),(?<column>\d+)\): error (?<rule>TS\d+): (?<message>.+)$/;
const pretty = /^(?<file>\S.*):(?<line>\d+):(?<column>\d+) - error (?<rule>TS\d+): (?<message>.+)$/;
/** About the command line or the configuration, and in no file. */
const placeless = /^error (?<rule>TS\d+): (?<message>.+)$/;
const sum =
  /^(?:\[?\S{0,20}[:\d\s.APM]{0,20}\]? )?Found (?<count>\d+) errors?(?:\.| in .+)(?: Watching for file changes\.)?$/;

/** tsc 4 to 7, `--pretty` or not. As a lint tool its counts are numbers of errors; in a build it tells problems only. */
export const readTsc =
  (kind: CheckName): LineReaderFactory =>
  (directory) =>
    new TscReader(kind, directory);

class TscReader implements LineReader {
  readonly #kind: CheckName;
  readonly #problems: ProblemList;
  #plainRows = 0;
  #prettyRows = 0;
  #summed = 0;

  constructor(kind: CheckName, directory: string) {
    this.#kind = kind;
    this.#problems = new ProblemList(directory);
  }

  readLine(line: string): void {
    if (!line.includes('rror')) return;
    const bare = plain.exec(line) ?? placeless.exec(line);
    const said = (bare ?? pretty.exec(line))?.groups;
    if (said) {
      if (bare) this.#plainRows += 1;
      else this.#prettyRows += 1;
      this.#problems.add({
        file: said['file'],
        line: said['line'] === undefined ? null : Number(said['line']),
        column: said['column'] === undefined ? null : Number(said['column']),
        message: said['message'] ?? '',
        rule: said['rule'],
      });
      return;
    }
    const ended = sum.exec(line)?.groups;
    if (ended && this.#prettyRows > 0) this.#summed += Number(ended['count']);
  }

  finish(returnCode: number | null): Reading | undefined {
    if (this.#problems.count === 0) return undefined;
    return {
      source: 'tsc',
      kind: this.#kind,
      counts: this.#kind === 'lint' ? this.#counts(returnCode) : { size: null },
      problems: this.#problems.list,
      saysFailed: true,
      authority: 1,
    };
  }

  /** The plain form has no last line: whether all is told is known only of a process that ended by itself. */
  #counts(returnCode: number | null): Reading['counts'] {
    const isPlain = this.#prettyRows === 0 && returnCode !== null && returnCode < 128;
    const isPretty = this.#plainRows === 0 && this.#summed === this.#prettyRows;
    return { warnings: 0, errors: isPlain || isPretty ? this.#problems.count : null };
  }
}
