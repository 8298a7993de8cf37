import { casesOf, type ReportedRun } from './reported-run.ts';

/** The run as a Common Test Report Format document (https://ctrf.io): each check and each gate is a test. */
export function toCtrf(reported: ReportedRun): string {
  const cases = casesOf(reported.run);
  const count = (status: string): number => cases.filter((each) => each.status === status).length;
  const document = {
    reportFormat: 'CTRF',
    specVersion: '0.0.0',
    results: {
      tool: { name: 'holdfast' },
      summary: {
        tests: cases.length,
        passed: count('passed'),
        failed: count('failed'),
        pending: 0,
        skipped: count('skipped'),
        other: 0,
        start: reported.startedAt,
        stop: reported.endedAt,
      },
      tests: cases.map(({ group, name, status, durationMs, message, details }) => ({
        name,
        status,
        duration: durationMs,
        suite: [group],
        ...(message !== undefined && { message }),
        ...(details !== undefined && { trace: details }),
      })),
    },
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
