import { testCounts, unknownTestCounts } from './counts.ts';
import { FailureNotes } from './failure-notes.ts';
import { ProblemList } from './problems.ts';
import type { RunReader, RunReaderFactory } from './reader.ts';
import type { RunTimeline } from './run-timeline.ts';
import { pathOf, readFrame } from './stack-frame.ts';

const tool = 'mocha';
const passing = /^ {2}(\d+) passing \(\d\w*\)$/;
const pending = /^ {2}(\d+) pending$/;
const failing = /^ {2}(\d+) failing$/;
const failure = /^ {2}\d+\) (?<name>.+)$/;
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
  #numbers: Numbers | undefined;
  /** These are told, and more may still follow. */
  #isTold = false;
  #failure: FailureNotes | undefined;
  /** The name of a failed test stands in several lines, the last of which ends with a colon. */
  #name: string[] = [];

  constructor(directory: string, timeline: RunTimeline) {
    this.#directory = directory;
    this.#timeline = timeline;
  }

  readLine(line: string): void {
    const isBlank = line.trim() === '';
    if (none.test(line)) this.#say({ passing: 0, pending: 0, failing: 0 });
    if (this.#wasBlank && passing.test(line)) {
      this.#endFailure();
      this.#numbers = { passing: Number(passing.exec(line)?.[1]), pending: undefined, failing: undefined };
      this.#isTold = false;
    } else if (this.#numbers && this.#readNumber(line, this.#numbers)) return;
    else if (isBlank && this.#numbers && !this.#isTold) this.#say(this.#numbers);
    else if (this.#failure) this.#readFailure(line, this.#failure);
    this.#wasBlank = isBlank;
  }

  /** Somebody's log may stand between the numbers; their order does not change. */
  #readNumber(line: string, numbers: Numbers): boolean {
    const saidPending = pending.exec(line);
    const saidFailing = failing.exec(line);
    if (saidPending && numbers.pending === undefined && numbers.failing === undefined) {
      numbers.pending = Number(saidPending[1]);
    } else if (saidFailing && numbers.failing === undefined) numbers.failing = Number(saidFailing[1]);
    else return false;
    return true;
  }

  #say(numbers: Numbers): void {
    this.#isTold = true;
    // They are told after the numbers, and belong to them.
    const problems = new ProblemList(this.#directory);
    this.#failure = new FailureNotes(problems);
    this.#timeline.end(tool, {
      source: tool,
      kind: 'test',
      get counts() {
        return countsOf(numbers);
      },
      problems: problems.list,
      get saysFailed() {
        return (numbers.failing ?? 0) > 0 || countsOf(numbers).total === 0;
      },
      authority: 1,
    });
  }

  #readFailure(line: string, notes: FailureNotes): void {
    const name = failure.exec(line)?.groups?.['name'];
    if (name !== undefined) {
      // From here on only failures follow.
      this.#numbers = undefined;
      notes.end();
      this.#name = [name];
    } else if (this.#name.length > 0) this.#readName(line, notes);
    else if (notes.isOpen) {
      const at = /^ {6,}at /.test(line) ? readFrame(line) : undefined;
      if (!at) notes.readMessage(line);
      else if (!/node:|node_modules/.test(at.file)) notes.end({ ...at, file: pathOf(at) });
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

type Numbers = { readonly passing: number; pending: number | undefined; failing: number | undefined };

function countsOf({
  passing: passedCount,
  pending: skipped = 0,
  failing: failed = 0,
}: Numbers): typeof unknownTestCounts {
  return testCounts({ passedCount, failed, skipped }) ?? unknownTestCounts;
}
