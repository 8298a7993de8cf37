import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newId, parseAgentName, parseConversationId, parseMessageId, parseProjectId } from './ids.ts';

const parsers = { parseMessageId, parseConversationId, parseProjectId, parseAgentName };

describe('an id', () => {
  test.each(Object.entries(parsers))('%s gives back what it was given, or nothing', (_name, parse) => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.anything()), (value) => {
        expect([value, undefined]).toContain(parse(value));
      }),
    );
  });

  test.each(Object.entries(parsers))(
    '%s takes no id that is empty, too long, or has a control character',
    (_name, parse) => {
      for (const value of ['', 'x'.repeat(257), 'a\n', '\na', 'a\0b', '\u007f', 7, null, undefined, ['a']]) {
        expect(parse(value)).toBeUndefined();
      }
    },
  );

  test('a new one is new, and fits wherever an id is asked for', () => {
    const ids = Array.from({ length: 1_000 }, () => newId());
    expect(new Set(ids).size).toBe(1_000);
    for (const id of ids) {
      expect(id).toMatch(/^[0-9a-f]{32}$/);
      for (const parse of Object.values(parsers)) expect(parse(id)).toBe(id);
    }
  });

  test.each(['.', '..', 'a/b', 'a\\b', 'C:', 'ä', 'a b', '%2e', 'x'.repeat(65)])(
    'of a conversation is safe as a file name: not %s',
    (value) => {
      expect(parseConversationId(value)).toBeUndefined();
    },
  );

  test.each(['Shop', 'shop_1', 'shöp', 'shop.', 'x'.repeat(65)])('of a project is not %s', (value) => {
    expect(parseProjectId(value)).toBeUndefined();
  });

  test.each(['claude', 'acp:gemini --experimental-acp', 'ä'.repeat(256)])('of an agent may be %s', (value) => {
    expect(parseAgentName(value)).toBe(value);
  });
});
