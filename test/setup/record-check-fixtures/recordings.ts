import { dotnet } from './dotnet.ts';
import { eslint } from './eslint.ts';
import { go } from './go.ts';
import { jest } from './jest.ts';
import { biome, oxlint } from './lint-tools.ts';
import { mocha } from './mocha.ts';
import { nodeTest } from './node-test.ts';
import { phpunit, surefire } from './php-and-java.ts';
import { playwright } from './playwright.ts';
import { pytest } from './python.ts';
import type { Recording } from './recording.ts';
import { rust } from './rust.ts';
import { lintScripts, prettier, stylelint } from './style-tools.ts';
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
  pytest,
  go,
  rust,
  phpunit,
  surefire,
  dotnet,
];
