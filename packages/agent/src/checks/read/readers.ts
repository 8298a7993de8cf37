import type { CheckName } from '@holdfast/protocol';
import { readBiome } from './biome.ts';
import { readCargoTest } from './cargo-test.ts';
import { readDotnetTest } from './dotnet-test.ts';
import { readGoTestJson } from './go-test-json.ts';
import { readGoTest } from './go-test.ts';
import { readJest } from './jest.ts';
import { readLintLines } from './lint-lines.ts';
import { readMocha } from './mocha.ts';
import { readNodeTest } from './node-test.ts';
import { readOxlint } from './oxlint.ts';
import { readPhpunit } from './phpunit.ts';
import { readPlaywright } from './playwright.ts';
import { readPrettier } from './prettier.ts';
import type { LineReaderFactory, RunReaderFactory } from './reader.ts';
import { readPytest } from './pytest.ts';
import { readEslintStylish, readStylelint } from './stylish.ts';
import { readSurefire } from './surefire.ts';
import { readTap } from './tap.ts';
import { readTsc } from './tsc.ts';
import { readVitest } from './vitest.ts';

/** Every form that is known by its lines; `documents.ts` has those that are one JSON document. */
export const lineReaders: Readonly<Record<CheckName, readonly LineReaderFactory[]>> = {
  lint: [readEslintStylish, readStylelint, readLintLines, readBiome, readOxlint, readPrettier, readTsc('lint')],
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
  readPytest,
  readGoTest,
  readGoTestJson,
  readCargoTest,
  readPhpunit,
  readSurefire,
  readDotnetTest,
];
