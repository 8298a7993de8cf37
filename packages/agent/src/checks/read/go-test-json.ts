import { isRecord, parseJson } from '@holdfast/protocol';
import { unknownTestCounts } from './counts.ts';
import { GoPackage, goProblem, readGoFailure, type GoFailure, type GoOutcome } from './go-package.ts';
import { textIn, type JsonRecord } from './json-fields.ts';
import { ProblemList } from './problems.ts';
import type { RunReader, RunReaderFactory } from './reader.ts';
import type { RunTimeline } from './run-timeline.ts';

const tool = 'go test';
const maxPackages = 10_000;
const outcomes: ReadonlySet<string> = new Set(['pass', 'fail', 'skip']);

type Running = { readonly tests: GoPackage; readonly failures: Map<string, GoFailure> };

/** `go test -json`: an event a line, of packages that run side by side. */
export const readGoTestJson: RunReaderFactory = (directory, timeline) => new GoTestJsonReader(directory, timeline);

class GoTestJsonReader implements RunReader {
  readonly #timeline: RunTimeline;
  readonly #problems: ProblemList;
  readonly #packages = new Map<string, Running>();
  #hasPackages = false;
  #hasWithout = false;

  constructor(directory: string, timeline: RunTimeline) {
    this.#timeline = timeline;
    this.#problems = new ProblemList(directory);
  }

  readLine(line: string): void {
    if (!/^\{"(?:Time|Action|ImportPath)":/.test(line)) return;
    const event = parseJson(line);
    if (!isRecord(event)) return;
    const name = textIn(event, 'Package');
    const action = textIn(event, 'Action');
    if (name === null || action === null) return;
    const test = textIn(event, 'Test');
    if (test !== null) this.#readTest(name, test, action, event);
    else if (outcomes.has(action)) this.#end(name, action as GoOutcome, event);
  }

  finish(): void {
    if (this.#hasPackages || !this.#hasWithout) return;
    this.#say({ total: 0, passedCount: 0, failed: 0, skipped: 0 }, undefined);
  }

  #readTest(name: string, test: string, action: string, event: JsonRecord): void {
    if (action === 'run') this.#running(name).tests.run(test);
    const running = this.#packages.get(name);
    if (!running) return;
    if (action === 'output') {
      const said = readGoFailure(textIn(event, 'Output')?.trimEnd() ?? '');
      if (said && !running.failures.has(test) && running.failures.size < 1_000) running.failures.set(test, said);
    } else if (outcomes.has(action) && running.tests.end(test, action as GoOutcome)) {
      if (action === 'fail') this.#problems.add(goProblem(test, running.failures.get(test)));
    }
  }

  #running(name: string): Running {
    const known = this.#packages.get(name);
    if (known) return known;
    const running = { tests: new GoPackage(), failures: new Map<string, GoFailure>() };
    if (this.#packages.size < maxPackages) this.#packages.set(name, running);
    return running;
  }

  #end(name: string, outcome: GoOutcome, event: JsonRecord): void {
    const running = this.#packages.get(name);
    this.#packages.delete(name);
    if (!running && outcome !== 'fail') {
      this.#hasWithout = true;
      return;
    }
    this.#hasPackages = true;
    for (const test of running?.tests.close() ?? []) this.#problems.add(goProblem(test, running?.failures.get(test)));
    if (textIn(event, 'FailedBuild') !== null) this.#problems.add({ message: `${name}: build failed` });
    // One after the other, though they ran side by side: each is a piece of one run.
    this.#timeline.begin(tool);
    this.#say(running?.tests.counts() ?? unknownTestCounts, outcome === 'fail');
  }

  #say(counts: typeof unknownTestCounts, saysFailed: boolean | undefined): void {
    const reading = {
      source: 'go test JSON',
      kind: 'test',
      counts,
      problems: this.#problems.take(),
      authority: 2,
    } as const;
    this.#timeline.end(tool, { ...reading, ...(saysFailed !== undefined && { saysFailed }) }, 'may go on');
  }
}
