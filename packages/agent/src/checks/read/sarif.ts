import { isRecord, type Json } from '@holdfast/protocol';
import { listIn, numberIn, recordIn, textIn, type JsonRecord } from './json-fields.ts';
import { ProblemList } from './problems.ts';
import type { Reading } from './reader.ts';

/** SARIF 2.1: results of level `error` and `warning`; notes and what is suppressed are no problems. */
export function readSarif(document: Json, directory: string): Reading | undefined {
  if (!isRecord(document) || !Array.isArray(document['runs'])) return undefined;
  const isSarif =
    String(textIn(document, '$schema')).includes('sarif') || textIn(document, 'version')?.startsWith('2.') === true;
  if (!isSarif) return undefined;
  const problems = new ProblemList(directory);
  let saysFailed = false;
  for (const run of document['runs'] as readonly Json[]) {
    if (!isRecord(run)) return undefined;
    // Left out: the tool did not get as far as looking.
    if (!Array.isArray(run['results'])) return undefined;
    for (const result of listIn(run, 'results')) if (isRecord(result)) addResult(problems, result, run);
    for (const invocation of listIn(run, 'invocations')) {
      if (isRecord(invocation) && invocation['executionSuccessful'] === false) saysFailed = true;
    }
  }
  saysFailed ||= problems.errors > 0;
  const counts = { errors: problems.errors, warnings: problems.warnings };
  return {
    source: 'SARIF',
    kind: 'lint',
    counts,
    problems: problems.list,
    authority: 2,
    ...(saysFailed && { saysFailed }),
  };
}

function addResult(problems: ProblemList, result: JsonRecord, run: JsonRecord): void {
  const level = textIn(result, 'level') ?? defaultLevel(result, run);
  if (level !== 'error' && level !== 'warning') return;
  if (listIn(result, 'suppressions').length > 0) return;
  const [location] = listIn(result, 'locations');
  const physical = isRecord(location) ? recordIn(location, 'physicalLocation') : {};
  const region = recordIn(physical, 'region');
  problems.add({
    file: textIn(recordIn(physical, 'artifactLocation'), 'uri'),
    line: numberIn(region, 'startLine'),
    column: numberIn(region, 'startColumn'),
    severity: level,
    message: textIn(recordIn(result, 'message'), 'text') ?? '',
    rule: textIn(result, 'ruleId'),
  });
}

/** A result that names no level has its rule's, which is `warning` where it names none. */
function defaultLevel(result: JsonRecord, run: JsonRecord): string {
  const rules = listIn(recordIn(recordIn(run, 'tool'), 'driver'), 'rules');
  const index = numberIn(result, 'ruleIndex');
  const rule = index === null ? rules.find((one) => isRecord(one) && one['id'] === result['ruleId']) : rules[index];
  return (isRecord(rule) ? textIn(recordIn(rule, 'defaultConfiguration'), 'level') : null) ?? 'warning';
}
