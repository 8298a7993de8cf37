import type { Json, Tool } from '@holdfast/protocol';
import { expect, test } from 'vitest';

import { painter } from './paint.ts';
import { resultLines, toolLines, toolTitle } from './tool-view.ts';

const plain = painter(false);

function lines(name: string, input: Json): readonly string[] {
  return toolLines({ id: 't', name, input, status: 'pending' }, plain);
}

test('a command is shown whole, over several lines too', () => {
  const long = `echo ${'x'.repeat(500)}`;
  expect(lines('Bash', { command: `${long}\nrm -rf build` })).toEqual([`Bash  $ ${long}`, '  rm -rf build']);
});

test('a command given as words is quoted where it must be', () => {
  expect(lines('shell', { command: ['bash', '-lc', "echo 'a b'"] })).toEqual([
    String.raw`shell  $ bash -lc 'echo '\''a b'\'''`,
  ]);
});

test('a file is shown with the beginning of what would be written', () => {
  const content = Array.from({ length: 20 }, (_, n) => `line ${n + 1}`).join('\n');
  const shown = lines('write', { path: 'a.txt', content });
  expect(shown.slice(0, 2)).toEqual(['write  a.txt', '  + line 1']);
  expect(shown.at(-1)).toBe('    … 8 more lines');
});

test('a change is shown as what goes and what comes', () => {
  expect(lines('Edit', { file_path: '/src/a.ts', old_string: 'let a', new_string: 'const a' })).toEqual([
    'Edit  /src/a.ts',
    '  - let a',
    '  + const a',
  ]);
});

test('anything else is shown field by field', () => {
  expect(lines('WebFetch', { url: 'http://x', depth: 2 })).toEqual(['WebFetch', '  url: http://x', '  depth: 2']);
  expect(lines('odd', ['a', 1])).toEqual(['odd', '  ["a",1]']);
  expect(lines('none', null)).toEqual(['none']);
});

test('what a call contains cannot move the cursor, hide itself or turn its letters around', () => {
  const shown = lines('run', { command: 'rm -rf / \u001b[2K\u001b[1A\rls \u202egpj.exe' });
  expect(shown).toEqual(['run  $ rm -rf / ls \ufffdgpj.exe']);
});

test('a result is its text, cut to some lines, or its JSON', () => {
  const long = Array.from({ length: 15 }, (_, n) => String(n + 1)).join('\n');
  expect(resultLines(`${long}\n`, plain).slice(-2)).toEqual(['  12', '  … 3 more lines']);
  expect(
    resultLines(
      [
        { type: 'text', text: 'one' },
        { type: 'text', text: 'two' },
      ],
      plain,
    ),
  ).toEqual(['⎿ one', '  two']);
  expect(resultLines({ files: 2 }, plain)).toEqual(['⎿ {"files":2}']);
  expect(resultLines(undefined, plain)).toEqual(['⎿ done']);
});

test('a title is one short line', () => {
  const tool: Tool = { id: 't', name: 'run', input: { command: 'a\n  b' }, status: 'running' };
  expect(toolTitle(tool)).toBe('run a b');
});
