/** What a test run came to. */
export type Tally = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** The last line of a run; `.ci/run` and people's scripts read it, so its form is a promise. */
export function tallyLine(tally: Tally): string {
  return `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`;
}

/** The exit code of a run: a failure is one, and in CI a test that did not run is one too. */
export function exitCodeOf(tally: Tally, isCi: boolean): 0 | 1 {
  return tally.failed > 0 || (isCi && tally.skipped > 0) ? 1 : 0;
}

/** What one module, suite, or test of a run says about itself; all that counting needs. */
export type Outcome =
  | { readonly kind: 'test'; readonly state: 'passed' | 'failed' | 'skipped' | 'pending' }
  | { readonly kind: 'errors'; readonly count: number };

/**
 * Counts a run. Errors outside a test (a module that did not load, a hook that threw, an unhandled rejection) are
 * failures of their own; a test that never reported has failed.
 */
export function tallyOf(outcomes: Iterable<Outcome>): Tally {
  const tally = { passed: 0, failed: 0, skipped: 0 };
  for (const outcome of outcomes) {
    if (outcome.kind === 'errors') tally.failed += outcome.count;
    else tally[outcome.state === 'pending' ? 'failed' : outcome.state] += 1;
  }
  return tally;
}
