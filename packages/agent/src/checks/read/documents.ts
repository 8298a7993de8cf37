import type { CheckName, Json } from '@holdfast/protocol';
import { readBiomeJson } from './biome-json.ts';
import { readCoverageSummary } from './coverage-report.ts';
import { readCtrf } from './ctrf.ts';
import { readEslintJson } from './eslint-json.ts';
import { readJestJson } from './jest-json.ts';
import { readJunitXml } from './junit-xml.ts';
import { readMochaJson } from './mocha-json.ts';
import { readOxlintJson } from './oxlint-json.ts';
import { readPlaywrightJson } from './playwright-json.ts';
import type { Reading } from './reader.ts';
import { readSarif } from './sarif.ts';
import { readStylelintJson } from './stylelint-json.ts';
import { readTrx } from './trx.ts';
import type { XmlElement } from './xml.ts';

/** Reads a document of one form; undefined: it is of another. */
type DocumentReader<Document> = (document: Document, directory: string) => Reading | undefined;

const jsonReaders: Readonly<Record<CheckName, readonly DocumentReader<Json>[]>> = {
  lint: [readEslintJson, readStylelintJson, readBiomeJson, readOxlintJson, readSarif],
  test: [readJestJson, readMochaJson, readPlaywrightJson, readCtrf, readCoverageSummary],
  build: [],
};

const xmlReaders: Readonly<Record<CheckName, readonly DocumentReader<XmlElement>[]>> = {
  lint: [],
  test: [readJunitXml, readTrx],
  build: [],
};

/** What a JSON document says about a check; undefined: it is in no form that is known. */
export function readJsonDocument(check: CheckName, document: Json, directory: string): Reading | undefined {
  return firstOf(jsonReaders[check], document, directory);
}

export function readXmlDocument(check: CheckName, document: XmlElement, directory: string): Reading | undefined {
  return firstOf(xmlReaders[check], document, directory);
}

function firstOf<Document>(
  readers: readonly DocumentReader<Document>[],
  document: Document,
  directory: string,
): Reading | undefined {
  for (const read of readers) {
    const reading = read(document, directory);
    if (reading) return reading;
  }
  return undefined;
}
