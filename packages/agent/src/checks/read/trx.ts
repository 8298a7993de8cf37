import { testCounts, unknownTestCounts } from './counts.ts';
import { firstLine } from './json-fields.ts';
import { ProblemList } from './problems.ts';
import type { Reading } from './reader.ts';
import type { XmlElement } from './xml.ts';

/** TRX, the results file of Visual Studio's test platform (`dotnet test --logger trx`). Each result is counted, whatever the summary says. */
export function readTrx(root: XmlElement, directory: string): Reading | undefined {
  if (root.name !== 'TestRun') return undefined;
  const counts = { passedCount: 0, failed: 0, skipped: 0 };
  const problems = new ProblemList(directory);
  for (const result of childrenOf(root, 'Results').flatMap((results) => results.children)) {
    const outcome = result.attributes['outcome'] ?? '';
    if (outcome === 'Passed' || outcome === 'PassedButRunAborted' || outcome === 'Completed') counts.passedCount += 1;
    else if (skipped.has(outcome)) counts.skipped += 1;
    else {
      counts.failed += 1;
      addFailure(problems, result);
    }
  }
  const [summary] = childrenOf(root, 'ResultSummary');
  const total = Number(childrenOf(summary, 'Counters')[0]?.attributes['total'] ?? Number.NaN);
  const isFailed = ['Failed', 'Error', 'Timeout', 'Aborted'].includes(summary?.attributes['outcome'] ?? '');
  const all = testCounts({ ...counts, ...(!Number.isNaN(total) && { total }) }) ?? unknownTestCounts;
  const saysFailed = isFailed || counts.failed > 0 || all.total === 0;
  return { source: 'TRX', kind: 'test', counts: all, problems: problems.list, saysFailed, authority: 2 };
}

const skipped: ReadonlySet<string> = new Set(['NotExecuted', 'NotRunnable', 'Inconclusive', 'Pending']);

function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

function addFailure(problems: ProblemList, result: XmlElement): void {
  const [info] = childrenOf(childrenOf(result, 'Output')[0], 'ErrorInfo');
  const stack = childrenOf(info, 'StackTrace')[0]?.text ?? '';
  const at = / in (?<file>.+):line (?<line>\d+)/.exec(stack)?.groups;
  const texts = [result.attributes['testName'] ?? '', firstLine(childrenOf(info, 'Message')[0]?.text)];
  problems.add({
    file: at?.['file'],
    line: at === undefined ? null : Number(at['line']),
    message: texts.filter((text) => text !== '').join(': '),
  });
}
