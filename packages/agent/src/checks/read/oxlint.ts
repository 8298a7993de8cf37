import { unknownLintCounts } from './counts.ts';
import { ProblemList } from './problems.ts';
import type { LineReader, LineReaderFactory, Reading } from './reader.ts';

const message = /^ {2}(?<mark>[x!×⚠]) (?:(?<rule>[\w@/-]+\([\w@/-]+\)): )?(?<message>.+)$/;
const place = /^ +[,╭][-─]\[(?<file>.+):(?<line>\d+):(?<column>\d+)\]$/;
const found = /^Found (?<warnings>\d+) warnings? and (?<errors>\d+) errors?\.$/;
const finished = /^Finished in [\d.]+m?s on (?<files>\d+) files? (?:with \d+ rules )?using \d+ threads?\.$/;
const none = /^No files found to lint\. /;

/** The console of oxlint: problems with a piece of the code each, then `Found …` and `Finished in …`. */
export const readOxlint: LineReaderFactory = (directory) => new OxlintReader(directory);

class OxlintReader implements LineReader {
  readonly #problems: ProblemList;
  #message: Readonly<Record<string, string>> | undefined;
  #found: { readonly errors: number; readonly warnings: number } | undefined;
  #sum: { errors: number; warnings: number } | undefined;
  #hasNone = false;

  constructor(directory: string) {
    this.#problems = new ProblemList(directory);
  }

  readLine(line: string): void {
    if (!/^[ FN]/.test(line)) return;
    const said = message.exec(line)?.groups;
    const at = this.#message && place.exec(line)?.groups;
    if (said) this.#message = said;
    else if (at && this.#message) this.#add(this.#message, at);
    else this.#readEnd(line);
  }

  finish(): Reading | undefined {
    if (!this.#sum && !this.#hasNone && this.#problems.count === 0) return undefined;
    const { errors, warnings } = this.#problems;
    // It can be told to keep the problems to itself, and never tells one that it does not count.
    const isKnown = this.#sum !== undefined && errors <= this.#sum.errors && warnings <= this.#sum.warnings;
    const saysFailed = this.#hasNone || errors > 0 || (this.#sum?.errors ?? 0) > 0;
    return {
      source: 'oxlint',
      kind: 'lint',
      counts: isKnown ? { ...this.#sum } : unknownLintCounts,
      problems: this.#problems.list,
      authority: 1,
      ...(saysFailed && { saysFailed }),
    };
  }

  #readEnd(line: string): void {
    const said = found.exec(line)?.groups;
    const ended = finished.exec(line)?.groups;
    if (said) this.#found = { errors: Number(said['errors']), warnings: Number(said['warnings']) };
    else if (none.test(line)) this.#hasNone = true;
    else if (ended && this.#found) {
      this.#sum = {
        errors: (this.#sum?.errors ?? 0) + this.#found.errors,
        warnings: (this.#sum?.warnings ?? 0) + this.#found.warnings,
      };
      this.#found = undefined;
      this.#hasNone ||= ended['files'] === '0';
    }
  }

  #add(said: Readonly<Record<string, string>>, at: Readonly<Record<string, string>>): void {
    this.#problems.add({
      file: at['file'],
      line: Number(at['line']),
      column: Number(at['column']),
      severity: /[!⚠]/.test(said['mark'] ?? '') ? 'warning' : 'error',
      message: said['message'] ?? '',
      rule: said['rule'],
    });
    this.#message = undefined;
  }
}
