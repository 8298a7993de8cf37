import { isRecord, type Json } from '@holdfast/protocol';
import { listIn, numberIn, textIn } from './json-fields.ts';
import { ProblemList } from './problems.ts';
import type { Reading } from './reader.ts';

/** `stylelint --formatter json`: a list of files, each with its problems, which it calls warnings whatever their severity is. */
export function readStylelintJson(document: Json, directory: string): Reading | undefined {
  if (!Array.isArray(document) || document.length === 0) return undefined;
  const problems = new ProblemList(directory);
  for (const file of document as readonly Json[]) {
    if (!isRecord(file) || !Array.isArray(file['warnings']) || typeof file['errored'] !== 'boolean') return undefined;
    for (const one of listIn(file, 'warnings')) {
      if (!isRecord(one)) continue;
      const rule = textIn(one, 'rule');
      problems.add({
        file: textIn(file, 'source'),
        line: numberIn(one, 'line'),
        column: numberIn(one, 'column'),
        severity: textIn(one, 'severity') === 'warning' ? 'warning' : 'error',
        message: (textIn(one, 'text') ?? '').replace(` (${rule})`, ''),
        rule,
      });
    }
  }
  const { errors, warnings, list } = problems;
  return {
    source: 'stylelint JSON',
    kind: 'lint',
    counts: { errors, warnings },
    problems: list,
    authority: 2,
    ...(errors > 0 && { saysFailed: true }),
  };
}
