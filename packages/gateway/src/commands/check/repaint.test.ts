import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MiniTerminal } from '../../../../../test/support/mini-terminal.ts';
import { Repaint } from './repaint.ts';

const size = { columns: 20, rows: 10 };

test('lines are drawn over those before, and what follows stands below with the cursor to be seen', () => {
  const terminal = new MiniTerminal(20);
  terminal.write('before\n');
  const screen = new Repaint();
  terminal.write(screen.draw(['one', 'two long'], size));
  expect(terminal.hasCursor).toBe(false);
  terminal.write(screen.draw(['one', 'two'], size));
  expect(terminal.text).toBe('before\none\ntwo');
  terminal.write(`${screen.leave()}after\n`);
  expect(terminal.text).toBe('before\none\ntwo\nafter');
  expect(terminal.hasCursor).toBe(true);
});

test('nothing is written when nothing has changed', () => {
  const screen = new Repaint();
  screen.draw(['one'], size);
  expect(screen.draw(['one'], size)).toBe('');
  expect(new Repaint().leave()).toBe('');
});

test('any sequence of frames leaves the last one, with all that was there before', () => {
  const line = fc.string({ maxLength: 19 });
  fc.assert(
    fc.property(fc.array(fc.array(line, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 }), (frames) => {
      const terminal = new MiniTerminal(20);
      terminal.write('before\n');
      const screen = new Repaint();
      for (const lines of frames) terminal.write(screen.draw(lines, size));
      terminal.write(`${screen.leave()}after`);
      const last = (frames.at(-1) ?? []).map((each) => each.trimEnd());
      expect(terminal.text).toBe(['before', ...last, 'after'].join('\n'));
    }),
  );
});

test('a terminal that became narrower has wrapped what was drawn: all of its rows are taken away', () => {
  const screen = new Repaint();
  screen.draw(['fifteen columns', 'two'], size);
  expect(screen.draw(['short', 'two'], { columns: 10, rows: 10 })).toContain('\u001b[3A\r\u001b[J');
});

test('of more lines than the terminal is high the last are drawn', () => {
  const terminal = new MiniTerminal(20);
  terminal.write(new Repaint().draw(['one', 'two', 'three'], { columns: 20, rows: 3 }));
  expect(terminal.text).toBe('two\nthree');
});
