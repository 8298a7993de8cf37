import { eslint } from './eslint.ts';
import { jest } from './jest.ts';
import { biome, lintScripts, oxlint, prettier, stylelint } from './lint-tools.ts';
import { mocha } from './mocha.ts';
import { nodeTest } from './node-test.ts';
import { playwright } from './playwright.ts';
import type { Recording } from './recording.ts';
import { typescript } from './typescript.ts';
import { vitest } from './vitest.ts';

export const recordings: readonly Recording[] = [
  eslint,
  typescript,
  biome,
  oxlint,
  stylelint,
  prettier,
  lintScripts,
  vitest,
  jest,
  mocha,
  nodeTest,
  playwright,
];
