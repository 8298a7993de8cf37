import { testCounts } from './counts.ts';
import { ProblemList } from './problems.ts';
import type { RunReader, RunReaderFactory } from './reader.ts';
import type { RunTimeline } from './run-timeline.ts';

const order = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo', 'duration_ms'] as const;
const summary = /^(?<mark>ℹ|#) (?<name>[a-z_]+) (?<count>\d+)(?:\.\d+)?$/;
const failing = /^✖ failing tests:$/;
const place = /^test at (?<file>.+):(?<line>\d+):(?<column>\d+)$/;
const failedTest = /^✖ (?<name>.+?)(?: \(\d[\d.]*ms\))?$/;

/** The last lines of Node's own test runner, 18 and later: its `spec` form, and the comments at the end of its TAP. */
export const readNodeTest: RunReaderFactory = (directory, timeline) => new NodeTestReader(directory, timeline);

/**
 * The eight numbers come in one order. After them the spec form tells the failed tests once more, with their places; they belong
 * to the numbers before them.
 */
class NodeTestReader implements RunReader {
  readonly #directory: string;
  readonly #timeline: RunTimeline;
  /** By mark: the one may stand in the log of a test that the other tells of. */
  readonly #numbers: Record<string, number[]> = {};
  #problems: ProblemList | undefined;
  #place: Readonly<Record<string, string>> | undefined;

  constructor(directory: string, timeline: RunTimeline) {
    this.#directory = directory;
    this.#timeline = timeline;
  }

  readLine(line: string): void {
    const said = summary.exec(line)?.groups;
    if (said) this.#readNumber(said['mark'] ?? '', said['name'] ?? '', Number(said['count']));
    else this.#readProblem(line);
  }

  #readNumber(mark: string, name: string, count: number): void {
    const numbers = name === order[0] ? [] : (this.#numbers[mark] ?? []);
    this.#numbers[mark] = numbers;
    if (name !== order[numbers.length]) return;
    numbers.push(count);
    if (numbers.length === order.length) this.#end(mark, numbers);
  }

  #end(mark: string, numbers: readonly number[]): void {
    const [total = 0, , pass = 0, fail = 0, cancelled = 0, skipped = 0, todo = 0] = numbers;
    this.#numbers[mark] = [];
    const counts = testCounts({ passedCount: pass, failed: fail + cancelled, skipped: skipped + todo, total });
    if (counts === undefined) return;
    this.#problems = new ProblemList(this.#directory);
    // The points before it are a run of TAP already; this says the same of it, more exactly.
    this.#timeline.end(mark === '#' ? 'TAP' : 'node:test', {
      source: mark === '#' ? 'node:test TAP' : 'node:test',
      kind: 'test',
      counts,
      problems: this.#problems.list,
      saysFailed: fail + cancelled > 0 || total === 0,
      authority: mark === '#' ? 2 : 1,
    });
  }

  #readProblem(line: string): void {
    if (!this.#problems || line === '') return;
    if (failing.test(line)) {
      this.#place = undefined;
      return;
    }
    const at = place.exec(line)?.groups;
    if (at) {
      this.#place = at;
      return;
    }
    const failed = this.#place && failedTest.exec(line)?.groups;
    if (!failed || !this.#place) return;
    const { file, line: row, column } = this.#place;
    this.#place = undefined;
    this.#problems.add({ file, line: Number(row), column: Number(column), message: failed['name'] ?? '' });
  }
}
