import { describe, expect, test } from 'vitest';
import { readRows } from './testing/decision-table.ts';
import { rowsOfAnswers } from './testing/rows-of-answers.ts';
import { rowsOfLimits } from './testing/rows-of-limits.ts';

const rows = readRows([...rowsOfLimits, ...rowsOfAnswers]);
const sections = Map.groupBy(rows, (row) => row.section);

describe('the table', () => {
  test('has more than 300 different cases, each with the page that it follows from', () => {
    expect(new Set(rows.map((row) => `${row.url} ${row.section} ${row.title}`)).size).toBe(rows.length);
    expect(rows.length).toBeGreaterThan(300);
    for (const { url } of rows) expect(url).toMatch(/^https:\/\/docs\.github\.com\/[\w/-]+#[\w-]+$/);
  });
});

describe.each([...sections])('%s', (_section, ofSection) => {
  test.each(ofSection)('$title → $expected', ({ expected, decided }) => {
    expect(decided()).toBe(expected);
  });
});
