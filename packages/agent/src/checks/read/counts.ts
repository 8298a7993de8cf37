import type { CheckCounts } from '@holdfast/protocol';

/** Counts of tests that agree with themselves; undefined: they contradict each other, so at least one is not what it seems. */
export function testCounts(said: {
  readonly passedCount: number;
  readonly failed: number;
  readonly skipped: number;
  /** As the tool says it; left out where it says none. */
  readonly total?: number;
}): CheckCounts | undefined {
  const { passedCount, failed, skipped } = said;
  const sum = passedCount + failed + skipped;
  if (!Number.isSafeInteger(sum) || (said.total !== undefined && said.total !== sum)) return undefined;
  return { total: sum, passedCount, failed, skipped };
}

export const unknownTestCounts: CheckCounts = { total: null, passedCount: null, failed: null, skipped: null };
export const unknownLintCounts: CheckCounts = { warnings: null, errors: null };
