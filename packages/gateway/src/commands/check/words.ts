import type { CheckName, CheckResult, CheckRun, CheckVerdict } from '@holdfast/protocol';

/** How a verdict is called. */
export const verdictWords: Readonly<Record<CheckVerdict, string>> = {
  passed: 'passed',
  failed: 'failed',
  timed_out: 'timed out',
  cancelled: 'cancelled',
  could_not_start: 'could not start',
  simulated: 'simulated',
  skipped: 'skipped',
};

/** The verdict with the mark of a result that was not made just now: `passed, cached`. */
export function verdictOf({ verdict, cached }: CheckResult): string {
  return cached === true ? `${verdictWords[verdict]}, cached` : verdictWords[verdict];
}

/** What the tool counted, such as `3 errors, 1 warning`; empty when it said nothing. */
export function countsOf(result: CheckResult): string {
  const { errors, warnings, passedCount, failed, skipped, size } = result;
  return [
    typeof errors === 'number' ? amount(errors, 'error') : '',
    typeof warnings === 'number' ? amount(warnings, 'warning') : '',
    typeof passedCount === 'number' ? `${passedCount} passed` : '',
    typeof failed === 'number' ? `${failed} failed` : '',
    typeof skipped === 'number' ? `${skipped} skipped` : '',
    typeof size === 'number' ? bytes(size) : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** `1 error`, `2 errors`. */
export function amount(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

/** `0.4 s`, `59.9 s`, `2 min 05 s`. */
export function duration(ms: number): string {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

function bytes(size: number): string {
  if (size < 1000) return `${size} B`;
  return size < 1_000_000 ? `${(size / 1000).toFixed(1)} kB` : `${(size / 1_000_000).toFixed(2)} MB`;
}

/** The results of a run that were asked for, in their order. */
export function resultsOf(run: CheckRun): readonly (readonly [CheckName, CheckResult])[] {
  const all = [
    ['lint', run.lint],
    ['test', run.tests],
    ['build', run.build],
  ] as const;
  return all.flatMap(([check, result]) => (result === null ? [] : [[check, result] as const]));
}
