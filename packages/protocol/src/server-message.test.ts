import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseServerMessage } from './server-message.ts';

describe('a server message', () => {
  test('never throws, and has a type and no number that cannot be counted on', () => {
    const almost = fc.record(
      { type: fc.oneof(fc.string(), fc.jsonValue()), seq: fc.jsonValue() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          almost.map((value) => JSON.stringify(value)),
        ),
        (text) => {
          const message = parseServerMessage(text);
          if (message === undefined) return;
          expect(typeof message.type).toBe('string');
          if ('seq' in message) expect(Number.isSafeInteger(message.seq)).toBe(true);
        },
      ),
    );
  });

  test('of a type that is not known yet is passed on: readers ignore it', () => {
    expect(parseServerMessage('{"type":"something_new","agent":"demo"}')).toEqual({
      type: 'something_new',
      agent: 'demo',
    });
  });

  test.each([
    '',
    '{',
    '[]',
    'null',
    '{}',
    '{"type":1}',
    '{"type":"text","seq":-1}',
    '{"type":"text","seq":1.5}',
    '{"type":"text","seq":"1"}',
  ])('%s is none', (text) => {
    expect(parseServerMessage(text)).toBeUndefined();
  });
});
