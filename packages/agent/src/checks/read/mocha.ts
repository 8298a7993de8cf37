import { testCounts } from './counts.ts';
import { FailureNotes } from './failure-notes.ts';
import { ProblemList } from './problems.ts';
import type { RunReader, RunReaderFactory } from './reader.ts';
import type { RunTimeline } from './run-timeline.ts';

const tool = 'mocha';
const passing = /^ {2}(\d+) passing \(\d+m?s?\w*\)$/;
const pending = /^ {2}(\d+) pending$/;
const failing = /^ {2}(\d+) failing$/;
const failure = /^ {2}\d+\) (?<name>.+)$/;
const place = /^ {6,}at .*?\(?(?:file:\/\/)?(?<file>[^\s()]+):(?<line>\d+):(?<column>\d+)\)?$/;
const none = /^(?:Error: |Warning: )?(?:Error: )?No test files found(?:: ".*")?$/;

/**
 * The last lines of mocha 9 to 12, as its spec, dot, list, min and most other reporters have them: a blank line, two to three
 * numbers below each other, and a blank line. Then the failures.
 */
export const readMocha: RunReaderFactory = (directory, timeline) => new MochaReader(directory, timeline);

class MochaReader implements RunReader {
  readonly #directory: string;
  readonly #timeline: RunTimeline;
  #wasBlank = true;
  #numbers: { passing: number; pending?: number; failing?: number } | undefined;
  #failure: FailureNotes | undefined;
  /** The name of a failed test stands in several lines, the last of which ends with a colon. */
  #name: string[] = [];

  constructor(directory: string, timeline: RunTimeline) {
    this.#directory = directory;
    this.#timeline = timeline;
  }

  readLine(line: string): void {
    if (none.test(line)) this.#say({ passing: 0 });
    if (this.#numbers) this.#readNumber(line, this.#numbers);
    else if (this.#wasBlank && passing.test(line)) {
      this.#endFailure();
      this.#numbers = { passing: Number(passing.exec(line)?.[1]) };
    } else if (this.#failure) this.#readFailure(line, this.#failure);
    this.#wasBlank = line.trim() === '';
  }

  #readNumber(line: string, numbers: { passing: number; pending?: number; failing?: number }): void {
    const saidPending = pending.exec(line);
    const saidFailing = failing.exec(line);
    if (saidPending && numbers.pending === undefined && numbers.failing === undefined) {
      numbers.pending = Number(saidPending[1]);
    } else if (saidFailing && numbers.failing === undefined) numbers.failing = Number(saidFailing[1]);
    else {
      this.#numbers = undefined;
      if (line.trim() === '') this.#say(numbers);
    }
  }

  #say(numbers: { passing: number; pending?: number; failing?: number }): void {
    const { passing: passedCount, pending: skipped = 0, failing: failed = 0 } = numbers;
    const counts = testCounts({ passedCount, failed, skipped });
    if (counts === undefined) return;
    // They are told after the numbers, and belong to them.
    const problems = new ProblemList(this.#directory);
    this.#failure = failed > 0 ? new FailureNotes(problems) : undefined;
    const saysFailed = failed > 0 || counts.total === 0;
    this.#timeline.end(tool, { source: tool, kind: 'test', counts, problems: problems.list, saysFailed, authority: 1 });
  }

  #readFailure(line: string, notes: FailureNotes): void {
    const name = failure.exec(line)?.groups?.['name'];
    if (name !== undefined) {
      notes.end();
      this.#name = [name];
    } else if (this.#name.length > 0) this.#readName(line, notes);
    else if (notes.isOpen) {
      const at = place.exec(line)?.groups;
      if (!at) notes.readMessage(line);
      else if (!/node:|node_modules/.test(at['file'] ?? '')) {
        notes.end({ file: at['file'] ?? '', line: Number(at['line']), column: Number(at['column']) });
      }
      return;
    }
    this.#finishName(notes);
  }

  #readName(line: string, notes: FailureNotes): void {
    if (line.startsWith('       ') && this.#name.length < 20) this.#name.push(line.trim());
    else if (line.trim() === '') this.#finishName(notes, true);
  }

  #finishName(notes: FailureNotes, isEnd = false): void {
    const last = this.#name.at(-1) ?? '';
    if (this.#name.length === 0 || (!last.endsWith(':') && !isEnd)) return;
    notes.begin(this.#name.join(' > ').replace(/:$/, ''), null);
    this.#name = [];
  }

  #endFailure(): void {
    this.#failure?.end();
    this.#failure = undefined;
    this.#name = [];
  }
}
