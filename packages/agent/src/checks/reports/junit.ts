import { casesOf, type ReportedCase, type ReportedRun } from './reported-run.ts';

/** The run as JUnit XML: a suite of the checks and, if there are any, one of the gates. */
export function toJunit({ run, startedAt }: ReportedRun): string {
  const cases = casesOf(run);
  const suites = (['checks', 'gates'] as const).flatMap((group) => {
    const own = cases.filter((each) => each.group === group);
    return own.length === 0 ? [] : [suite(group, own, startedAt)];
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="holdfast" ${counts(cases)}>\n${suites.join('')}</testsuites>\n`;
}

function suite(name: string, cases: readonly ReportedCase[], startedAt: number): string {
  const begin = `  <testsuite name="${name}" ${counts(cases)} timestamp="${new Date(startedAt).toISOString()}">\n`;
  return `${begin}${cases.map((each) => testCase(each)).join('')}  </testsuite>\n`;
}

function counts(cases: readonly ReportedCase[]): string {
  const count = (status: string): number => cases.filter((each) => each.status === status).length;
  const seconds = cases.reduce((sum, each) => sum + each.durationMs, 0) / 1000;
  return `tests="${cases.length}" failures="${count('failed')}" errors="0" skipped="${count('skipped')}" time="${seconds}"`;
}

function testCase({ group, name, status, durationMs, message = '', details = '' }: ReportedCase): string {
  const begin = `    <testcase classname="holdfast.${group}" name="${escape(name)}" time="${durationMs / 1000}"`;
  if (status === 'passed') return `${begin}/>\n`;
  const inside =
    status === 'skipped'
      ? `<skipped message="${escape(message)}"/>`
      : `<failure message="${escape(message)}">${escape(details)}</failure>`;
  return `${begin}>${inside}</testcase>\n`;
}

/** For text and attributes. What XML cannot hold at all (control characters, half a surrogate pair) becomes U+FFFD. */
function escape(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;');
}
