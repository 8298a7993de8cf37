import type { CheckCounts, CheckProblem } from '@holdfast/protocol';
import { maxProblems, type Reading } from './reader.ts';

const names = ['warnings', 'errors', 'total', 'passedCount', 'failed', 'skipped', 'size'] as const;

/** Readings of several tools, or of several runs, as one. A number that one of them does not know is unknown in the sum. */
export function addReadings(readings: readonly Reading[]): Reading {
  const [first] = readings;
  if (first === undefined) throw new Error('there is nothing to add');
  if (readings.length === 1) return first;
  const says = readings.map(({ saysFailed }) => saysFailed);
  const saysFailed = says.includes(true) ? true : says.includes(undefined) ? undefined : false;
  return {
    source: [...new Set(readings.map(({ source }) => source))].join(' + '),
    kind: first.kind,
    counts: addCounts(readings.map(({ counts }) => counts)),
    problems: readings.flatMap(({ problems }): readonly CheckProblem[] => problems).slice(0, maxProblems),
    authority: readings.every(({ authority }) => authority === 2) ? 2 : 1,
    ...(saysFailed !== undefined && { saysFailed }),
  };
}

/** What is left of a reading whose numbers cannot be relied on: where, what, and whether it failed. */
export function withoutCounts(reading: Reading): Reading {
  const unknown = Object.fromEntries(names.filter((name) => name in reading.counts).map((name) => [name, null]));
  return { ...reading, counts: unknown };
}

function addCounts(all: readonly CheckCounts[]): CheckCounts {
  const sum: { -readonly [name in (typeof names)[number]]?: number | null } = {};
  for (const name of names) {
    if (!all.some((counts) => name in counts)) continue;
    // What a size is of is not the same for two tools; a type checker beside a bundler has none at all.
    const known = all.filter((counts) => name in counts).map((counts) => counts[name] ?? null);
    sum[name] = known.includes(null) ? null : known.reduce<number>((total, count) => total + (count ?? 0), 0);
  }
  const coverages = all.flatMap(({ coverage }) => (coverage === undefined ? [] : [coverage]));
  // Percentages of different files cannot be added.
  const [coverage] = coverages;
  return { ...sum, ...(coverage !== undefined && coverages.length === 1 && { coverage }) };
}
