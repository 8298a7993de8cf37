import { testCounts } from './counts.ts';
import { FailureNotes } from './failure-notes.ts';
import { ProblemList } from './problems.ts';
import type { RunReader, RunReaderFactory } from './reader.ts';
import type { RunTimeline } from './run-timeline.ts';

const tool = 'playwright';
const begin = /^Running (?<total>\d+) tests? using \d+ workers?(?:, shard .*)?$/;
const number = /^ {2}(?<count>\d+) (?<name>failed|interrupted|flaky|skipped|did not run|passed)(?: \(\S+\))?$/;
const outside = /^ {2}\d+ errors? (?:was|were) not a part of any test, see above for details$/;
const none = /^Error: No tests found\.?$/;
const failure = /^ {2}\d+\) (?:\[[^\]]+\] › )?(?<file>\S+\.\w+):(?<line>\d+):(?<column>\d+) › (?<name>.+?)(?: ─*)?$/;
/** In this order, and none of them when it is nought. */
const order = ['failed', 'interrupted', 'flaky', 'skipped', 'did not run', 'passed'];

/** The console of Playwright Test: list, line, dot and the like begin and end alike. The numbers add up to the one at the begin. */
export const readPlaywright: RunReaderFactory = (directory, timeline) => new PlaywrightReader(directory, timeline);

class PlaywrightReader implements RunReader {
  readonly #timeline: RunTimeline;
  readonly #problems: ProblemList;
  readonly #failure: FailureNotes;
  #total: number | undefined;
  #numbers = new Map<string, number>();
  #hasErrors = false;

  constructor(directory: string, timeline: RunTimeline) {
    this.#timeline = timeline;
    this.#problems = new ProblemList(directory);
    this.#failure = new FailureNotes(this.#problems);
  }

  readLine(line: string): void {
    if (line === '') return;
    const begun = begin.exec(line)?.groups;
    if (begun) {
      this.#total = Number(begun['total']);
      this.#numbers.clear();
      this.#hasErrors = false;
      this.#problems.take();
      this.#timeline.begin(tool);
    } else if (none.test(line) && this.#total === undefined) this.#say({ passedCount: 0, failed: 0, skipped: 0 });
    else if (this.#total !== undefined) this.#readInside(line, this.#total);
  }

  #readInside(line: string, total: number): void {
    const said = number.exec(line)?.groups;
    if (said) this.#readNumber(said['name'] ?? '', Number(said['count']), total);
    else if (outside.test(line)) this.#hasErrors = true;
    else this.#readFailure(line);
  }

  #readNumber(name: string, count: number, total: number): void {
    const last = [...this.#numbers.keys()].at(-1);
    if (last !== undefined && order.indexOf(last) >= order.indexOf(name)) this.#numbers.clear();
    this.#numbers.set(name, count);
    const numberOf = (key: string): number => this.#numbers.get(key) ?? 0;
    const counts = {
      // It passed in the end.
      passedCount: numberOf('passed') + numberOf('flaky'),
      failed: numberOf('failed') + numberOf('interrupted'),
      skipped: numberOf('skipped') + numberOf('did not run'),
    };
    if (counts.passedCount + counts.failed + counts.skipped === total) this.#say(counts);
  }

  #say(parts: { readonly passedCount: number; readonly failed: number; readonly skipped: number }): void {
    this.#failure.end();
    const counts = testCounts(parts);
    if (counts === undefined) return;
    const saysFailed = parts.failed > 0 || this.#hasErrors || counts.total === 0;
    const problems = this.#problems.list;
    this.#timeline.end(tool, { source: tool, kind: 'test', counts, problems, saysFailed, authority: 1 });
  }

  #readFailure(line: string): void {
    const said = failure.exec(line)?.groups;
    if (said) {
      this.#failure.begin(said['name'] ?? '', said['file'] ?? '');
      return;
    }
    if (!this.#failure.isOpen || !line.startsWith('    ')) return;
    const at = /^ {4,}at (?<file>.+):(?<line>\d+):(?<column>\d+)$/.exec(line)?.groups;
    if (at) this.#failure.end({ file: at['file'] ?? '', line: Number(at['line']), column: Number(at['column']) });
    else this.#failure.readMessage(line);
  }
}
