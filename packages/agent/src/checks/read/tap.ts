import { testCounts, unknownTestCounts } from './counts.ts';
import { ProblemList } from './problems.ts';
import type { Reading, RunReader, RunReaderFactory } from './reader.ts';
import type { RunTimeline } from './run-timeline.ts';

const version = /^TAP version 1[2-4]$/i;
const plan = /^(?<indent>(?: {4})*)1\.\.(?<count>\d+)(?: *#.*)?$/;
const point =
  /^(?<indent>(?: {4})*)(?<not>not )?ok(?: (?<number>\d+))?(?: (?:- )?(?<name>[^#{]*?))?(?:(?<=\s|\d)# *(?<directive>skip|todo)?.*?)?(?<opens> \{)?$/i;
const maxDepth = 50;

/** One level of subtests. */
type Level = { points: number; plan: number | undefined; isBroken: boolean };

/**
 * The Test Anything Protocol, 12 to 14. Only tests without subtests are counted: a suite is no test. A level whose points are not
 * 1, 2, 3 … up to its plan is not whole or not alone, and nothing is known. `# tests`, `# pass` and the like at the end are
 * read where a tool's own form is known (`node-test.ts`).
 */
export const readTap: RunReaderFactory = (directory, timeline) => new TapReader(directory, timeline);

class TapReader implements RunReader {
  readonly #timeline: RunTimeline;
  readonly #problems: ProblemList;
  #levels: Level[] = [newLevel()];
  #counts = { passedCount: 0, failed: 0, skipped: 0 };
  #hasFailed = false;
  #hasBegun = false;
  #planBefore: number | undefined;

  constructor(directory: string, timeline: RunTimeline) {
    this.#timeline = timeline;
    this.#problems = new ProblemList(directory);
  }

  readLine(line: string): void {
    if (version.test(line)) {
      this.#begin();
      return;
    }
    const planned = plan.exec(line)?.groups;
    if (planned) {
      this.#readPlan(depthOf(planned['indent']), Number(planned['count']));
      return;
    }
    const said = line.includes('ok') ? point.exec(line)?.groups : undefined;
    if (said && (this.#hasBegun || this.#beginsWith(said))) this.#readPoint(said);
    else if (this.#hasBegun && line.startsWith('Bail out!')) this.#bail(line);
  }

  #begin(): void {
    this.#timeline.begin('TAP');
    this.#restart(true);
  }

  /** Without a version line the first point begins, and the plan stands before or after. No run is begun: it may be a log's. */
  #beginsWith(said: Readonly<Record<string, string | undefined>>): boolean {
    if (said['number'] !== '1' || said['indent'] !== '') return false;
    const before = this.#planBefore;
    this.#restart(true);
    this.#levels = [{ ...newLevel(), plan: before }];
    return true;
  }

  #restart(hasBegun: boolean): void {
    this.#hasBegun = hasBegun;
    this.#levels = [newLevel()];
    this.#counts = { passedCount: 0, failed: 0, skipped: 0 };
    this.#hasFailed = false;
    this.#planBefore = undefined;
    this.#problems.take();
  }

  #readPlan(depth: number, count: number): void {
    if (!this.#hasBegun && depth === 0) {
      this.#planBefore = count;
      return;
    }
    const level = this.#levels[depth];
    if (!level || !this.#hasBegun) {
      // An empty subtest: its plan is its only line.
      if (count > 0) this.#break();
      return;
    }
    // The first one stands: a second is a log's.
    level.plan ??= count;
    if (depth === 0 && level.plan === count && level.points === count) this.#end();
  }

  #readPoint(said: Readonly<Record<string, string | undefined>>): void {
    const depth = depthOf(said['indent']);
    if (depth > maxDepth) return;
    const isParent = this.#closeBelow(depth) || said['opens'] !== undefined;
    while (this.#levels.length <= depth) this.#levels.push(newLevel());
    const level = this.#levels[depth] ?? newLevel();
    // Somebody's log: it is not the next one.
    if (said['number'] !== undefined && Number(said['number']) !== level.points + 1) return;
    level.points += 1;
    const directive = said['directive']?.toLowerCase();
    const isFailed = said['not'] !== undefined && directive === undefined;
    this.#hasFailed ||= isFailed;
    if (!isParent) this.#count(isFailed, directive, said['name']?.trim() ?? '');
    if (depth === 0 && level.plan === level.points) this.#end();
  }

  #count(isFailed: boolean, directive: string | undefined, name: string): void {
    if (isFailed) this.#problems.add({ message: name });
    this.#counts[isFailed ? 'failed' : directive === undefined ? 'passedCount' : 'skipped'] += 1;
  }

  /** The levels below this one have ended; true: there were any. */
  #closeBelow(depth: number): boolean {
    let isParent = false;
    while (this.#levels.length > depth + 1) {
      const level = this.#levels.pop();
      isParent = true;
      if (level?.isBroken || (level?.plan !== undefined && level.plan !== level.points)) this.#break();
    }
    return isParent;
  }

  #break(): void {
    const [top] = this.#levels;
    if (top) top.isBroken = true;
  }

  #end(): void {
    this.#closeBelow(0);
    const isFailedOutside = this.#hasFailed && this.#counts.failed === 0;
    const isWhole = !this.#levels[0]?.isBroken && !isFailedOutside;
    const counts = (isWhole ? testCounts(this.#counts) : undefined) ?? unknownTestCounts;
    this.#say(counts, this.#hasFailed || counts.total === 0);
  }

  #bail(line: string): void {
    this.#problems.add({ message: line });
    this.#say(unknownTestCounts, true);
  }

  #say(counts: Reading['counts'], saysFailed: boolean): void {
    const problems = [...this.#problems.list];
    this.#timeline.end('TAP', { source: 'TAP', kind: 'test', counts, problems, saysFailed, authority: 2 });
    this.#restart(false);
  }
}

function newLevel(): Level {
  return { points: 0, plan: undefined, isBroken: false };
}

function depthOf(indent: string | undefined): number {
  return (indent?.length ?? 0) / 4;
}
