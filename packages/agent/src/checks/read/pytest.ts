import type { CheckCounts } from '@holdfast/protocol';
import { testCounts, unknownTestCounts } from './counts.ts';
import { ProblemList } from './problems.ts';
import { maxProblems, type RunReader, type RunReaderFactory } from './reader.ts';
import type { RunTimeline } from './run-timeline.ts';

const tool = 'pytest';
const begin = /^=+ test session starts(?: \(.*\))? =+$/;
const collected = /^(?:collecting \.\.\. )?collected (?<items>\d+) items?(?: \/ .*?(?<selected>\d+) selected)?/;
const sum = /^(?<frame>=+ )?(?<parts>\d+ \w+(?:, \d+ \w+)*|no tests ran) in \d+\.\d+s(?: \(\d+:\d\d:\d\d\))?(?: =+)?$/;
const progress = /^(?:\S+ )?[.FEsxXpPR]+ +\[ *(?<percent>\d+)%\]$/;
const captured = /^-+ Captured (?:stdout|stderr|log) (?:setup|call|teardown) -+$/;
const section =
  /^(?:_{3,} (?:ERROR (?:at \w+ of|collecting) )?(?<name>\S.*?) _{3,}|={3,} (?<title>.+?) ={3,}|[-_ ]{20,})$/;
const place = /^(?<file>[^\s:]+\.py):(?<line>\d+): (?:in |\w)/;
const failed = /^(?:FAILED|ERROR) (?<file>[^\s:]+)(?:::(?<name>\S.*?))?(?: - (?<message>.*))?$/;

/** The console of pytest 7 and later, with `-q`, `-v` and under xdist. */
export const readPytest: RunReaderFactory = (directory, timeline) => new PytestReader(directory, timeline);

class PytestReader implements RunReader {
  readonly #timeline: RunTimeline;
  readonly #problems: ProblemList;
  /** Rules across the whole width are as long as the one at the begin; what a test prints hardly ever is. */
  #width: number | undefined;
  #items: number | undefined;
  #percent = 100;
  #isOpen = false;
  #isCaptured = false;
  #failing = '';
  #lines = new Map<string, { readonly file: string; readonly line: number }>();

  constructor(directory: string, timeline: RunTimeline) {
    this.#timeline = timeline;
    this.#problems = new ProblemList(directory);
  }

  readLine(line: string): void {
    if (this.#failing === '' && !/^[=\d_cnFE-]/.test(line) && !line.endsWith('%]')) return;
    if (begin.test(line)) {
      this.#begin(line.length);
      return;
    }
    if (captured.test(line)) this.#isCaptured = true;
    if (this.#isCaptured && !this.#isSection(line)) return;
    const said = sum.exec(line)?.groups;
    if (said && this.#isSum(said['frame'], line)) this.#end(said['parts'] ?? '');
    else this.#readInside(line);
  }

  #begin(width: number | undefined): void {
    this.#timeline.begin(tool);
    this.#isOpen = true;
    this.#width = width;
    this.#items = undefined;
    this.#percent = 0;
    this.#isCaptured = false;
    this.#lines.clear();
    this.#problems.take();
  }

  #isSection(line: string): boolean {
    const isOther = !captured.test(line) && section.test(line) && line.length >= (this.#width ?? 70) - 1;
    if (isOther) this.#isCaptured = false;
    return isOther;
  }

  /** A rule as wide as the first one; with `-q` there is none, and something must have come before. */
  #isSum(frame: string | undefined, line: string): boolean {
    if (this.#width === undefined) return frame === undefined && (this.#isOpen || line.startsWith('no tests ran'));
    return frame !== undefined && Math.abs(line.length - this.#width) <= 1;
  }

  #readInside(line: string): void {
    const items = collected.exec(line)?.groups;
    const percent = progress.exec(line)?.groups?.['percent'];
    const title = section.exec(line)?.groups;
    const said = failed.exec(line)?.groups;
    if (items) this.#items = Number(items['selected'] ?? items['items']);
    else if (percent !== undefined) this.#readProgress(Number(percent));
    else if (title) this.#readTitle(title['name'] ?? '', line.length);
    else if (said) this.#readFailed(said);
    else this.#readPlace(line);
  }

  /** With `-q` nothing else is said at the begin. */
  #readProgress(percent: number): void {
    if (!this.#isOpen || this.#percent === 100) this.#begin(undefined);
    this.#percent = percent;
  }

  #readTitle(failing: string, width: number): void {
    // With `-q`, of what could not even be collected.
    if (!this.#isOpen && width >= 70) this.#begin(undefined);
    this.#failing = failing;
  }

  #readPlace(line: string): void {
    const at = this.#failing === '' ? undefined : place.exec(line)?.groups;
    if (!at || this.#lines.size >= maxProblems) return;
    this.#lines.set(this.#failing, { file: at['file'] ?? '', line: Number(at['line']) });
  }

  #readFailed({ file = '', name, message = '' }: Readonly<Record<string, string | undefined>>): void {
    const at = this.#lines.get(name?.replaceAll('::', '.') ?? file);
    const text = [name ?? '', message].filter((part) => part !== '').join(': ');
    this.#problems.add({ file, line: at?.file === file ? at.line : null, message: text });
  }

  #end(said: string): void {
    const counts = countsOf(said, this.#items);
    const saysFailed = counts.failed !== 0 || said === 'no tests ran';
    const problems = [...this.#problems.list];
    this.#timeline.end(tool, { source: tool, kind: 'test', counts, problems, saysFailed, authority: 1 });
    this.#width = undefined;
    this.#isOpen = false;
    this.#percent = 100;
  }
}

function countsOf(said: string, items: number | undefined): CheckCounts {
  if (said === 'no tests ran') return { total: 0, passedCount: 0, failed: 0, skipped: 0 };
  const parts = { passedCount: 0, failed: 0, skipped: 0, error: 0, other: 0 };
  for (const part of said.split(', ')) {
    const [count, name = ''] = part.split(' ');
    const key = keys[name];
    if (key === undefined) return unknownTestCounts;
    parts[key] += Number(count);
  }
  const { passedCount, failed: failures, skipped, error } = parts;
  const counts = testCounts({ passedCount, failed: failures + error, skipped });
  if (counts === undefined) return unknownTestCounts;
  // A test that has passed may have an error in its teardown, and is then told twice.
  return error > 0 && counts.total !== items ? { ...counts, total: null } : counts;
}

const keys: Readonly<Record<string, 'passedCount' | 'failed' | 'skipped' | 'error' | 'other'>> = {
  passed: 'passedCount',
  xpassed: 'passedCount',
  failed: 'failed',
  error: 'error',
  errors: 'error',
  skipped: 'skipped',
  xfailed: 'skipped',
  deselected: 'other',
  warning: 'other',
  warnings: 'other',
  rerun: 'other',
};
