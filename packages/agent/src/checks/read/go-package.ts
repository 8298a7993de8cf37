import { testCounts, unknownTestCounts } from './counts.ts';
import type { SaidProblem } from './problems.ts';

/** More names than this are not kept; the numbers are unknown then. */
const maxTests = 100_000;

export type GoOutcome = 'pass' | 'fail' | 'skip';

/**
 * The tests of one Go package. A test with subtests is no test of its own, unless it fails and none of them does. What was not
 * told to run has no outcome either: it was printed by a test.
 */
export class GoPackage {
  readonly #running = new Set<string>();
  readonly #parents = new Set<string>();
  /** Of these a subtest has failed. */
  readonly #brokenParents = new Set<string>();
  /** Of these nobody knows yet whether one has: with `-v` they are told before their subtests. */
  readonly #failedParents = new Set<string>();
  readonly #counts = { passedCount: 0, failed: 0, skipped: 0 };

  run(test: string): void {
    if (this.#running.size < maxTests) this.#running.add(test);
    const slash = test.lastIndexOf('/');
    if (slash !== -1 && this.#parents.size < maxTests) this.#parents.add(test.slice(0, slash));
  }

  /** True: it is counted as a test. */
  end(test: string, outcome: GoOutcome): boolean {
    if (!this.#running.delete(test)) return false;
    const slash = test.lastIndexOf('/');
    if (outcome === 'fail' && slash !== -1) this.#brokenParents.add(test.slice(0, slash));
    if (this.#parents.has(test)) {
      if (outcome === 'fail') this.#failedParents.add(test);
      return false;
    }
    this.#counts[outcome === 'pass' ? 'passedCount' : outcome === 'fail' ? 'failed' : 'skipped'] += 1;
    return true;
  }

  /** The package has ended: the tests that have failed though none of their subtests has. */
  close(): readonly string[] {
    const alone = [...this.#failedParents].filter((test) => !this.#brokenParents.has(test));
    this.#counts.failed += alone.length;
    return alone;
  }

  /** Unknown when a test has not ended. */
  counts(): typeof unknownTestCounts {
    return (this.#running.size === 0 ? testCounts(this.#counts) : undefined) ?? unknownTestCounts;
  }
}

export function goProblem(test: string, said: GoFailure | undefined): SaidProblem {
  return { ...said, message: [test, said?.message ?? ''].filter((text) => text !== '').join(': ') };
}

/** What a failed test has said, and where: a file's name without its folder. */
export type GoFailure = { readonly file: string; readonly line: number; readonly message: string };

const failure = /^ +(?<file>\S+\.go):(?<line>\d+): (?<message>.+)$/;

export function readGoFailure(line: string): GoFailure | undefined {
  const said = failure.exec(line)?.groups;
  return said && { file: said['file'] ?? '', line: Number(said['line']), message: said['message'] ?? '' };
}
