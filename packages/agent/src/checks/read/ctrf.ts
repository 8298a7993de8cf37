import { isRecord, type Json } from '@holdfast/protocol';
import { testCounts, unknownTestCounts } from './counts.ts';
import { firstLine, listIn, numberIn, recordIn, textIn } from './json-fields.ts';
import { ProblemList } from './problems.ts';
import type { Reading } from './reader.ts';

/** The Common Test Report Format: a summary, and each test with its status. */
export function readCtrf(document: Json, directory: string): Reading | undefined {
  if (!isRecord(document) || !isRecord(document['results'])) return undefined;
  const { results } = document;
  if (!isRecord(results['summary']) || !Array.isArray(results['tests'])) return undefined;
  const { summary } = results;
  const count = (name: string): number => numberIn(summary, name) ?? 0;
  const problems = new ProblemList(directory);
  for (const one of listIn(results, 'tests')) {
    if (!isRecord(one) || textIn(one, 'status') !== 'failed') continue;
    problems.add({
      file: textIn(one, 'filePath'),
      line: numberIn(one, 'line'),
      message: [textIn(one, 'name') ?? '', firstLine(textIn(one, 'message'))].filter((text) => text !== '').join(': '),
    });
  }
  const total = numberIn(summary, 'tests');
  const said = {
    passedCount: count('passed'),
    failed: count('failed'),
    skipped: count('skipped') + count('pending') + count('other'),
    ...(total !== null && { total }),
  };
  // The list may be left out or cut; where it is there it agrees with the summary.
  const isSound = listIn(results, 'tests').length === 0 || problems.count === said.failed;
  const counts = (isSound ? testCounts(said) : undefined) ?? unknownTestCounts;
  const name = textIn(recordIn(results, 'tool'), 'name');
  return {
    source: name === null ? 'CTRF' : `CTRF (${name})`,
    kind: 'test',
    counts,
    problems: problems.list,
    saysFailed: said.failed > 0 || counts.total === 0,
    authority: 2,
  };
}
