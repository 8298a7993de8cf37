import { isRecord, type Json } from '@holdfast/protocol';
import { testCounts, unknownTestCounts } from './counts.ts';
import { firstLine, listIn, recordIn, textIn, type JsonRecord } from './json-fields.ts';
import { placeInStack } from './place-in-stack.ts';
import { ProblemList } from './problems.ts';
import type { Reading } from './reader.ts';

/**
 * `jest --json` and `vitest --reporter=json`, which speak one form. The tests are counted one by one: in the totals of vitest 1
 * a skipped test counts as a passed one.
 */
export function readJestJson(document: Json, directory: string): Reading | undefined {
  if (!isRecord(document) || !Array.isArray(document['testResults'])) return undefined;
  if (typeof document['numTotalTests'] !== 'number' || typeof document['success'] !== 'boolean') return undefined;
  const problems = new ProblemList(directory);
  const counts = { passedCount: 0, failed: 0, skipped: 0 };
  let failedFiles = 0;
  for (const file of document['testResults'] as readonly Json[]) {
    if (!isRecord(file) || !Array.isArray(file['assertionResults'])) return undefined;
    const path = textIn(file, 'name');
    const before = problems.count;
    for (const test of file['assertionResults'] as readonly Json[]) {
      const key = isRecord(test) ? keys[textIn(test, 'status') ?? ''] : undefined;
      if (!isRecord(test) || key === undefined) return undefined;
      counts[key] += 1;
      if (key === 'failed') addFailure(problems, path, test, directory);
    }
    if (file['status'] !== 'failed') continue;
    failedFiles += 1;
    if (problems.count === before) problems.add({ file: path, message: firstLine(textIn(file, 'message')) });
  }
  const isSuccess = document['success'] && failedFiles === 0 && counts.failed === 0;
  const total = document['numTotalTests'];
  return {
    source: 'snapshot' in document && 'openHandles' in document ? 'jest JSON' : 'vitest JSON',
    kind: 'test',
    counts: testCounts({ ...counts, total }) ?? unknownTestCounts,
    problems: problems.list,
    saysFailed: !isSuccess || total === 0,
    authority: 2,
  };
}

const keys: Readonly<Record<string, 'passedCount' | 'failed' | 'skipped'>> = {
  passed: 'passedCount',
  failed: 'failed',
  skipped: 'skipped',
  pending: 'skipped',
  todo: 'skipped',
  disabled: 'skipped',
};

function addFailure(problems: ProblemList, file: string | null, test: JsonRecord, directory: string): void {
  const titles = [...listIn(test, 'ancestorTitles'), test['title'] ?? ''];
  const name = titles.flatMap((title) => (typeof title === 'string' && title !== '' ? [title] : [])).join(' > ');
  const [said] = listIn(test, 'failureMessages');
  const message = typeof said === 'string' ? said : '';
  // jest's own `location` is the test's, and told only when asked for; vitest 1 tells where it failed.
  const { line, column } = placeInStack(message, file ?? '', directory) ?? recordIn(test, 'location');
  problems.add({
    file,
    line: typeof line === 'number' ? line : null,
    column: typeof column === 'number' ? column : null,
    message: [name, firstLine(message)].filter((text) => text !== '').join(': '),
  });
}
