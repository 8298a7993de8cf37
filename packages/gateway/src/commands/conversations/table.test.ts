import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tableLines, widthOf, type Column } from './table.ts';

type Row = { readonly id: string; readonly who: string; readonly title: string };
const columns: readonly Column<Row>[] = [
  { heading: 'ID', cell: ({ id }) => id },
  { heading: 'WHO', cell: ({ who }) => who, dropFirst: 1 },
  { heading: 'TITLE', cell: ({ title }) => title, takesRest: true },
];

describe('a table', () => {
  test('stands in columns, with nothing behind the last', () => {
    const rows = [
      { id: 'a', who: 'grace', title: 'one' },
      { id: 'long-id', who: 'ada', title: '' },
    ];
    expect(tableLines(rows, columns, 80)).toEqual(['ID       WHO    TITLE', 'a        grace  one', 'long-id  ada']);
  });

  test('counts what characters take in a terminal, not how many they are', () => {
    const rows = [
      { id: '日本', who: 'x', title: 'y' },
      { id: 'ab', who: 'x', title: 'y' },
    ];
    expect(tableLines(rows, columns, 80)[2]).toBe('ab    x    y');
  });

  test('leaves columns out, and then cuts the last, where the line is short', () => {
    const rows = [{ id: '0123456789', who: 'somebody', title: 'a title that goes on and on' }];
    expect(tableLines(rows, columns, 30)).toEqual(['ID          TITLE', '0123456789  a title that goes…']);
  });

  test('never has a line that is wider than the terminal', () => {
    const row = fc.record({ id: fc.constant('0123456789'), who: fc.string({ maxLength: 10 }), title: fc.string() });
    const plain = (text: string): string => text.replaceAll(/[^ -~]/g, '?');
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), fc.integer({ min: 30, max: 120 }), (rows, width) => {
        const clean = rows.map(({ id, who, title }) => ({ id, who: plain(who), title: plain(title) }));
        for (const line of tableLines(clean, columns, width)) expect(widthOf(line)).toBeLessThanOrEqual(width);
      }),
    );
  });
});
