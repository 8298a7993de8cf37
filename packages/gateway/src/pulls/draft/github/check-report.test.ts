import type { CheckProblem, CheckResult, CheckRun, CheckVerdict } from '@holdfast/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxSummaryBytes, reportsOf, tableOf } from './check-report.ts';

const passed: CheckResult = {
  passed: true,
  verdict: 'passed',
  command: 'npm run lint',
  output: '',
  returnCode: 0,
  durationMs: 1234,
  mode: 'real',
  simulated: false,
  source: null,
  problems: [],
};

function runOf(change: Partial<CheckRun>): CheckRun {
  return { allPassed: true, lint: null, tests: null, build: null, gates: [], message: '', ...change };
}

const problem: CheckProblem = {
  file: 'src/a.ts',
  line: 3,
  column: 5,
  severity: 'error',
  message: 'no',
  rule: 'eqeqeq',
};

describe('a report', () => {
  test('is made for each check that was asked for, and one for the gates', () => {
    const gates = [
      { rule: 'coverage>=80', isMet: false, actual: 70, reason: '70 is less than 80' },
      { rule: 'errors=0', isMet: true, actual: 0, reason: '0' },
    ];
    const reports = reportsOf(runOf({ lint: passed, tests: { ...passed, total: 3, failed: 1 }, gates }));
    expect(reports.map(({ name, conclusion, title }) => [name, conclusion, title])).toEqual([
      ['lint', 'success', 'passed'],
      ['test', 'success', 'passed: 3 tests, 1 failed'],
      ['gates', 'failure', '1 of 2 not met'],
    ]);
    expect(reportsOf(runOf({}))).toEqual([]);
  });

  const conclusions: Readonly<Record<CheckVerdict, string>> = {
    passed: 'success',
    failed: 'failure',
    timed_out: 'timed_out',
    cancelled: 'cancelled',
    could_not_start: 'failure',
    simulated: 'action_required',
    skipped: 'action_required',
  };

  test.each(Object.entries(conclusions))('of the verdict %s concludes %s', (verdict, conclusion) => {
    const result = { ...passed, verdict: verdict as CheckVerdict };
    expect(reportsOf(runOf({ build: result }))[0]).toMatchObject({ name: 'build', conclusion });
  });

  test('never concludes success for what was simulated, and says so', () => {
    const [report] = reportsOf(runOf({ lint: { ...passed, simulated: true } }));
    expect(report).toMatchObject({ conclusion: 'action_required', title: 'passed (simulated)' });
    expect(report?.summary).toContain('a simulated result proves nothing');
  });

  test('annotates what has a place in the repository, and tells of the rest in its summary', () => {
    const elsewhere = ['/etc/passwd', '../b.ts', 'C:\\b.ts', 'a/../../b.ts'];
    const problems: readonly CheckProblem[] = [
      problem,
      { ...problem, file: './src/b.ts', column: null, severity: 'warning' },
      { ...problem, file: null, message: 'nowhere' },
      { ...problem, line: null, message: 'no line' },
      ...elsewhere.map((file) => ({ ...problem, file, message: `elsewhere ${file}` })),
    ];
    const [report] = reportsOf(runOf({ lint: { ...passed, problems } }));
    expect(report?.annotations).toEqual([
      {
        path: 'src/a.ts',
        start_line: 3,
        end_line: 3,
        start_column: 5,
        end_column: 5,
        annotation_level: 'failure',
        message: 'no',
        title: 'eqeqeq',
      },
      { path: 'src/b.ts', start_line: 3, end_line: 3, annotation_level: 'warning', message: 'no', title: 'eqeqeq' },
    ]);
    for (const said of ['nowhere', 'no line', ...elsewhere.map((file) => `elsewhere ${file}`)]) {
      expect(report?.summary).toContain(said);
    }
  });

  test('annotates the first 500 of what a tool found, and says how many it left out', () => {
    const problems = Array.from({ length: 620 }, (_, at) => ({ ...problem, line: at + 1 }));
    const [report] = reportsOf(runOf({ lint: { ...passed, problems } }));
    expect(report?.annotations).toHaveLength(500);
    expect(report?.annotations.at(-1)).toMatchObject({ start_line: 500 });
    expect(report?.summary).toContain('120 more problems are not annotated');
    const [all] = reportsOf(runOf({ lint: { ...passed, problems: problems.slice(0, 500) } }));
    expect(all?.summary).not.toContain('not annotated');
  });

  test('annotates no line or column that GitHub would not take for a number', () => {
    const lines = [0.5, 2 ** 31, Number.MAX_VALUE, Number.NaN];
    const problems = lines.map((line) => ({ ...problem, line, message: `at ${line}` }));
    const [report] = reportsOf(runOf({ lint: { ...passed, problems: [...problems, { ...problem, column: 1.5 }] } }));
    expect(report?.annotations).toEqual([expect.not.objectContaining({ start_column: 1.5 })]);
    for (const { message } of problems) expect(report?.summary).toContain(message);
  });

  test('lets nothing that a tool said out of its fence', () => {
    const output = '````\n@everybody <img src=x>\n```` | x';
    const [report] = reportsOf(runOf({ lint: { ...passed, output } }));
    expect(report?.summary).toContain(`\`\`\`\`\`text\n${output}\n\`\`\`\`\``);
  });

  test('keeps to the sizes that GitHub takes, whatever tools say', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 50 }),
      fc.constantFrom('`'.repeat(5000), '🙂'.repeat(70_000), '\0', '|\n|', '\ud800'),
    );
    const problems = fc.array(
      fc.record({
        file: fc.option(text),
        line: fc.option(fc.integer({ min: -1, max: 9 })),
        column: fc.option(fc.integer({ min: -1, max: 9 })),
        severity: fc.constantFrom('error' as const, 'warning' as const),
        message: text,
        rule: text,
      }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(text, text, problems, text, (output, command, found, reason) => {
        const result = { ...passed, output, command, problems: found, reason };
        const reports = reportsOf(runOf({ lint: result, tests: result, build: result }));
        for (const { summary, annotations, title } of reports) {
          expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(maxSummaryBytes);
          expect(summary.isWellFormed()).toBe(true);
          expect(title).not.toBe('');
          for (const annotation of annotations) {
            expect(Buffer.byteLength(annotation.message)).toBeLessThanOrEqual(64 * 1024);
            expect(annotation.path).not.toBe('');
          }
        }
        expect(Buffer.byteLength(tableOf(reports, 60_000))).toBeLessThanOrEqual(60_000);
      }),
      { numRuns: 60 },
    );
  });
});
