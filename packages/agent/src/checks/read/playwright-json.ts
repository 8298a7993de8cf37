import { isRecord, type Json } from '@holdfast/protocol';
import { testCounts, unknownTestCounts } from './counts.ts';
import { firstLine, listIn, numberIn, recordIn, textIn, type JsonRecord } from './json-fields.ts';
import { ProblemList } from './problems.ts';
import type { Reading } from './reader.ts';

const maxDepth = 100;

/** `playwright test --reporter json`: suites in suites, and totals that the tests have to add up to. */
export function readPlaywrightJson(document: Json, directory: string): Reading | undefined {
  if (!isRecord(document) || !isRecord(document['stats']) || !Array.isArray(document['suites'])) return undefined;
  const { stats } = document;
  const numbers = ['expected', 'unexpected', 'flaky', 'skipped'].map((name) => numberIn(stats, name));
  if (numbers.includes(null)) return undefined;
  const [expected, unexpected, flaky, skipped] = numbers as [number, number, number, number];
  const problems = new ProblemList(directory);
  const root = textIn(recordIn(document, 'config'), 'rootDir');
  for (const suite of listIn(document, 'suites')) addSuite(problems, suite, root, 0);
  const isSound = problems.count === unexpected;
  const errors = listIn(document, 'errors');
  for (const error of errors) addError(problems, error);
  const counts = isSound ? testCounts({ passedCount: expected + flaky, failed: unexpected, skipped }) : undefined;
  return {
    source: 'playwright JSON',
    kind: 'test',
    counts: counts ?? unknownTestCounts,
    problems: problems.list,
    saysFailed: unexpected > 0 || errors.length > 0 || expected + flaky + skipped === 0,
    authority: 2,
  };
}

function addSuite(problems: ProblemList, suite: Json, root: string | null, depth: number): void {
  if (!isRecord(suite) || depth > maxDepth) return;
  for (const spec of listIn(suite, 'specs')) {
    if (!isRecord(spec)) continue;
    for (const one of listIn(spec, 'tests')) {
      if (isRecord(one) && one['status'] === 'unexpected') addFailure(problems, spec, one, root);
    }
  }
  for (const child of listIn(suite, 'suites')) addSuite(problems, child, root, depth + 1);
}

function addFailure(problems: ProblemList, spec: JsonRecord, failed: JsonRecord, root: string | null): void {
  const result = listIn(failed, 'results').at(-1);
  const error = isRecord(result) ? recordIn(result, 'error') : {};
  const location = recordIn(error, 'location');
  const file = textIn(spec, 'file');
  const path = file !== null && root !== null && !file.startsWith('/') ? `${root}/${file}` : file;
  const isHere = textIn(location, 'file') === path;
  problems.add({
    file: path,
    line: isHere ? numberIn(location, 'line') : numberIn(spec, 'line'),
    column: isHere ? numberIn(location, 'column') : numberIn(spec, 'column'),
    message: [textIn(spec, 'title') ?? '', withoutColours(firstLine(textIn(error, 'message')))]
      .filter((text) => text !== '')
      .join(': '),
  });
}

function addError(problems: ProblemList, error: Json): void {
  if (!isRecord(error)) return;
  const location = recordIn(error, 'location');
  const { file, line, column } = {
    file: textIn(location, 'file'),
    line: numberIn(location, 'line'),
    column: numberIn(location, 'column'),
  };
  problems.add({ file, line, column, message: withoutColours(firstLine(textIn(error, 'message'))) });
}

function withoutColours(text: string): string {
  return text.replaceAll(/\u001B\[[\d;]*m/g, '');
}
