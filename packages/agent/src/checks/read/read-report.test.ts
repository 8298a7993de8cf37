import { describe, expect, test } from 'vitest';
import { directory, readFixtures, told } from '../../../../../test/setup/record-check-fixtures/fixtures.ts';
import { readReport } from './read-report.ts';

const reports = readFixtures().filter(({ kind }) => kind === 'report');

describe('the report files of real tools are read as the person knows it who wrote the sample', () => {
  test.each(reports.map((report) => [report.title, report] as const))('%s', (_title, report) => {
    const text = new TextDecoder().decode(report.bytes);
    const said = told(readReport(report.check, text, directory));
    expect(said).toEqual({ problems: expect.any(Array), ...report.expected });
  });

  test.each(reports.map((report) => [report.title, report] as const))(
    '%s says nothing when it is cut',
    (_title, report) => {
      const text = new TextDecoder().decode(report.bytes).trimEnd();
      for (const part of [0.1, 0.3, 0.5, 0.7, 0.9, 0.99]) {
        expect(readReport(report.check, text.slice(0, text.length * part), directory)).toBeUndefined();
      }
      expect(readReport(report.check, text.slice(0, -1), directory)).toBeUndefined();
    },
  );
});

describe('reports of coverage', () => {
  test('lcov counts what was found and hit in all files', () => {
    const lcov =
      'TN:\nSF:src/a.js\nFNF:2\nFNH:1\nLF:8\nLH:6\nBRF:0\nBRH:0\nend_of_record\nSF:src/b.js\nLF:2\nLH:2\nend_of_record\n';
    expect(readReport('test', lcov, directory)?.counts).toEqual({ coverage: { lines: 80, functions: 50 } });
    expect(readReport('test', lcov.slice(0, -4), directory)).toBeUndefined();
  });

  test('the summary of istanbul tells percents', () => {
    const total = Object.fromEntries(
      ['lines', 'statements', 'functions', 'branches'].map((kind, at) => [kind, { pct: 70 + at }]),
    );
    expect(readReport('test', JSON.stringify({ total }), directory)?.counts).toEqual({
      coverage: { lines: 70, statements: 71, functions: 72, branches: 73 },
    });
  });
});

describe('CTRF', () => {
  const ctrf = (summary: object, tests: readonly object[]): string =>
    JSON.stringify({ results: { tool: { name: 'shop-tests' }, summary, tests } });
  const failed = {
    name: 'pays',
    status: 'failed',
    message: 'no money\nat all',
    filePath: '/home/ada/project/pay.test.js',
    line: 3,
  };

  test('tells its counts, and each failed test with its place', () => {
    const summary = { tests: 4, passed: 1, failed: 1, pending: 1, skipped: 1, other: 0 };
    const tests = [
      failed,
      { name: 'a', status: 'passed' },
      { name: 'b', status: 'pending' },
      { name: 'c', status: 'skipped' },
    ];
    expect(readReport('test', ctrf(summary, tests), directory)).toEqual({
      source: 'CTRF (shop-tests)',
      kind: 'test',
      counts: { total: 4, passedCount: 1, failed: 1, skipped: 2 },
      problems: [{ file: 'pay.test.js', line: 3, column: null, severity: 'error', message: 'pays: no money' }],
      saysFailed: true,
      authority: 2,
    });
  });

  test('has no numbers when the summary and the tests contradict each other', () => {
    const summary = { tests: 1, passed: 1, failed: 0, pending: 0, skipped: 0, other: 0 };
    expect(readReport('test', ctrf(summary, [failed]), directory)?.counts.failed).toBeNull();
  });
});
