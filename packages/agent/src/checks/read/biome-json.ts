import { isRecord, type Json } from '@holdfast/protocol';
import { listIn, numberIn, recordIn, textIn, type JsonRecord } from './json-fields.ts';
import { ProblemList } from './problems.ts';
import type { Reading } from './reader.ts';

/** `biome --reporter=json` of 1 and 2, which tell a place in different ways. */
export function readBiomeJson(document: Json, directory: string): Reading | undefined {
  if (!isRecord(document) || !isRecord(document['summary']) || !Array.isArray(document['diagnostics']))
    return undefined;
  const errors = numberIn(document['summary'], 'errors');
  const warnings = numberIn(document['summary'], 'warnings');
  if (errors === null || warnings === null) return undefined;
  const problems = new ProblemList(directory);
  for (const one of listIn(document, 'diagnostics')) if (isRecord(one)) addDiagnostic(problems, one);
  // It prints 20 if nobody says otherwise, and 1.x then counts only those.
  const notPrinted = numberIn(document['summary'], 'diagnosticsNotPrinted') ?? 0;
  const isKnown =
    problems.errors <= errors && problems.warnings <= warnings && errors + warnings === problems.count + notPrinted;
  return {
    source: 'biome JSON',
    kind: 'lint',
    counts: isKnown ? { errors, warnings } : { errors: null, warnings: null },
    problems: problems.list,
    authority: 2,
    ...(errors > 0 && { saysFailed: true }),
  };
}

function addDiagnostic(problems: ProblemList, one: JsonRecord): void {
  const severity = textIn(one, 'severity');
  if (severity !== 'error' && severity !== 'fatal' && severity !== 'warning') return;
  const location = recordIn(one, 'location');
  const place = placeOf(location);
  problems.add({
    file: textIn(location, 'path') ?? textIn(recordIn(location, 'path'), 'file'),
    ...place,
    severity: severity === 'warning' ? 'warning' : 'error',
    message: textIn(one, 'description') ?? textIn(one, 'message') ?? '',
    rule: textIn(one, 'category'),
  });
}

function placeOf(location: JsonRecord): { readonly line?: number | null; readonly column?: number | null } {
  const start = recordIn(location, 'start');
  if (numberIn(start, 'line') !== null) return { line: numberIn(start, 'line'), column: numberIn(start, 'column') };
  // 1.x tells bytes of the whole text.
  const [offset] = listIn(location, 'span');
  const source = textIn(location, 'sourceCode');
  if (typeof offset !== 'number' || source === null) return {};
  const before = Buffer.from(source).subarray(0, offset).toString().split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
