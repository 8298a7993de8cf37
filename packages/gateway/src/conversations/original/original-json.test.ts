import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exactNumber, parseOriginalJson } from './original-json.ts';

describe('JSON that Python wrote', () => {
  test('is read as JSON.parse reads it, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(parseOriginalJson(text)).toEqual({ value: JSON.parse(text), numbersAsText: 0 });
      }),
    );
  });

  test.each([
    ['{"a": 12345678901234567890}', { a: '12345678901234567890' }, 1],
    ['[9007199254740993, -9007199254740993]', ['9007199254740993', '-9007199254740993'], 2],
    ['[9007199254740992, 1152921504606846976]', [9_007_199_254_740_992, 1_152_921_504_606_846_976], 0],
    ['[0.1, 1e22, 1.7976931348623157e+308, 5e-324, -0.0]', [0.1, 1e22, 1.7976931348623157e308, 5e-324, -0], 0],
    ['[1e400, 1e-400]', ['1e400', '1e-400'], 2],
    ['[3.14159265358979323846264338]', ['3.14159265358979323846264338'], 1],
    ['{"a": NaN, "b": [Infinity, -Infinity]}', { a: 'NaN', b: ['Infinity', '-Infinity'] }, 3],
    ['["NaN, \\"Infinity\\" \\\\", NaN]', ['NaN, "Infinity" \\', 'NaN'], 1],
    ['["\\ud800", "\\u0000"]', ['\ud800', '\u0000'], 0],
  ])('%s', (text, value, numbersAsText) => {
    expect(parseOriginalJson(text)).toEqual({ value, numbersAsText });
  });

  test.each(['', '{', '{"a": 1', "{'a': 1}", 'None', '{"a": nan}', 'NaNs', '[1,]', '\u0000'])('%j is none', (text) => {
    expect(parseOriginalJson(text)).toBeUndefined();
  });

  test('an integer is one that is that integer or is written like it, else its text', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (integer) => {
        const read = exactNumber(String(integer));
        if (typeof read === 'string' || String(read) === String(integer)) expect(String(read)).toBe(String(integer));
        else expect(BigInt(read)).toBe(integer);
      }),
    );
  });
});
