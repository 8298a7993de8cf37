import { testCounts, unknownTestCounts } from './counts.ts';
import { ProblemList } from './problems.ts';
import type { RunReader, RunReaderFactory } from './reader.ts';
import type { RunTimeline } from './run-timeline.ts';

const tool = 'maven surefire';
const mark = /^(?:\[(?:INFO|ERROR|WARNING)\] ?)?(?<text>.*)$/;
const begin = /^ ?T E S T S$/;
const results = /^Results ?:$/;
const sum = /^Tests run: (?<total>\d+), Failures: (?<failures>\d+), Errors: (?<errors>\d+), Skipped: (?<skipped>\d+)$/;
/** `CartTest.adds:14 expected: <2> but was: <3>`: a class and no file. */
const failure = /^ {2}[\w$.>]+:\d+ \S.*$/;
const none = /^No tests (?:were executed|to run)!?/;

/** The console of Maven's surefire and failsafe 2.22 and 3: `Results:` of each module after its ` T E S T S`. */
export const readSurefire: RunReaderFactory = (directory, timeline) => new SurefireReader(directory, timeline);

class SurefireReader implements RunReader {
  readonly #timeline: RunTimeline;
  readonly #problems: ProblemList;
  #stage: 'nothing' | 'begin' | 'results' = 'nothing';
  #hasRun = false;
  #hasNone = false;

  constructor(directory: string, timeline: RunTimeline) {
    this.#timeline = timeline;
    this.#problems = new ProblemList(directory);
  }

  readLine(line: string): void {
    if (this.#stage === 'nothing' && !line.endsWith('T E S T S') && !line.includes('No tests')) return;
    const text = mark.exec(line)?.groups?.['text'] ?? line;
    if (begin.test(text)) {
      this.#timeline.begin(tool);
      this.#stage = 'begin';
      this.#problems.take();
    } else if (this.#stage === 'begin' && results.test(text)) this.#stage = 'results';
    else if (this.#stage === 'results') this.#readResults(text);
    else if (line.startsWith('[INFO] ') && none.test(text)) this.#hasNone = true;
  }

  finish(): void {
    if (this.#hasNone && !this.#hasRun) this.#say({ total: 0, passedCount: 0, failed: 0, skipped: 0 }, true);
  }

  #readResults(text: string): void {
    const said = sum.exec(text)?.groups;
    if (said) this.#end(said);
    else if (failure.test(text)) this.#problems.add({ message: text.trim() });
  }

  #end(said: Readonly<Record<string, string>>): void {
    const total = Number(said['total']);
    const failed = Number(said['failures']) + Number(said['errors']);
    const skipped = Number(said['skipped']);
    const counts =
      total < failed + skipped
        ? undefined
        : testCounts({ total, failed, skipped, passedCount: total - failed - skipped });
    this.#hasRun = true;
    this.#stage = 'nothing';
    this.#say(counts ?? unknownTestCounts, failed > 0 || total === 0);
  }

  #say(counts: typeof unknownTestCounts, saysFailed: boolean): void {
    const problems = this.#problems.take();
    const reading = { source: tool, kind: 'test', counts, problems, saysFailed, authority: 1 } as const;
    this.#timeline.end(tool, reading, 'may go on');
  }
}
