import { isRecord, type Json } from '@holdfast/protocol';
import { testCounts, unknownTestCounts } from './counts.ts';
import { firstLine, listIn, numberIn, recordIn, textIn } from './json-fields.ts';
import { placeInStack } from './place-in-stack.ts';
import { ProblemList } from './problems.ts';
import type { Reading } from './reader.ts';

/** `mocha --reporter json`. */
export function readMochaJson(document: Json, directory: string): Reading | undefined {
  if (!isRecord(document) || !isRecord(document['stats']) || !Array.isArray(document['failures'])) return undefined;
  const { stats } = document;
  const [passes, pending, failures] = ['passes', 'pending', 'failures'].map((name) => numberIn(stats, name));
  if (typeof passes !== 'number' || typeof pending !== 'number' || typeof failures !== 'number') return undefined;
  const problems = new ProblemList(directory);
  for (const failed of listIn(document, 'failures')) {
    if (!isRecord(failed)) continue;
    const file = textIn(failed, 'file');
    const error = recordIn(failed, 'err');
    const place = placeInStack(textIn(error, 'stack') ?? '', file ?? '', directory);
    const texts = [textIn(failed, 'fullTitle') ?? '', firstLine(textIn(error, 'message'))];
    problems.add({ file, ...place, message: texts.filter((text) => text !== '').join(': ') });
  }
  const isSound = listIn(document, 'failures').length === failures && listIn(document, 'passes').length === passes;
  const counts = isSound ? testCounts({ passedCount: passes, failed: failures, skipped: pending }) : undefined;
  return {
    source: 'mocha JSON',
    kind: 'test',
    counts: counts ?? unknownTestCounts,
    problems: problems.list,
    saysFailed: failures > 0 || passes + pending === 0,
    authority: 2,
  };
}
