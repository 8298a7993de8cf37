import type { CheckName, Json } from '@holdfast/protocol';
import { readEslintJson } from './eslint-json.ts';
import { readJestJson } from './jest-json.ts';
import type { Reading } from './reader.ts';

/** Reads a document of one form; undefined: it is of another. */
export type DocumentReader = (document: Json, directory: string) => Reading | undefined;

export const documentReaders: Readonly<Record<CheckName, readonly DocumentReader[]>> = {
  lint: [readEslintJson],
  test: [readJestJson],
  build: [],
};
