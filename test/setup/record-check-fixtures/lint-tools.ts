import { amidLies, lying } from './noise.ts';
import type { Expected, Recording } from './recording.ts';

export const manifest = { 'package.json': '{"name":"shop","private":true}\n' };

/** An error (a loose comparison), then a warning (a statement for debugging), and a file without a problem. */
export const code = {
  ...manifest,
  'src/cart.js': 'export const isFree = (price) => price == 0;\nexport function pay() {\n  debugger;\n}\n',
  'src/clean.js': 'export const one = 1;\n',
};
export const clean = { ...manifest, 'src/clean.js': 'export const one = 1;\n' };
export const broken = { ...manifest, 'src/broken.js': 'let = ;\n' };

const biomeRules =
  '{"linter":{"rules":{"recommended":false,"suspicious":{"noDoubleEquals":"error","noDebugger":"warn"}}}}\n';
const biomeTold: Expected = {
  source: 'biome',
  counts: { errors: 1, warnings: 1 },
  problems: [
    'src/cart.js:1:40 error lint/suspicious/noDoubleEquals',
    'src/cart.js:3:3 warning lint/suspicious/noDebugger',
  ],
  saysFailed: true,
};
/** The second version tells them in the order of its rules. */
const inBiome2 = (told: Expected): Readonly<Record<string, Expected>> => ({
  '2.6.8': { ...told, problems: [...(told.problems ?? [])].reverse() },
});
const withBiome = { 'biome.json': biomeRules };

export const biome: Recording = {
  tool: 'biome',
  check: 'lint',
  packages: (version) => [`@biomejs/biome@${version}`],
  versions: ['1.9.4', '2.6.8'],
  scenes: [
    {
      name: 'fail',
      files: { ...code, ...withBiome },
      command: 'biome lint src',
      expected: biomeTold,
      butIn: inBiome2(biomeTold),
    },
    {
      name: 'fail-colour',
      files: { ...code, ...withBiome },
      command: 'biome lint --colors=force src',
      expected: biomeTold,
      butIn: inBiome2(biomeTold),
    },
    {
      name: 'fail-terminal',
      files: { ...code, ...withBiome },
      command: 'biome lint src',
      onTerminal: true,
      expected: biomeTold,
      butIn: inBiome2(biomeTold),
    },
    {
      name: 'fail-noise',
      files: { ...code, ...withBiome, ...lying },
      command: amidLies('biome lint src'),
      expected: biomeTold,
      butIn: inBiome2(biomeTold),
    },
    {
      name: 'fail-json',
      files: { ...code, ...withBiome },
      command: 'biome lint --reporter=json src',
      expected: { ...biomeTold, source: 'biome JSON' },
      butIn: inBiome2({ ...biomeTold, source: 'biome JSON' }),
    },
    {
      name: 'fail-json-pretty',
      files: { ...code, ...withBiome },
      command: 'biome lint --reporter=json-pretty src',
      expected: { ...biomeTold, source: 'biome JSON' },
      butIn: inBiome2({ ...biomeTold, source: 'biome JSON' }),
    },
    {
      name: 'many',
      files: {
        ...manifest,
        ...withBiome,
        'src/many.js': Array.from({ length: 30 }, (_, at) => `export const is${at} = (a) => a == 1;\n`).join(''),
      },
      command: 'biome lint --max-diagnostics=5 src',
      expected: { source: 'biome', counts: { errors: 30, warnings: 0 }, saysFailed: true },
      // It counts the five that it shows.
      butIn: { '1.9.4': { source: 'biome', counts: {}, saysFailed: true } },
    },
    {
      name: 'pass',
      files: { ...clean, ...withBiome },
      command: 'biome lint src',
      expected: { source: 'biome', counts: { errors: 0, warnings: 0 }, problems: [] },
    },
    {
      name: 'syntax-error',
      files: { ...broken, ...withBiome },
      command: 'biome lint src',
      expected: {
        source: 'biome',
        // The name that is none, and the value that is missing.
        counts: { errors: 2, warnings: 0 },
        problems: ['src/broken.js:1:1 error parse', 'src/broken.js:1:7 error parse'],
        saysFailed: true,
      },
    },
    {
      name: 'config-error',
      files: { ...code, 'biome.json': '{"linter": 3}\n' },
      command: 'biome lint src',
      expected: { source: 'biome', counts: {}, problems: ['biome.json:1:12 error deserialize'], saysFailed: true },
    },
    {
      name: 'format',
      files: { ...manifest, 'src/ugly.js': 'export   const one=1\n' },
      command: 'biome format src',
      expected: {
        source: 'biome',
        counts: { errors: 1, warnings: 0 },
        problems: ['src/ugly.js:-:- error format'],
        saysFailed: true,
      },
    },
  ],
};

