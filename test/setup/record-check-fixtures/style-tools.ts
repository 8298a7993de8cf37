import { broken, clean, code, manifest, oxlintRules, oxlintTold } from './lint-tools.ts';
import { amidLies, lying } from './noise.ts';
import type { Expected, Recording } from './recording.ts';

const styles = {
  ...manifest,
  '.stylelintrc.json': '{"rules":{"color-no-invalid-hex":true,"block-no-empty":[true,{"severity":"warning"}]}}\n',
  'src/cart.css': 'a { color: #ggg; }\nb { }\n',
  'src/clean.css': 'c { color: red; }\n',
};
const stylelintTold: Expected = {
  source: 'stylelint',
  counts: { errors: 1, warnings: 1 },
  problems: ['src/cart.css:1:12 error color-no-invalid-hex', 'src/cart.css:2:3 warning block-no-empty'],
  saysFailed: true,
};
/** In this form the problems stand in the order in which the rules ran. */
const stylelintJson: Expected = {
  ...stylelintTold,
  source: 'stylelint JSON',
  problems: [...(stylelintTold.problems ?? [])].reverse(),
};

export const stylelint: Recording = {
  tool: 'stylelint',
  check: 'lint',
  packages: (version) => [`stylelint@${version}`],
  versions: ['15.11.0', '16.26.1', '18.0.0'],
  scenes: [
    { name: 'fail', files: styles, command: "stylelint 'src/*.css'", expected: stylelintTold },
    { name: 'fail-colour', files: styles, command: "stylelint --color 'src/*.css'", expected: stylelintTold },
    {
      name: 'fail-terminal',
      files: styles,
      command: "stylelint 'src/*.css'",
      onTerminal: true,
      expected: stylelintTold,
    },
    {
      name: 'fail-noise',
      files: { ...styles, ...lying },
      command: amidLies('stylelint src/cart.css'),
      expected: stylelintTold,
    },
    { name: 'fail-json', files: styles, command: "stylelint --formatter json 'src/*.css'", expected: stylelintJson },
    {
      name: 'fail-unix',
      files: styles,
      command: "stylelint --formatter unix 'src/*.css'",
      expected: { ...stylelintTold, source: 'stylelint unix' },
    },
    { name: 'pass', files: styles, command: 'stylelint src/clean.css', expected: {} },
    {
      name: 'pass-json',
      files: styles,
      command: 'stylelint --formatter json src/clean.css',
      expected: { source: 'stylelint JSON', counts: { errors: 0, warnings: 0 }, problems: [] },
    },
    {
      name: 'syntax-error',
      files: { ...styles, 'src/broken.css': 'a { color: red;\n' },
      command: 'stylelint src/broken.css',
      expected: {
        source: 'stylelint',
        counts: { errors: 1, warnings: 0 },
        problems: ['src/broken.css:1:1 error CssSyntaxError'],
        saysFailed: true,
      },
    },
    {
      name: 'no-files',
      files: styles,
      command: 'stylelint nothing.css',
      expected: { source: 'stylelint', counts: {}, problems: [], saysFailed: true },
    },
    {
      name: 'no-config',
      files: { 'src/cart.css': styles['src/cart.css'] },
      command: 'stylelint src/cart.css',
      expected: { source: 'stylelint', counts: {}, problems: [], saysFailed: true },
    },
  ],
};

const ugly = {
  ...manifest,
  'src/cart.js': 'const a   = 1\n',
  'src/clean.js': 'const one = 1;\n',
  'src/order.js': 'const b   = 1\n',
};
const prettierTold: Expected = {
  source: 'prettier',
  counts: { errors: 0, warnings: 2 },
  problems: ['src/cart.js:-:- warning -', 'src/order.js:-:- warning -'],
  saysFailed: true,
};

export const prettier: Recording = {
  tool: 'prettier',
  check: 'lint',
  packages: (version) => [`prettier@${version}`],
  versions: ['2.8.8', '3.10.1'],
  scenes: [
    { name: 'fail', files: ugly, command: 'prettier --check src', expected: prettierTold },
    { name: 'fail-colour', files: ugly, command: 'prettier --check --color src', expected: prettierTold },
    { name: 'fail-terminal', files: ugly, command: 'prettier --check src', onTerminal: true, expected: prettierTold },
    {
      name: 'fail-noise',
      files: { ...ugly, ...lying },
      command: amidLies('prettier --check src'),
      expected: prettierTold,
    },
    {
      name: 'fail-one',
      files: ugly,
      command: 'prettier --check src/cart.js',
      expected: { ...prettierTold, counts: { errors: 0, warnings: 1 }, problems: ['src/cart.js:-:- warning -'] },
    },
    {
      name: 'pass',
      files: clean,
      command: 'prettier --check src',
      expected: { source: 'prettier', counts: { errors: 0, warnings: 0 }, problems: [] },
    },
    {
      name: 'syntax-error',
      files: { ...ugly, ...broken },
      command: 'prettier --check src',
      expected: {
        source: 'prettier',
        counts: { errors: 1, warnings: 2 },
        problems: ['src/broken.js:1:7 error -', 'src/cart.js:-:- warning -', 'src/order.js:-:- warning -'],
        saysFailed: true,
      },
    },
    {
      name: 'syntax-error-only',
      files: broken,
      command: 'prettier --check src',
      expected: {
        source: 'prettier',
        counts: { errors: 1, warnings: 0 },
        problems: ['src/broken.js:1:7 error -'],
        saysFailed: true,
      },
    },
    {
      name: 'no-files',
      files: ugly,
      command: 'prettier --check nothing',
      expected: {
        source: 'prettier',
        counts: { errors: 1, warnings: 0 },
        problems: ['-:-:- error -'],
        saysFailed: true,
      },
    },
  ],
};

/** Two tools, one after the other. */
export const lintScripts: Recording = {
  tool: 'lint-scripts',
  check: 'lint',
  packages: () => ['oxlint@1.94.0', 'prettier@3.10.1', 'typescript@5.9.3'],
  versions: ['1.0.0'],
  scenes: [
    {
      name: 'both-fail',
      files: { ...ugly, ...code, ...oxlintRules },
      command: 'oxlint src; prettier --check src',
      expected: {
        source: 'oxlint + prettier',
        counts: { errors: 1, warnings: 2 },
        problems: [...(oxlintTold.problems ?? []), 'src/order.js:-:- warning -'],
        saysFailed: true,
      },
    },
    {
      name: 'clean-then-types',
      files: { ...clean, ...oxlintRules, 'src/cart.ts': 'export const total: number = "much";\n' },
      command: 'oxlint src && tsc --noEmit src/cart.ts',
      expected: {
        source: 'oxlint + tsc',
        counts: { errors: 1, warnings: 0 },
        problems: ['src/cart.ts:1:14 error TS2322'],
        saysFailed: true,
      },
    },
  ],
};
