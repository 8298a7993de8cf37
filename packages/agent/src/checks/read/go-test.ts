import { unknownTestCounts } from './counts.ts';
import { GoPackage, goProblem, readGoFailure, type GoFailure, type GoOutcome } from './go-package.ts';
import { ProblemList } from './problems.ts';
import type { Reading, RunReader, RunReaderFactory } from './reader.ts';
import type { RunTimeline } from './run-timeline.ts';

const tool = 'go test';
const run = /^=== RUN {3}(?<test>\S+)$/;
const outcome = /^ *--- (?<outcome>PASS|FAIL|SKIP): (?<test>\S+) \(\d+\.\d+s\)$/;
const end = /^(?<verdict>ok {2}|FAIL)\t(?<package>\S+)(?:\t|$| \[build failed\]$| \[setup failed\]$)/;
const without = /^\?(?: {3})\t\S+\t\[no test files\]$/;

/** The console of `go test`, with `-v` and without. Only with `-v` it tells how many tests there are. */
export const readGoTest: RunReaderFactory = (directory, timeline) => new GoTestReader(directory, timeline);

class GoTestReader implements RunReader {
  readonly #timeline: RunTimeline;
  readonly #problems: ProblemList;
  #package: GoPackage | undefined;
  #test = '';
  #failures = new Map<string, GoFailure>();
  #hasPackages = false;
  #hasWithout = false;

  constructor(directory: string, timeline: RunTimeline) {
    this.#timeline = timeline;
    this.#problems = new ProblemList(directory);
  }

  readLine(line: string): void {
    if (line === '') return;
    const begun = run.exec(line)?.groups?.['test'];
    const said = outcome.exec(line)?.groups;
    const ended = end.exec(line)?.groups;
    if (begun !== undefined) this.#run(begun);
    else if (said) this.#readOutcome(said['test'] ?? '', said['outcome']?.toLowerCase() as GoOutcome);
    else if (ended) this.#end(ended['verdict'] === 'FAIL', line, ended['package'] ?? '');
    else if (without.test(line)) this.#hasWithout = true;
    else this.#readFailure(line);
  }

  finish(): void {
    if (this.#hasPackages || !this.#hasWithout) return;
    this.#say({ total: 0, passedCount: 0, failed: 0, skipped: 0 }, undefined);
  }

  #run(test: string): void {
    if (!this.#package) this.#timeline.begin(tool);
    this.#package ??= new GoPackage();
    this.#package.run(test);
    this.#test = test;
  }

  /** With `-v` what a test says stands before its outcome, and without it after. */
  #readOutcome(test: string, said: GoOutcome): void {
    this.#test = test;
    const isTest = this.#package === undefined || this.#package.end(test, said);
    if (!isTest || said !== 'fail') return;
    if (this.#package) this.#problems.add(goProblem(test, this.#failures.get(test)));
    else this.#failures.delete(test);
  }

  #readFailure(line: string): void {
    const said = this.#test === '' ? undefined : readGoFailure(line);
    if (!said || this.#failures.has(this.#test) || this.#failures.size >= 1_000) return;
    this.#failures.set(this.#test, said);
    if (this.#package === undefined) this.#problems.add({ ...said, message: `${this.#test}: ${said.message}` });
  }

  #end(hasFailed: boolean, line: string, name: string): void {
    if (line.endsWith('failed]'))
      this.#problems.add({ message: `${name}: ${line.slice(line.lastIndexOf('[') + 1, -1)}` });
    for (const test of this.#package?.close() ?? []) this.#problems.add(goProblem(test, this.#failures.get(test)));
    const isEmpty = line.includes('[no tests to run]');
    const counts = this.#package?.counts() ?? (isEmpty ? noTests : unknownTestCounts);
    this.#hasPackages ||= !isEmpty;
    this.#hasWithout ||= isEmpty;
    if (!this.#package) this.#timeline.begin(tool);
    this.#say(counts, isEmpty && !hasFailed ? undefined : hasFailed);
    this.#package = undefined;
    this.#test = '';
    this.#failures.clear();
  }

  #say(counts: Reading['counts'], saysFailed: boolean | undefined): void {
    const problems = this.#problems.take();
    const reading = { source: tool, kind: 'test', counts, problems, authority: 1 } as const;
    this.#timeline.end(tool, { ...reading, ...(saysFailed !== undefined && { saysFailed }) }, 'may go on');
  }
}

const noTests = { total: 0, passedCount: 0, failed: 0, skipped: 0 } as const;
