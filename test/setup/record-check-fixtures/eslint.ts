import type { Expected, Recording } from './recording.ts';
import { amidLies, lying } from './noise.ts';

const config = (rules: Readonly<Record<string, string>>): string =>
  `module.exports = [{ languageOptions: { sourceType: 'commonjs' }, rules: ${JSON.stringify(rules)} }];\n`;
const rules = { 'no-unused-vars': 'error', 'no-undef': 'error', eqeqeq: 'warn', 'no-var': 'warn' };
/** Two errors and a warning, then one warning, and a file without a problem. */
const bad = {
  'package.json': '{"name":"shop","private":true}\n',
  'eslint.config.js': config(rules),
  'src/cart.js': 'const unused = 1;\nvar total = 2;\nmodule.exports = { total, tax: rate };\n',
  'src/order.js': 'module.exports = (a, b) => a == b;\n',
  'src/clean.js': 'module.exports = 1;\n',
};
const withModule = { ...rules, 'no-undef': 'off' };
const clean = { ...bad, 'eslint.config.js': config({}) };
const broken = { ...bad, 'eslint.config.js': config(withModule), 'src/broken.js': 'let = ;\n' };
const environment = { ESLINT_USE_FLAT_CONFIG: 'true' };

const badProblems = [
  'src/cart.js:1:7 error no-unused-vars',
  'src/cart.js:2:1 warning no-var',
  'src/cart.js:3:32 error no-undef',
  'src/order.js:1:30 warning eqeqeq',
];
const told = { counts: { errors: 2, warnings: 2 }, problems: badProblems, saysFailed: true };
const stylish: Expected = { source: 'eslint', ...told };
const nothing: Expected = {};

const scripted = { ...clean, 'package.json': '{"name":"shop","version":"1.0.0","scripts":{"lint":"eslint src"}}\n' };

export const eslint: Recording = {
  tool: 'eslint',
  check: 'lint',
  packages: (version) => [`eslint@${version}`, '@microsoft/eslint-formatter-sarif@3.1.0'],
  versions: ['8.57.1', '9.39.5', '10.15.0'],
  scenes: [
    { name: 'fail', files: bad, command: 'eslint src', environment, expected: stylish },
    {
      name: 'fail-colour',
      files: bad,
      command: 'eslint src',
      environment: { ...environment, FORCE_COLOR: '1' },
      expected: stylish,
    },
    { name: 'fail-terminal', files: bad, command: 'eslint src', environment, onTerminal: true, expected: stylish },
    {
      name: 'fail-noise',
      files: { ...bad, ...lying },
      command: amidLies('eslint src'),
      environment,
      expected: stylish,
    },
    {
      name: 'fail-json',
      files: bad,
      command: 'eslint --format json src',
      environment,
      expected: { source: 'eslint JSON', ...told },
    },
    {
      name: 'fail-json-noise',
      files: { ...bad, ...lying },
      command: amidLies('eslint --format json src'),
      environment,
      expected: { source: 'eslint JSON', ...told },
    },
    {
      name: 'fail-sarif',
      files: bad,
      command: 'eslint --format @microsoft/eslint-formatter-sarif src',
      environment,
      expected: { source: 'SARIF', ...told },
    },
    {
      name: 'fail-compact',
      files: bad,
      command: 'eslint --format compact src',
      environment,
      notIn: ['9.39.5', '10.15.0'],
      expected: { ...stylish, source: 'eslint compact' },
    },
    {
      name: 'fail-unix',
      files: bad,
      command: 'eslint --format unix src',
      environment,
      notIn: ['9.39.5', '10.15.0'],
      expected: { ...stylish, source: 'eslint unix' },
    },
    {
      name: 'quiet',
      files: bad,
      command: 'eslint --quiet src',
      environment,
      expected: {
        ...stylish,
        counts: { errors: 2, warnings: 0 },
        problems: badProblems.filter((one) => one.includes('error')),
      },
    },
    {
      name: 'max-warnings',
      files: { ...bad, 'eslint.config.js': config({ eqeqeq: 'warn', 'no-var': 'warn' }) },
      command: 'eslint --max-warnings 1 src',
      environment,
      expected: {
        source: 'eslint',
        counts: { errors: 0, warnings: 2 },
        problems: ['src/cart.js:2:1 warning no-var', 'src/order.js:1:30 warning eqeqeq'],
        saysFailed: true,
      },
    },
    {
      name: 'pass-script',
      files: scripted,
      command: 'npm run lint',
      environment,
      expected: { source: 'eslint (silent)', counts: { errors: 0, warnings: 0 }, problems: [], saysFailed: false },
    },
    { name: 'pass', files: clean, command: 'eslint src', environment, expected: nothing },
    {
      name: 'pass-json',
      files: clean,
      command: 'eslint --format json src',
      environment,
      expected: { source: 'eslint JSON', counts: { errors: 0, warnings: 0 }, problems: [] },
    },
    {
      name: 'syntax-error',
      files: broken,
      command: 'eslint src',
      environment,
      expected: {
        source: 'eslint',
        counts: { errors: 2, warnings: 2 },
        problems: [
          'src/broken.js:1:7 error -',
          'src/cart.js:1:7 error no-unused-vars',
          'src/cart.js:2:1 warning no-var',
          'src/order.js:1:30 warning eqeqeq',
        ],
        saysFailed: true,
      },
    },
    {
      name: 'config-error',
      files: { ...bad, 'eslint.config.js': config({ 'nope/rule': 'error' }) },
      command: 'eslint src',
      environment,
      expected: { source: 'eslint', counts: {}, problems: [], saysFailed: true },
    },
    {
      name: 'no-files',
      files: bad,
      command: 'eslint nothing',
      environment,
      expected: { source: 'eslint', counts: {}, problems: [], saysFailed: true },
    },
  ],
};
