import { testCounts } from './counts.ts';
import { firstLine } from './json-fields.ts';
import { placeInStack } from './place-in-stack.ts';
import { ProblemList } from './problems.ts';
import type { Reading } from './reader.ts';
import type { XmlElement } from './xml.ts';

/**
 * JUnit XML, which every tool writes a little differently: suites in suites or none, totals in other places or wrong. The test
 * cases are therefore counted one by one. Also what Maven's surefire and failsafe write.
 */
export function readJunitXml(root: XmlElement, directory: string): Reading | undefined {
  if (root.name !== 'testsuites' && root.name !== 'testsuite') return undefined;
  const counts = { passedCount: 0, failed: 0, skipped: 0 };
  const problems = new ProblemList(directory);
  let suiteErrors = 0;
  for (const [element, suiteFile] of casesOf(root)) {
    if (element.name !== 'testcase') {
      // A suite that fails outside its tests: a hook, or a file that does not load.
      suiteErrors += 1;
      problems.add({ file: suiteFile, message: messageOf(element) });
      continue;
    }
    const key = outcomeOf(element);
    counts[key] += 1;
    if (key === 'failed') addFailure(problems, element, suiteFile, directory);
  }
  const all = testCounts(counts) ?? {};
  const saysFailed = counts.failed + suiteErrors > 0 || all.total === 0;
  return { source: 'JUnit XML', kind: 'test', counts: all, problems: problems.list, saysFailed, authority: 2 };
}

function* casesOf(element: XmlElement, file?: string): Generator<readonly [XmlElement, string | undefined]> {
  for (const child of element.children) {
    const own = child.attributes['file'] ?? child.attributes['filepath'] ?? file;
    if (child.name === 'testcase') yield [child, own];
    else if (child.name === 'testsuite') yield* casesOf(child, own);
    else if (child.name === 'error' || child.name === 'failure') yield [child, file];
  }
}

function outcomeOf(testcase: XmlElement): 'passedCount' | 'failed' | 'skipped' {
  const names = testcase.children.map(({ name }) => name);
  if (names.includes('failure') || names.includes('error')) return 'failed';
  // googletest tells by an attribute what it did not run.
  const isOff = ['notrun', 'disabled', 'skipped'].includes(testcase.attributes['status'] ?? '');
  return names.includes('skipped') || isOff ? 'skipped' : 'passedCount';
}

function addFailure(
  problems: ProblemList,
  testcase: XmlElement,
  suiteFile: string | undefined,
  directory: string,
): void {
  const { name = '', classname = '', line } = testcase.attributes;
  const failure = testcase.children.find((child) => child.name === 'failure' || child.name === 'error');
  const file = testcase.attributes['file'] ?? suiteFile ?? fileIn(classname);
  const place = file === undefined ? undefined : placeInStack(failure?.text ?? '', file, directory);
  problems.add({
    file,
    line: place?.line ?? (line === undefined ? null : Number(line)),
    column: place?.column,
    message: [name, failure ? messageOf(failure) : ''].filter((text) => text !== '').join(': '),
  });
}

/** A class name may be a file's path, `cart.test.js`, or what only looks like one, `com.shop.cart`. */
function fileIn(classname: string): string | undefined {
  return /\.(?:[cm]?[jt]sx?|py|rb|php|go|rs|vue|svelte)$/.test(classname) ? classname : undefined;
}

function messageOf(failure: XmlElement): string {
  return firstLine(failure.attributes['message'] ?? failure.text);
}
