import type { CheckName } from '@holdfast/protocol';
import { readEslintStylish } from './eslint-stylish.ts';
import { readJest } from './jest.ts';
import { readMocha } from './mocha.ts';
import { readNodeTest } from './node-test.ts';
import { readPlaywright } from './playwright.ts';
import type { LineReaderFactory, RunReaderFactory } from './reader.ts';
import { readTap } from './tap.ts';
import { readTsc } from './tsc.ts';
import { readVitest } from './vitest.ts';

/** Every form that is known by its lines; `documents.ts` has those that are one JSON document. */
export const lineReaders: Readonly<Record<CheckName, readonly LineReaderFactory[]>> = {
  lint: [readEslintStylish, readTsc('lint')],
  test: [],
  build: [readTsc('build')],
};

export const runReaders: readonly RunReaderFactory[] = [
  readVitest,
  readJest,
  readMocha,
  readTap,
  readNodeTest,
  readPlaywright,
];
