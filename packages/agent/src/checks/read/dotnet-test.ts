import { testCounts, unknownTestCounts } from './counts.ts';
import { ProblemList } from './problems.ts';
import type { RunReader, RunReaderFactory } from './reader.ts';
import type { RunTimeline } from './run-timeline.ts';

const tool = 'dotnet test';
const begin = /^Starting test execution, please wait\.\.\.$/;
const line1 =
  /^(?<verdict>Passed|Failed|Skipped)! {1,2}- Failed: +(?<failed>\d+), Passed: +(?<passed>\d+), Skipped: +(?<skipped>\d+), Total: +(?<total>\d+), Duration: .+ - \S+\.(?:dll|exe)(?: \(.+\))?$/;
const failed = /^ {2}Failed (?<name>\S.*?) \[[<\d].*\]$/;
const place = /^ +at .* in (?<file>.+):line (?<line>\d+)$/;

/** The last line that `dotnet test` (VSTest, .NET 5 and later) writes for each assembly. */
export const readDotnetTest: RunReaderFactory = (directory, timeline) => new DotnetTestReader(directory, timeline);

class DotnetTestReader implements RunReader {
  readonly #timeline: RunTimeline;
  readonly #problems: ProblemList;
  #name = '';
  #message = '';
  #isMessage = false;

  constructor(directory: string, timeline: RunTimeline) {
    this.#timeline = timeline;
    this.#problems = new ProblemList(directory);
  }

  readLine(line: string): void {
    if (line === '') return;
    const said = line1.exec(line)?.groups;
    if (begin.test(line)) this.#timeline.begin(tool);
    else if (said) this.#end(said);
    else this.#readFailure(line);
  }

  #end(said: Readonly<Record<string, string>>): void {
    this.#endFailure();
    const numberOf = (name: string): number => Number(said[name]);
    const parts = { passedCount: numberOf('passed'), failed: numberOf('failed'), skipped: numberOf('skipped') };
    const counts = testCounts({ ...parts, total: numberOf('total') }) ?? unknownTestCounts;
    const saysFailed = said['verdict'] === 'Failed' || counts.total === 0;
    const problems = this.#problems.take();
    const reading = { source: tool, kind: 'test', counts, problems, saysFailed, authority: 1 } as const;
    this.#timeline.end(tool, reading, 'may go on');
  }

  #readFailure(line: string): void {
    const name = failed.exec(line)?.groups?.['name'];
    if (name !== undefined) {
      this.#endFailure();
      this.#name = name;
      return;
    }
    if (this.#name === '') return;
    const at = place.exec(line)?.groups;
    if (at) this.#endFailure(at);
    else if (/^ {2}Error Message:$/.test(line)) this.#isMessage = true;
    else if (this.#isMessage) {
      this.#message = line.trim();
      this.#isMessage = false;
    }
  }

  #endFailure(at?: Readonly<Record<string, string>>): void {
    if (this.#name !== '') {
      const message = this.#message === '' ? this.#name : `${this.#name}: ${this.#message}`;
      this.#problems.add({ file: at?.['file'], line: at === undefined ? null : Number(at['line']), message });
    }
    this.#name = '';
    this.#message = '';
    this.#isMessage = false;
  }
}
