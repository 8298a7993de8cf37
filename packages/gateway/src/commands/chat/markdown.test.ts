import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { MarkdownStream } from './markdown.ts';
import { painter, type Paint } from './paint.ts';

/** Styles as tags, so that a test can read them. */
const tags: Paint = (style, text) => `<${String(style)}>${text}</>`;

function render(text: string, paint: Paint = tags): string {
  const stream = new MarkdownStream(paint);
  return stream.write(text) + stream.end();
}

describe('Markdown', () => {
  test.each([
    ['plain text\n', 'plain text\n'],
    ['# Title\n', '<bold,underline>Title</>\n'],
    ['### Deep\nbody\n', '<bold>Deep</>\nbody\n'],
    ['#no heading\n', '#no heading\n'],
    ['a **bold** word', 'a <bold>bold</> word'],
    ['**bold** first', '<bold>bold</> first'],
    ['an *italic* word', 'an <italic>italic</> word'],
    ['***both***', '<bold,italic>both</>'],
    ['the `code` here', 'the <cyan>code</> here'],
    ['`**not bold**`', '<cyan>**not bold**</>'],
    ['2 * 3 ** 4', '2 * 3 ** 4'],
    ['snake*case*name', 'snake*case*name'],
    [String.raw`\*literal\* a\b`, String.raw`*literal* a\b`],
    ['- one\n  * two\n+ three\n', '• one\n  • two\n• three\n'],
    ['1. one\n2) two\n', '1. one\n2) two\n'],
    ['> quoted\n', '<dim>│ quoted</>\n'],
    ['---\n', '<dim>────────────────────────</>\n'],
    ['-', '-'],
    ['**open\nnext', '<bold>open</>\nnext'],
  ])('%j is shown as %j', (text, shown) => {
    expect(render(text)).toBe(shown);
  });

  test('fenced code is indented, coloured and otherwise left alone', () => {
    expect(render('```ts\nconst a = `b`; // **c**\n\n# no\n```\nafter')).toBe(
      '<dim>  ts</>\n<cyan>  const a = `b`; // **c**</>\n<cyan>  </>\n<cyan>  # no</>\nafter',
    );
  });

  test('text is shown as soon as it is clear what it is', () => {
    const stream = new MarkdownStream(tags);
    expect(['Hel', 'lo *', '*wor', 'ld*', '*!'].map((piece) => stream.write(piece))).toEqual([
      'Hel',
      'lo ',
      '<bold>wor</>',
      '<bold>ld</>',
      '!',
    ]);
  });

  test('however the text is cut into pieces, it looks the same', () => {
    const anyMarkdown = fc
      .array(fc.constantFrom('a', 'b c', ' ', '\n', '*', '**', '`', '```', '# ', '- ', '1. ', '> ', '---', '\\', 'é'))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(anyMarkdown, fc.array(fc.nat(5)), (text, sizes) => {
        const stream = new MarkdownStream(painter(true));
        let pieces = '';
        let at = 0;
        for (const size of sizes) pieces += stream.write(text.slice(at, (at += size)));
        pieces += stream.write(text.slice(at)) + stream.end();
        expect(cells(pieces)).toEqual(cells(render(text, painter(true))));
      }),
    );
  });

  test('no word is lost, whatever the marks', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '*', '`', '#', '-', ' ', '\n', '>', '\\') }), (text) => {
        const shown = stripVTControlCharacters(render(text, painter(true)));
        // A fence's label is shown, but not the marks; words are only the letters here.
        expect(shown.replaceAll(/[^a]/g, '')).toBe(text.replaceAll(/[^a]/g, ''));
      }),
    );
  });
});

/** Each character with the styles that are on when it is written. */
function cells(bytes: string): string[] {
  const on = new Set<string>();
  const found: string[] = [];
  for (const [, code, character] of bytes.matchAll(/\u001b\[(\d+)m|([\s\S])/g)) {
    if (character !== undefined) found.push(`${[...on].toSorted().join(',')}:${character}`);
    else if (['22', '23', '24', '39'].includes(code ?? '')) {
      for (const opened of { 22: ['1', '2'], 23: ['3'], 24: ['4'], 39: ['36'] }[code as '22'] ?? []) on.delete(opened);
    } else on.add(code ?? '');
  }
  return found;
}
