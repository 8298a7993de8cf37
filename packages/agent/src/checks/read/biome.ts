import { unknownLintCounts } from './counts.ts';
import { ProblemList } from './problems.ts';
import type { LineReader, LineReaderFactory, Reading } from './reader.ts';

const heading =
  /^(?<file>\S.*?)(?::(?<line>\d+):(?<column>\d+))? (?<rule>[a-zA-Z]+(?:\/[\w-]+)*)(?: +[A-Z][A-Z ]*)? +━{3,}$/;
/** The bar at its end fills what a path leaves of a line of the terminal. */
const maxHeading = 1_000;
/** About the run and no file. */
const outside = /^(?<rule>[a-zA-Z]+(?:\/[\w-]+)*)(?: +[A-Z][A-Z ]*)? +━{3,}$/;
const message = /^ {2}(?<mark>[×!iℹ✖⚠]) (?<message>.+)$/u;
const checked = /^Checked (?<files>\d+) files? in [\d.]+(?:ns|µs|ms|s|m)\. .+$/;
const found = /^Found (?<count>\d+) (?<what>error|warning|info)s?\.$/;
const notShown = /^Diagnostics not shown: (?<count>\d+)\.$/;

/** The console of biome 1 and 2: `lint`, `check`, `ci` and `format`. */
export const readBiome: LineReaderFactory = (directory) => new BiomeReader(directory);

class BiomeReader implements LineReader {
  readonly #problems: ProblemList;
  #heading: Readonly<Record<string, string>> | undefined;
  #isOutside = false;
  #notShown = 0;
  #hasFailed = false;
  #files: number | undefined;
  #found = { error: 0, warning: 0 };

  constructor(directory: string) {
    this.#problems = new ProblemList(directory);
  }

  readLine(line: string): void {
    if (!/^[ CDF]/.test(line) && !line.endsWith('━━━')) return;
    if (line.endsWith('━━━')) this.#readHeading(line);
    else if (this.#heading || this.#isOutside) this.#readMessage(line);
    if (checked.test(line)) this.#files = (this.#files ?? 0) + Number(checked.exec(line)?.[1]);
    else if (notShown.test(line)) this.#notShown += Number(notShown.exec(line)?.[1]);
    const said = this.#files === undefined ? undefined : found.exec(line)?.groups;
    if (said && said['what'] !== 'info') {
      this.#found[said['what'] === 'error' ? 'error' : 'warning'] += Number(said['count']);
    }
  }

  finish(): Reading | undefined {
    if (this.#files === undefined && this.#problems.count === 0) return undefined;
    const isKnown = this.#files !== undefined && this.#agrees();
    const { error: errors, warning: warnings } = this.#found;
    const saysFailed = this.#hasFailed || this.#problems.errors > 0 || errors > 0 || this.#files === 0;
    return {
      source: 'biome',
      kind: 'lint',
      counts: isKnown ? { errors, warnings } : unknownLintCounts,
      problems: this.#problems.list,
      authority: 1,
      ...(saysFailed && { saysFailed }),
    };
  }

  /** It shows 20 if nobody says otherwise, and 1.x then counts only those: the sum has to be of all. */
  #agrees(): boolean {
    const { errors, warnings, count } = this.#problems;
    const { error, warning } = this.#found;
    return errors <= error && warnings <= warning && error + warning === count + this.#notShown;
  }

  #readHeading(line: string): void {
    const said = line.length > maxHeading ? undefined : heading.exec(line)?.groups;
    this.#heading = said;
    this.#isOutside = said === undefined && outside.test(line);
  }

  #readMessage(line: string): void {
    const said = message.exec(line)?.groups;
    const mark = said?.['mark'] ?? '';
    if (said && this.#isOutside) this.#hasFailed ||= mark === '×' || mark === '✖';
    else if (said && this.#heading && !/[iℹ]/.test(mark)) this.#add(this.#heading, mark, said['message'] ?? '');
    else if (!said) return;
    this.#heading = undefined;
    this.#isOutside = false;
  }

  #add(at: Readonly<Record<string, string>>, mark: string, text: string): void {
    this.#problems.add({
      file: at['file'],
      line: at['line'] === undefined ? null : Number(at['line']),
      column: at['column'] === undefined ? null : Number(at['column']),
      severity: /[!⚠]/.test(mark) ? 'warning' : 'error',
      message: text,
      rule: at['rule'],
    });
  }
}
