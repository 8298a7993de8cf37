import fc from 'fast-check';
import { expect, test } from 'vitest';

import { MiniTerminal } from '../../../../../test/support/mini-terminal.ts';
import { Screen, type PromptLine } from './screen.ts';

function open(columns: number): { terminal: MiniTerminal; update: (output: string, prompt?: PromptLine) => void } {
  const terminal = new MiniTerminal(columns);
  const screen = new Screen(() => columns);
  return { terminal, update: (output, prompt) => terminal.write(screen.update(output, prompt)) };
}

const empty: PromptLine = { label: '> ', text: '', cursor: 0 };

test('output goes on in the middle of a line while a prompt is being written below it', () => {
  const { terminal, update } = open(20);
  update('Hel', empty);
  update('', { label: '> ', text: 'ty', cursor: 2 });
  expect(terminal.text).toBe('Hel\n> ty');
  update('lo wor', { label: '> ', text: 'typ', cursor: 1 });
  expect(terminal.text).toBe('Hello wor\n> typ');
  expect(terminal.cursor).toEqual({ row: 1, column: 3 });
  update('ld\n', { label: '> ', text: 'typ', cursor: 1 });
  expect(terminal.text).toBe('Hello world\n> typ');
  update('', undefined);
  expect(terminal.text).toBe('Hello world');
});

test('nothing is written when nothing has changed', () => {
  const screen = new Screen(() => 20);
  screen.update('Hello', empty);
  expect(screen.update('', empty)).toBe('');
});

test('a new width starts below what is there', () => {
  const terminal = new MiniTerminal(20);
  const screen = new Screen(() => 20);
  terminal.write(screen.update('Hello', empty));
  terminal.write(screen.reset());
  terminal.write(screen.update('', empty));
  terminal.write(screen.update('more', empty));
  expect(terminal.text).toBe('Hello\nmore\n>');
});

test('however output and prompt come and wrap, the screen shows both as if written at once, with the cursor in its place', () => {
  const anyText = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n', 'é'), maxLength: 30 });
  const anyStep = fc.record({
    output: anyText,
    text: fc.string({ unit: fc.constantFrom('x', 'y'), maxLength: 30 }),
    back: fc.nat(30),
    isShown: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 12 }), fc.array(anyStep, { maxLength: 12 }), (columns, steps) => {
      const { terminal, update } = open(columns);
      let output = '';
      for (const { output: more, text, back, isShown } of steps) {
        output += more;
        const prompt = isShown ? { label: '> ', text, cursor: Math.max(0, text.length - back) } : undefined;
        update(more, prompt);
        const wanted = new MiniTerminal(columns);
        wanted.write(output);
        const isLineOpen = output !== '' && !output.endsWith('\n');
        if (prompt === undefined) {
          expect(terminal.text).toBe(wanted.text);
          continue;
        }
        wanted.write(`${isLineOpen ? '\n' : ''}> ${text}`);
        expect(terminal.text).toBe(wanted.text);
        const upToCursor = new MiniTerminal(columns);
        // One more character shows where the next one goes after a full row.
        upToCursor.write(`${output}${isLineOpen ? '\n' : ''}> ${text.slice(0, prompt.cursor)}_\r`);
        expect(terminal.cursor.row).toBe(upToCursor.cursor.row);
        expect(terminal.cursor.column).toBe((2 + prompt.cursor) % columns);
      }
    }),
  );
});
