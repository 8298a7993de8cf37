import { testCounts, unknownTestCounts } from './counts.ts';
import { FailureNotes } from './failure-notes.ts';
import { ProblemList } from './problems.ts';
import type { RunReader, RunReaderFactory } from './reader.ts';
import type { RunTimeline } from './run-timeline.ts';

const tool = 'vitest';
const begin = /^ ?RUN +v\d+\.\d+\.\S+ +\S/;
const files = /^ Test Files +(.+)$/;
const tests = /^ {6}Tests +(.+)$/;
const errors = /^(?:Type Errors| {5}Errors) +(\d+ errors?|no errors)$/;
const end = /^ {3}Start at +\d/;
const none = /^No test files found, exiting with code ([01])$/;
const heading = /^ FAIL +(?:\|[^|]+\| +)?(?<file>\S+\.\w+)(?: \[ .+ \])?(?: > (?<name>.+))?$/;
const place = /^ ❯ (?:.* )?(?<file>[^\s:]+):(?<line>\d+):(?<column>\d+)$/;

/** The console of vitest 1 to 5: its default, verbose, dot and tree reporters end alike. */
export const readVitest: RunReaderFactory = (directory, timeline) => new VitestReader(directory, timeline);

class VitestReader implements RunReader {
  readonly #timeline: RunTimeline;
  readonly #problems: ProblemList;
  /** Of the last lines, those that have come. */
  #files: string | undefined;
  #tests: Set<string> = new Set();
  #hasErrors = false;
  readonly #failure: FailureNotes;

  constructor(directory: string, timeline: RunTimeline) {
    this.#timeline = timeline;
    this.#problems = new ProblemList(directory);
    this.#failure = new FailureNotes(this.#problems);
  }

  readLine(line: string): void {
    if (!this.#failure.isOpen && !/^[ NRT]/.test(line)) return;
    if (begin.test(line)) {
      this.#forget();
      this.#problems.take();
      this.#timeline.begin(tool);
      return;
    }
    this.#readProblem(line);
    const ended = none.exec(line);
    if (ended) {
      this.#say({ passedCount: 0, failed: 0, skipped: 0 }, ended[1] === '1');
      return;
    }
    const saidFiles = files.exec(line)?.[1];
    if (saidFiles !== undefined) {
      this.#forget();
      this.#files = saidFiles;
    }
    if (this.#files === undefined) return;
    const saidTests = tests.exec(line)?.[1];
    if (saidTests !== undefined) this.#tests.add(saidTests);
    else if (errors.test(line)) this.#hasErrors ||= !line.endsWith('no errors');
    else if (end.test(line)) this.#end(this.#files);
  }

  #end(saidFiles: string): void {
    const [saidTests] = this.#tests;
    const parts = this.#tests.size === 1 ? partsOf(saidTests ?? '') : undefined;
    const fileParts = partsOf(saidFiles);
    const isFailed = this.#hasErrors || (fileParts?.failed ?? 0) > 0 || parts === undefined || parts.failed > 0;
    // While it runs on a terminal it shows the same lines again and again: then not all files are in the sum yet.
    const isWhole = fileParts !== undefined && testCounts(fileParts) !== undefined;
    this.#say(isWhole ? parts : undefined, isFailed || parts.total === 0);
    this.#forget();
  }

  #say(parts: Parts | undefined, saysFailed: boolean): void {
    this.#failure.end();
    const counts = (parts && testCounts(parts)) ?? unknownTestCounts;
    const problems = this.#problems.list;
    this.#timeline.end(tool, { source: tool, kind: 'test', counts, problems, saysFailed, authority: 1 });
  }

  /** A heading, then the message, then where it was thrown. */
  #readProblem(line: string): void {
    const said = heading.exec(line)?.groups;
    if (said) {
      this.#failure.begin(said['name'] ?? '', said['file'] ?? '');
      return;
    }
    if (!this.#failure.isOpen) return;
    const at = place.exec(line)?.groups;
    if (at) this.#failure.end({ file: at['file'] ?? '', line: Number(at['line']), column: Number(at['column']) });
    else if (line.startsWith('⎯⎯')) this.#failure.end();
    else this.#failure.readMessage(line);
  }

  #forget(): void {
    this.#files = undefined;
    this.#tests = new Set();
    this.#hasErrors = false;
  }
}

type Parts = { passedCount: number; failed: number; skipped: number; total?: number };

/** `1 failed | 3 passed | 1 skipped | 1 todo (6)`, or `no tests`. */
function partsOf(said: string): Parts | undefined {
  if (said === 'no tests') return { passedCount: 0, failed: 0, skipped: 0, total: 0 };
  const match = /^(?<parts>\d+ \w+(?: \w+)?(?: \| \d+ \w+(?: \w+)?)*) \((?<total>\d+)\)$/.exec(said);
  if (!match?.groups) return undefined;
  const parts = { passedCount: 0, failed: 0, skipped: 0, total: Number(match.groups['total']) };
  for (const part of (match.groups['parts'] ?? '').split(' | ')) {
    const [count = '', ...name] = part.split(' ');
    const key = keys[name.join(' ')];
    if (key === undefined) return undefined;
    parts[key] += Number(count);
  }
  return parts;
}

const keys: Readonly<Record<string, 'passedCount' | 'failed' | 'skipped'>> = {
  passed: 'passedCount',
  failed: 'failed',
  skipped: 'skipped',
  todo: 'skipped',
  'expected fail': 'passedCount',
};
