import { parseJson, type CheckName } from '@holdfast/protocol';
import { readLcov } from './coverage-report.ts';
import { readJsonDocument, readXmlDocument } from './documents.ts';
import type { Reading } from './reader.ts';
import { parseXml } from './xml.ts';

/**
 * What a report file says that a tool was told to write; undefined: it is in no form that is known, or is not whole. `directory`
 * is the one that was checked.
 */
export function readReport(check: CheckName, text: string, directory: string): Reading | undefined {
  const begun = text.startsWith('\u{FEFF}') ? text.slice(1) : text;
  if (begun.trimStart().startsWith('<')) {
    const root = parseXml(begun.trim());
    return root && readXmlDocument(check, root, directory);
  }
  if (check === 'test' && /^(?:TN|SF):/.test(begun)) return readLcov(begun);
  const document = parseJson(begun);
  return document === undefined ? undefined : readJsonDocument(check, document, directory);
}
