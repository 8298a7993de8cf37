import { expect, test } from 'vitest';
import { TerminalLines } from './terminal-lines.ts';

function linesOf(text: string, maxDocumentLength = 1_000_000): readonly string[] {
  const lines: string[] = [];
  const reading = new TerminalLines(maxDocumentLength, (line) => lines.push(line));
  reading.write(new TextEncoder().encode(text));
  return lines;
}

test('colours, links, titles and cursor movements are gone', () => {
  expect(
    linesOf(
      '\u001B[1;31merror\u001B[0m \u001B]8;;http://x\u0007link\u001B]8;;\u001B\\ \u001B]0;title\u0007\u001B[?25lx\u001B(B\n',
    ),
  ).toEqual(['error link x']);
});

test('of a line that was written over, what was written last is left', () => {
  expect(linesOf('10%\r50%\rdone\r\nsrc/a.js\u001B[2K\u001B[1G[warn] src/a.js\n\u001B[1A\u001B[2Knew\n')).toEqual([
    'done',
    '[warn] src/a.js',
    'new',
  ]);
});

test('a last line without an end is no line', () => {
  expect(linesOf('one\ntwo')).toEqual(['one']);
});

test('a character that is cut in pieces is put together', () => {
  const lines: string[] = [];
  const reading = new TerminalLines(1_000, (line) => lines.push(line));
  for (const byte of new TextEncoder().encode('✖ ₂ 😀\n')) reading.write(Uint8Array.of(byte));
  expect(lines).toEqual(['✖ ₂ 😀']);
});

test('a line that is too long is dropped whole, unless it may be a document', () => {
  const long = 'x'.repeat(70_000);
  expect(linesOf(`${long} 3 passed\nnext\n`)).toEqual(['', 'next']);
  expect(linesOf(`["${long}"]\nnext\n`)).toEqual([`["${long}"]`, 'next']);
  expect(linesOf(`["${long}"]\nnext\n`, 66_000)).toEqual(['', 'next']);
});
