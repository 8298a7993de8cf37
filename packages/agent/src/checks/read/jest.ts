import { testCounts, unknownTestCounts } from './counts.ts';
import { FailureNotes } from './failure-notes.ts';
import { ProblemList } from './problems.ts';
import type { RunReader, RunReaderFactory } from './reader.ts';
import type { RunTimeline } from './run-timeline.ts';
import { readFrame } from './stack-frame.ts';

const tool = 'jest';
const suites = /^Test Suites: +(?<parts>(?:\d+ \w+, )*)(?:\d+ of )?(?<total>\d+) total$/;
const tests = /^Tests: +(?<parts>(?:\d+ \w+, )*)(?<total>\d+) total$/;
const end = /^Time: +\d/;
const none = /^No tests found, exiting with code ([01])$/;
const file = /^ ?(?<outcome>PASS|FAIL) +(?:\S+ +)?(?<path>\S+\.\w+)(?: \([\d.]+ m?s\))?$/;
const failure = /^ {2}● (?<name>.+)$/;
/** Of many failing files it tells all failures once more. */
const again = /^Summary of all failing tests$/;

/** The console of jest 27 to 30. */
export const readJest: RunReaderFactory = (directory, timeline) => new JestReader(directory, timeline);

class JestReader implements RunReader {
  readonly #timeline: RunTimeline;
  readonly #problems: ProblemList;
  readonly #failure: FailureNotes;
  /** Files told since the last sum that agreed with them. */
  #files = { passed: 0, failed: 0 };
  #file: string | null = null;
  #isAgain = false;
  #suites: Readonly<Record<string, string>> | undefined;
  #tests: Readonly<Record<string, string>> | undefined;

  constructor(directory: string, timeline: RunTimeline) {
    this.#timeline = timeline;
    this.#problems = new ProblemList(directory);
    this.#failure = new FailureNotes(this.#problems);
  }

  readLine(line: string): void {
    if (!/^[ PFTSN]/.test(line)) return;
    const ran = file.exec(line)?.groups;
    if (ran) {
      this.#readFile(ran);
      return;
    }
    this.#readProblem(line);
    const noTests = none.exec(line);
    if (noTests) this.#say({ total: 0, passedCount: 0, failed: 0, skipped: 0 }, noTests[1] === '1');
    else if (again.test(line)) this.#isAgain = true;
    this.#readSum(line);
  }

  #readFile({ outcome, path }: Readonly<Record<string, string>>): void {
    this.#failure.end();
    this.#file = path?.replace(/^\.\//, '') ?? null;
    if (this.#isAgain) return;
    if (this.#files.passed + this.#files.failed === 0) {
      this.#problems.take();
      this.#timeline.begin(tool);
    }
    this.#files[outcome === 'PASS' ? 'passed' : 'failed'] += 1;
  }

  #readSum(line: string): void {
    const saidSuites = suites.exec(line)?.groups;
    if (saidSuites) {
      this.#suites = saidSuites;
      this.#tests = undefined;
      return;
    }
    if (!this.#suites) return;
    const saidTests = tests.exec(line)?.groups;
    if (saidTests) this.#tests ??= saidTests;
    else if (end.test(line) && this.#tests) this.#end(partsOf(this.#suites), partsOf(this.#tests));
  }

  /** A sum counts when it is the sum of the files before it: what a test prints is not. */
  #end(ofFiles: Parts | undefined, ofTests: Parts | undefined): void {
    const { passed, failed } = this.#files;
    const isOfFiles = ofFiles?.passedCount === passed && ofFiles.failed === failed;
    const isSound = ofTests !== undefined && (isOfFiles || passed + failed === 0);
    this.#failure.end();
    const counts = (isSound ? testCounts(ofTests) : undefined) ?? unknownTestCounts;
    const isFailed = ofFiles === undefined || ofFiles.failed > 0 || ofTests === undefined || ofTests.failed > 0;
    this.#say(counts, isFailed || counts.total === 0);
    if (isOfFiles) this.#files = { passed: 0, failed: 0 };
    this.#isAgain = false;
    this.#suites = undefined;
  }

  #say(counts: typeof unknownTestCounts, saysFailed: boolean): void {
    const problems = [...this.#problems.list];
    this.#timeline.end(tool, { source: tool, kind: 'test', counts, problems, saysFailed, authority: 1 });
  }

  #readProblem(line: string): void {
    if (this.#isAgain || this.#file === null) return;
    const name = failure.exec(line)?.groups?.['name'];
    if (name === 'Console') this.#failure.end();
    else if (name !== undefined) this.#failure.begin(name.replaceAll(' › ', ' > '), this.#file);
    else if (this.#failure.isOpen) {
      const at = /^\s+at /.test(line) ? readFrame(line) : undefined;
      if (at?.file === this.#file) this.#failure.end(at);
      else if (line.startsWith('    ')) this.#failure.readMessage(line);
    }
  }
}

type Parts = { passedCount: number; failed: number; skipped: number; total: number };

/** `1 failed, 1 skipped, 1 todo, 1 passed, ` and the total. */
function partsOf(said: Readonly<Record<string, string>>): Parts | undefined {
  const parts = { passedCount: 0, failed: 0, skipped: 0, total: Number(said['total']) };
  for (const part of (said['parts'] ?? '').split(', ')) {
    if (part === '') continue;
    const [count, name = ''] = part.split(' ');
    const key = keys[name];
    if (key === undefined) return undefined;
    parts[key] += Number(count);
  }
  return parts;
}

const keys: Readonly<Record<string, 'passedCount' | 'failed' | 'skipped'>> = {
  passed: 'passedCount',
  failed: 'failed',
  skipped: 'skipped',
  pending: 'skipped',
  todo: 'skipped',
};