export const oxlintRules = {
  '.oxlintrc.json': '{"categories":{"correctness":"off"},"rules":{"eqeqeq":"error","no-debugger":"warn"}}\n',
};
export const oxlintTold: Expected = {
  source: 'oxlint',
  counts: { errors: 1, warnings: 1 },
  problems: ['src/cart.js:1:40 error eslint(eqeqeq)', 'src/cart.js:3:3 warning eslint(no-debugger)'],
  saysFailed: true,
};

export const oxlint: Recording = {
  tool: 'oxlint',
  check: 'lint',
  packages: (version) => [`oxlint@${version}`],
  versions: ['0.18.1', '1.94.0'],
  scenes: [
    { name: 'fail', files: { ...code, ...oxlintRules }, command: 'oxlint src', expected: oxlintTold },
    {
      name: 'fail-colour',
      files: { ...code, ...oxlintRules },
      command: 'oxlint src',
      environment: { FORCE_COLOR: '1' },
      expected: oxlintTold,
    },
    {
      name: 'fail-terminal',
      files: { ...code, ...oxlintRules },
      command: 'oxlint src',
      onTerminal: true,
      expected: oxlintTold,
    },
    {
      name: 'fail-noise',
      files: { ...code, ...oxlintRules, ...lying },
      command: amidLies('oxlint src'),
      expected: oxlintTold,
    },
    {
      name: 'fail-json',
      files: { ...code, ...oxlintRules },
      command: 'oxlint --format json src',
      expected: { ...oxlintTold, source: 'oxlint JSON' },
    },
    {
      name: 'fail-unix',
      files: { ...code, ...oxlintRules },
      command: 'oxlint --format unix src',
      expected: { ...oxlintTold, source: 'oxlint unix' },
    },
    {
      name: 'fail-stylish',
      files: { ...code, ...oxlintRules },
      command: 'oxlint --format stylish src',
      expected: oxlintTold,
    },
    {
      name: 'fail-sarif',
      files: { ...code, ...oxlintRules },
      command: 'oxlint --format sarif src',
      notIn: ['0.18.1'],
      expected: { ...oxlintTold, source: 'SARIF' },
    },
    {
      name: 'pass',
      files: { ...clean, ...oxlintRules },
      command: 'oxlint src',
      expected: { source: 'oxlint', counts: { errors: 0, warnings: 0 }, problems: [] },
    },
    {
      name: 'syntax-error',
      files: broken,
      command: 'oxlint src',
      expected: {
        source: 'oxlint',
        counts: { errors: 1, warnings: 0 },
        problems: ['src/broken.js:1:7 error -'],
        saysFailed: true,
      },
    },
    {
      name: 'no-files',
      files: manifest,
      command: 'oxlint nothing',
      expected: { source: 'oxlint', counts: {}, problems: [], saysFailed: true },
      // It counts what it found in no file.
      butIn: { '0.18.1': { source: 'oxlint', counts: { errors: 0, warnings: 0 }, problems: [], saysFailed: true } },
    },
    {
      name: 'config-error',
      files: { ...code, '.oxlintrc.json': '{"rules": 3' },
      command: 'oxlint src',
      expected: {},
      butIn: {
        // It does without, and takes its own rules.
        '0.18.1': {
          source: 'oxlint',
          counts: { errors: 0, warnings: 1 },
          problems: ['src/cart.js:3:3 warning eslint(no-debugger)'],
        },
      },
    },
  ],
};
