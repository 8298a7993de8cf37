import { parseJson, type CheckName } from '@holdfast/protocol';
import { documentReaders } from './documents.ts';
import type { Reading } from './reader.ts';

/**
 * What a report file says that a tool was told to write; undefined: it is in no form that is known, or is not whole. `directory`
 * is the one that was checked.
 */
export function readReport(check: CheckName, text: string, directory: string): Reading | undefined {
  const document = parseJson(text.startsWith('\u{FEFF}') ? text.slice(1) : text);
  if (document === undefined) return undefined;
  for (const read of documentReaders[check]) {
    const reading = read(document, directory);
    if (reading) return reading;
  }
  return undefined;
}
