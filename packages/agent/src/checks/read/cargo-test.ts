import { testCounts } from './counts.ts';
import { FailureNotes } from './failure-notes.ts';
import { ProblemList } from './problems.ts';
import type { RunReader, RunReaderFactory } from './reader.ts';
import type { RunTimeline } from './run-timeline.ts';

const tool = 'cargo test';
const begin = /^running (?<total>\d+) tests?$/;
const end =
  /^test result: (?<verdict>ok|FAILED)\. (?<passed>\d+) passed; (?<failed>\d+) failed; (?<ignored>\d+) ignored; (?<measured>\d+) measured; \d+ filtered out(?:; finished in .+)?$/;
const failure = /^---- (?<name>.+) stdout ----$/;
const place = /^thread '.*' (?:\(\d+\) )?panicked at (?<file>[^\s:']+):(?<line>\d+):(?<column>\d+):$/;
/** Before 1.73 the message stood first, and over as many lines as it has. */
const oldMessage = /^thread '.*' panicked at '(?<message>.*?)(?:', [^\s:]+:\d+:\d+)?$/;
const oldPlace = /^.*', (?<file>[^\s:']+):(?<line>\d+):(?<column>\d+)$/;

/** libtest, as `cargo test` runs it: one run each for the library, each file of tests and the examples in the documentation. */
export const readCargoTest: RunReaderFactory = (directory, timeline) => new CargoTestReader(directory, timeline);

class CargoTestReader implements RunReader {
  readonly #timeline: RunTimeline;
  readonly #problems: ProblemList;
  readonly #failure: FailureNotes;
  #total: number | undefined;
  #place: Readonly<Record<string, string>> | undefined;
  #isOld = false;

  constructor(directory: string, timeline: RunTimeline) {
    this.#timeline = timeline;
    this.#problems = new ProblemList(directory);
    this.#failure = new FailureNotes(this.#problems);
  }

  readLine(line: string): void {
    if (line === '') return;
    const begun = begin.exec(line)?.groups;
    const said = this.#total === undefined ? undefined : end.exec(line)?.groups;
    if (begun) this.#begin(Number(begun['total']));
    else if (said) this.#end(said);
    else if (this.#total !== undefined) this.#readFailure(line);
  }

  #begin(total: number): void {
    this.#timeline.begin(tool);
    this.#total = total;
    this.#problems.take();
  }

  /** The numbers add up to the one at the begin, or they are a test's own. */
  #end(said: Readonly<Record<string, string>>): void {
    const numberOf = (name: string): number => Number(said[name]);
    const counts = testCounts({
      passedCount: numberOf('passed') + numberOf('measured'),
      failed: numberOf('failed'),
      skipped: numberOf('ignored'),
    });
    if (counts === undefined || counts.total !== this.#total) return;
    this.#endFailure();
    const problems = this.#problems.take();
    const reading = { source: tool, kind: 'test', counts, problems, authority: 1 } as const;
    // A crate without tests is no fault as long as another one has some.
    const saysFailed = counts.total === 0 ? undefined : said['verdict'] === 'FAILED';
    this.#timeline.end(tool, { ...reading, ...(saysFailed !== undefined && { saysFailed }) }, 'may go on');
    this.#total = undefined;
  }

  #readFailure(line: string): void {
    const name = failure.exec(line)?.groups?.['name'];
    if (name !== undefined) {
      this.#endFailure();
      this.#failure.begin(name, null);
    } else if (line === 'failures:') this.#endFailure();
    else if (this.#failure.isOpen) this.#readPanic(line);
  }

  #readPanic(line: string): void {
    const at = place.exec(line)?.groups;
    const old = oldMessage.exec(line)?.groups;
    if (at) this.#place = at;
    else if (this.#place) {
      this.#failure.readMessage(line);
      this.#endFailure();
    } else {
      if (old) {
        this.#failure.readMessage(old['message'] ?? '');
        this.#isOld = true;
      }
      this.#place = this.#isOld ? oldPlace.exec(line)?.groups : undefined;
      if (this.#place) this.#endFailure();
    }
  }

  #endFailure(): void {
    const at = this.#place;
    this.#place = undefined;
    this.#isOld = false;
    this.#failure.end(at && { file: at['file'] ?? '', line: Number(at['line']), column: Number(at['column']) });
  }
}
