import { isRecord, type Json } from '@holdfast/protocol';
import { listIn, numberIn, recordIn, textIn } from './json-fields.ts';
import { ProblemList } from './problems.ts';
import type { Reading } from './reader.ts';

/** `oxlint --format json`. */
export function readOxlintJson(document: Json, directory: string): Reading | undefined {
  if (!isRecord(document) || !Array.isArray(document['diagnostics'])) return undefined;
  const files = numberIn(document, 'number_of_files');
  if (files === null) return undefined;
  const problems = new ProblemList(directory);
  for (const one of listIn(document, 'diagnostics')) {
    const severity = isRecord(one) ? textIn(one, 'severity') : null;
    // Advice is none.
    if (!isRecord(one) || (severity !== 'error' && severity !== 'warning')) continue;
    const [label] = listIn(one, 'labels');
    const span = isRecord(label) ? recordIn(label, 'span') : {};
    problems.add({
      file: textIn(one, 'filename'),
      line: numberIn(span, 'line'),
      column: numberIn(span, 'column'),
      severity,
      message: textIn(one, 'message') ?? '',
      rule: textIn(one, 'code'),
    });
  }
  const { errors, warnings, list } = problems;
  const saysFailed = errors > 0 || files === 0;
  return {
    source: 'oxlint JSON',
    kind: 'lint',
    counts: { errors, warnings },
    problems: list,
    authority: 2,
    ...(saysFailed && { saysFailed }),
  };
}
