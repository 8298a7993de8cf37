import { amidLies, lying } from './noise.ts';
import type { Expected, Recording } from './recording.ts';

/** Three errors in two files; one of them names another place as well. */
const bad = {
  'package.json': '{"name":"shop","private":true}\n',
  'tsconfig.json': '{"compilerOptions":{"strict":true,"noEmit":true,"types":[]},"include":["src"]}\n',
  'src/cart.ts':
    "export const total: number = 'much';\nexport const order: { to: { name: string } } = { to: { name: 1 } };\n",
  'src/order.ts': "import { total } from './cart';\nexport const text: string = total;\n",
};
const clean = { ...bad, 'src/cart.ts': 'export const total = 1;\n', 'src/order.ts': 'export {};\n' };
const broken = { ...clean, 'src/cart.ts': 'export const = ;\n' };
const told: Expected = {
  source: 'tsc',
  counts: { errors: 3, warnings: 0 },
  problems: ['src/cart.ts:1:14 error TS2322', 'src/cart.ts:2:56 error TS2322', 'src/order.ts:2:14 error TS2322'],
  saysFailed: true,
};

export const typescript: Recording = {
  tool: 'typescript',
  check: 'lint',
  packages: (version) => [`typescript@${version}`],
  versions: ['4.9.5', '5.9.3', '7.0.2'],
  scenes: [
    { name: 'fail', files: bad, command: 'tsc', expected: told },
    { name: 'fail-pretty', files: bad, command: 'tsc --pretty', expected: told },
    { name: 'fail-terminal', files: bad, command: 'tsc --noEmit', onTerminal: true, expected: told },
    { name: 'fail-noise', files: { ...bad, ...lying }, command: amidLies('tsc'), expected: told },
    { name: 'fail-pretty-noise', files: { ...bad, ...lying }, command: amidLies('tsc --pretty'), expected: told },
    {
      name: 'pass-script',
      files: { ...clean, 'package.json': '{"name":"shop","version":"1.0.0","scripts":{"lint":"tsc --noEmit"}}\n' },
      command: 'npm run lint',
      expected: { source: 'tsc (silent)', counts: { errors: 0, warnings: 0 }, problems: [], saysFailed: false },
    },
    { name: 'pass', files: clean, command: 'tsc', expected: {} },
    {
      name: 'syntax-error',
      files: broken,
      command: 'tsc --pretty',
      expected: {
        source: 'tsc',
        counts: { errors: 1, warnings: 0 },
        problems: ['src/cart.ts:1:14 error TS1134'],
        saysFailed: true,
      },
    },
    {
      name: 'config-error',
      files: bad,
      command: 'tsc -p nothing',
      expected: {
        source: 'tsc',
        counts: { errors: 1, warnings: 0 },
        problems: ['-:-:- error TS5058'],
        saysFailed: true,
      },
    },
  ],
};
