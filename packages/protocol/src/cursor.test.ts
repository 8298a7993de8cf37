import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCursor } from './cursor.ts';
import { newId } from './ids.ts';

describe('a cursor', () => {
  test('is absent when neither part is there, and bad when one is', () => {
    expect(parseCursor(null, null)).toBeUndefined();
    expect(parseCursor('0', null)).toBe('bad');
    expect(parseCursor(null, 'e')).toBe('bad');
  });

  test('is what was written, for every number and every epoch that we make', () => {
    fc.assert(
      fc.property(fc.nat(), (seq) => {
        const epoch = newId();
        expect(parseCursor(String(seq), epoch)).toEqual({ epoch, seq });
      }),
    );
  });

  test('is never anything but absent, bad, or a number that can be counted on and an epoch', () => {
    const part = fc.option(fc.oneof(fc.string(), fc.double().map(String), fc.bigInt().map(String)));
    fc.assert(
      fc.property(part, part, (after, epoch) => {
        const cursor = parseCursor(after, epoch);
        if (cursor === undefined || cursor === 'bad') return;
        expect(cursor.epoch).toBe(epoch);
        expect(Number.isSafeInteger(cursor.seq) && cursor.seq >= 0).toBe(true);
      }),
    );
  });

  test.each(['', ' 1', '1 ', '+1', '-1', '1.0', '1e3', '0x1', 'Infinity', 'NaN', '٣', '9'.repeat(16)])(
    'after=%s is bad',
    (after) => {
      expect(parseCursor(after, 'e')).toBe('bad');
    },
  );

  test.each(['', 'a b', 'a/b', 'é', 'x'.repeat(65)])('epoch=%s is bad', (epoch) => {
    expect(parseCursor('1', epoch)).toBe('bad');
  });
});
