import { isRecord, type CheckCounts, type Json } from '@holdfast/protocol';
import { numberIn, recordIn } from './json-fields.ts';
import type { Reading } from './reader.ts';

const kinds = ['lines', 'statements', 'functions', 'branches'] as const;

/** `coverage-summary.json` of istanbul: the totals over all files. */
export function readCoverageSummary(document: Json): Reading | undefined {
  if (!isRecord(document) || !isRecord(document['total'])) return undefined;
  const total = document['total'];
  const percents = kinds.flatMap((kind) => {
    const percent = numberIn(recordIn(total, kind), 'pct');
    return percent === null ? [] : [[kind, percent] as const];
  });
  return percents.length === 0 ? undefined : readingOf('coverage summary', Object.fromEntries(percents));
}

/** lcov: each file's lines, functions and branches found and hit; a file may be told more than once, for several tests. */
export function readLcov(text: string): Reading | undefined {
  const found = { L: 0, F: 0, BR: 0 };
  const hit = { L: 0, F: 0, BR: 0 };
  let records = 0;
  for (const line of text.split('\n')) {
    if (line.trim() === 'end_of_record') records += 1;
    const count = /^(?<what>LF|LH|FNF|FNH|BRF|BRH):(?<count>\d+)$/.exec(line.trim())?.groups;
    if (!count) continue;
    const sums = count['what']?.endsWith('F') ? found : hit;
    const kind = count['what']?.startsWith('BR') ? 'BR' : count['what']?.startsWith('F') ? 'F' : 'L';
    sums[kind] += Number(count['count']);
  }
  const isWhole = records > 0 && text.trimEnd().endsWith('end_of_record');
  if (!isWhole) return undefined;
  const percent = (kind: 'L' | 'F' | 'BR'): number => Math.floor((hit[kind] / found[kind]) * 10_000) / 100;
  return readingOf('lcov', {
    ...(found.L > 0 && { lines: percent('L') }),
    ...(found.F > 0 && { functions: percent('F') }),
    ...(found.BR > 0 && { branches: percent('BR') }),
  });
}

function readingOf(source: string, coverage: NonNullable<CheckCounts['coverage']>): Reading {
  return { source, kind: 'test', counts: { coverage }, problems: [], authority: 2 };
}
