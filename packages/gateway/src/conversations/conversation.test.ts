import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { titleOf } from './conversation.ts';

describe('a title', () => {
  test('is the first line of the prompt that says something', () => {
    expect(titleOf('\n  Fix the login\nand more')).toBe('Fix the login');
    expect(titleOf('')).toBe('');
  });

  test('is cut at 80 characters, never through an emoji', () => {
    expect(titleOf('x'.repeat(80))).toBe('x'.repeat(80));
    expect(titleOf('x'.repeat(81))).toBe(`${'x'.repeat(79)}…`);
    expect(titleOf('🧀'.repeat(50))).toBe(`${'🧀'.repeat(39)}…`);
  });

  test('of any prompt is one line of at most 80 characters of well-formed text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.nat(0xff_ff).map((code) => String.fromCharCode(code)) }), (prompt) => {
        const title = titleOf(prompt);
        expect(title.isWellFormed()).toBe(true);
        expect(title.length).toBeLessThanOrEqual(80);
        expect(title).not.toContain('\n');
      }),
    );
  });
});
