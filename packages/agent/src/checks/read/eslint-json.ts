import { isRecord, type Json } from '@holdfast/protocol';
import { numberIn, textIn } from './json-fields.ts';
import { ProblemList } from './problems.ts';
import type { Reading } from './reader.ts';

/** `eslint --format json`: a list of files, each with its messages. */
export function readEslintJson(document: Json, directory: string): Reading | undefined {
  if (!Array.isArray(document) || document.length === 0) return undefined;
  const problems = new ProblemList(directory);
  const sum = { errors: 0, warnings: 0 };
  let hasFatal = false;
  for (const file of document as readonly Json[]) {
    if (!isRecord(file) || typeof file['filePath'] !== 'string') return undefined;
    const { filePath, messages, errorCount, warningCount, fatalErrorCount } = file;
    if (!Array.isArray(messages) || typeof errorCount !== 'number' || typeof warningCount !== 'number')
      return undefined;
    sum.errors += errorCount;
    sum.warnings += warningCount;
    hasFatal ||= typeof fatalErrorCount === 'number' && fatalErrorCount > 0;
    for (const message of messages as readonly Json[]) addMessage(problems, filePath, message);
  }
  // Counts and messages are told apart from each other: if they differ, neither can be relied on.
  const isSound = sum.errors === problems.errors && sum.warnings === problems.warnings;
  return {
    source: 'eslint JSON',
    kind: 'lint',
    counts: isSound ? sum : { errors: null, warnings: null },
    problems: problems.list,
    authority: 2,
    ...((sum.errors > 0 || hasFatal) && { saysFailed: true }),
  };
}

function addMessage(problems: ProblemList, file: string, message: Json): void {
  if (!isRecord(message)) return;
  problems.add({
    file,
    line: numberIn(message, 'line'),
    column: numberIn(message, 'column'),
    severity: message['severity'] === 1 ? 'warning' : 'error',
    message: textIn(message, 'message') ?? '',
    rule: textIn(message, 'ruleId'),
  });
}
