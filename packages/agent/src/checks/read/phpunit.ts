import { testCounts, unknownTestCounts } from './counts.ts';
import { FailureNotes } from './failure-notes.ts';
import { ProblemList } from './problems.ts';
import type { RunReader, RunReaderFactory } from './reader.ts';
import type { RunTimeline } from './run-timeline.ts';

const tool = 'PHPUnit';
const begin = /^PHPUnit \d+\.\d\S* by Sebastian Bergmann and contributors\.$/;
const time = /^Time: \d\d:\d\d[.:\d]*, Memory: \d/;
const ok = /^OK \((?<total>\d+) tests?, \d+ assertions?\)$/;
const verdict = /^(?:FAILURES!|ERRORS!|WARNINGS!|OK, but .+)$/;
const sum = /^Tests: (?<total>\d+), Assertions: \d+(?<parts>(?:, [A-Z][A-Za-z ]+: \d+)*)\.$/;
const none = /^No tests executed!$/;
const kind = /^There (?:was|were) \d+ (?<kind>error|failure|risky test|warning|skipped test|incomplete test)s?:$/;
const failure = /^\d+\) (?<name>\S.*)$/;
const place = /^(?<file>\/\S+\.php|\S+\.php):(?<line>\d+)$/;

/** The console of PHPUnit 9 and later: failures, `Time: …`, a verdict, and the numbers. */
export const readPhpunit: RunReaderFactory = (directory, timeline) => new PhpunitReader(directory, timeline);

class PhpunitReader implements RunReader {
  readonly #timeline: RunTimeline;
  readonly #problems: ProblemList;
  readonly #failure: FailureNotes;
  /** What has come, in this order. */
  #stage: 'nothing' | 'begin' | 'time' | 'verdict' = 'nothing';
  #verdict = '';
  #isOfFailures = false;

  constructor(directory: string, timeline: RunTimeline) {
    this.#timeline = timeline;
    this.#problems = new ProblemList(directory);
    this.#failure = new FailureNotes(this.#problems);
  }

  readLine(line: string): void {
    if (line === '') return;
    if (begin.test(line)) {
      this.#timeline.begin(tool);
      this.#stage = 'begin';
      this.#isOfFailures = false;
      this.#problems.take();
    } else if (this.#stage !== 'nothing') this.#readInside(line);
  }

  #readInside(line: string): void {
    const passed = this.#stage === 'time' ? ok.exec(line)?.groups : undefined;
    const said = this.#stage === 'verdict' ? sum.exec(line)?.groups : undefined;
    if (time.test(line)) this.#stage = 'time';
    else if (none.test(line)) this.#end({ total: 0, passedCount: 0, failed: 0, skipped: 0 }, true);
    else if (passed) this.#end(testCounts({ passedCount: Number(passed['total']), failed: 0, skipped: 0 }), false);
    else if (said) this.#endWith(said);
    else if (this.#stage === 'time' && verdict.test(line)) {
      this.#stage = 'verdict';
      this.#verdict = line;
    } else this.#readFailure(line);
  }

  #endWith(said: Readonly<Record<string, string>>): void {
    const parts = { failed: 0, skipped: 0 };
    for (const part of (said['parts'] ?? '').split(', ')) {
      const [name = '', count] = part.split(': ');
      const key = keys[name];
      if (key !== undefined) parts[key] += Number(count);
    }
    const total = Number(said['total']);
    const passedCount = total - parts.failed - parts.skipped;
    const counts = passedCount < 0 ? undefined : testCounts({ ...parts, passedCount, total });
    this.#end(counts, !this.#verdict.startsWith('OK') && this.#verdict !== 'WARNINGS!');
  }

  #end(counts: typeof unknownTestCounts | undefined, saysFailed: boolean): void {
    this.#failure.end();
    const problems = [...this.#problems.list];
    const reading = { source: tool, kind: 'test', problems, saysFailed, authority: 1 } as const;
    this.#timeline.end(tool, { ...reading, counts: counts ?? unknownTestCounts });
    this.#stage = 'nothing';
  }

  #readFailure(line: string): void {
    const said = kind.exec(line)?.groups?.['kind'];
    if (said !== undefined) {
      this.#failure.end();
      this.#isOfFailures = said === 'error' || said === 'failure';
      return;
    }
    const name = this.#isOfFailures ? failure.exec(line)?.groups?.['name'] : undefined;
    const at = this.#failure.isOpen ? place.exec(line)?.groups : undefined;
    if (name !== undefined) this.#failure.begin(name, null);
    else if (at) this.#failure.end({ file: at['file'] ?? '', line: Number(at['line']) });
    else if (this.#failure.isOpen) this.#failure.readMessage(line);
  }
}

const keys: Readonly<Record<string, 'failed' | 'skipped'>> = {
  Errors: 'failed',
  Failures: 'failed',
  Skipped: 'skipped',
  Incomplete: 'skipped',
};
