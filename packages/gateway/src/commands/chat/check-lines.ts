import type { CheckResult, CheckVerdict, ChecksMessage } from '@holdfast/protocol';

const words: Readonly<Record<CheckVerdict, string>> = {
  passed: 'passed',
  failed: 'failed',
  timed_out: 'timed out',
  cancelled: 'cancelled',
  could_not_start: 'could not start',
  simulated: 'simulated, nothing was run',
  skipped: 'skipped',
};
/** So many problems stand below their check; the others are in the log of the run. */
const maxProblems = 5;

/** What a `checks` message says: one line, and below it why it is so and the first problems. */
export function checkLines({ check, result }: Pick<ChecksMessage, 'check' | 'result'>): readonly string[] {
  if (result === undefined) return [`${check} runs`];
  const { verdict, durationMs, cached, reason, problems } = result;
  const counts = countsOf(result);
  const first = [
    `${check} ${words[verdict] ?? verdict}${counts === '' ? '' : ` (${counts})`}`,
    `${(durationMs / 1000).toFixed(1)} s`,
    ...(cached === true ? ['cached'] : []),
  ].join(' · ');
  if (verdict === 'passed') return [first];
  const listed = problems.slice(0, maxProblems).map(({ file, line, column, message }) => {
    const place = [file, line, column].filter((part) => part !== null).join(':');
    return place === '' ? message : `${place} ${message}`;
  });
  const more = problems.length > maxProblems ? [`and ${problems.length - maxProblems} more`] : [];
  return [first, ...(reason === undefined ? [] : [reason]), ...listed, ...more];
}

/** The known counts, such as `0 errors, 2 warnings`. */
function countsOf({ errors, warnings, passedCount, failed, skipped, size }: CheckResult): string {
  const parts = [
    [errors, 'error', 'errors'],
    [warnings, 'warning', 'warnings'],
    [passedCount, 'passed', 'passed'],
    [failed, 'failed', 'failed'],
    [skipped, 'skipped', 'skipped'],
    [size, 'byte', 'bytes'],
  ] as const;
  return parts
    .flatMap(([count, one, many]) => (typeof count === 'number' ? [`${count} ${count === 1 ? one : many}`] : []))
    .join(', ');
}
