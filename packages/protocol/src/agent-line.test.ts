import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDelta, parseJournalLine } from './agent-line.ts';

const encoder = new TextEncoder();
const deltaStarts = ['{"type":"text",', '{"type":"thinking",'];
const isDeltaByText = (line: string): boolean => deltaStarts.some((start) => line.startsWith(start));
const kinds = [
  ...['init', 'history', 'text', 'thinking', 'superseded', 'notice', 'tool_use', 'tool_result', 'done', 'error'],
  ...['runner.accepted', 'test', 'tert', 'theatres', 'texts', 'te', 't', ''],
];

describe('a delta is recognised by its first bytes', () => {
  test('exactly when the line begins as docs/protocol.md 6.1 says, whatever it is', () => {
    const junk = fc.string({ unit: 'grapheme' });
    const lineOfKind = fc.constantFrom(...kinds).map((type) => JSON.stringify({ type, agent: 'demo', content: 'x' }));
    const cutStart = fc
      .tuple(fc.constantFrom(...deltaStarts), fc.nat(19), junk)
      .map(([start, length, rest]) => start.slice(0, length) + rest);
    const object = fc
      .dictionary(fc.constantFrom('type', 'name', 'text'), fc.constantFrom(...kinds))
      .map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(fc.oneof(junk, lineOfKind, cutStart, object), junk, (line, before) => {
        const bytes = encoder.encode(`${before}${line}\n`);
        expect(isDelta(bytes, encoder.encode(before).length)).toBe(isDeltaByText(line));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each(['{"name":"test","x":1}', '{"text":"text",}', 'xxxxxxxx"text"}', '{"type":"text"}', '{ "type":"text",}'])(
    'not %s',
    (line) => {
      expect(isDelta(encoder.encode(`${line}\n`), 0)).toBe(false);
    },
  );

  test('not beyond the end of what there is', () => {
    const line = encoder.encode('{"type":"thinking","agent":"demo"}\n');
    expect(isDelta(line, 0)).toBe(true);
    for (let length = 0; length < 19; length++) expect(isDelta(line.subarray(0, length), 0)).toBe(false);
    expect(isDelta(line, line.length)).toBe(false);
  });
});

describe('a journal line', () => {
  test('never throws, and is an object with a type that is known or nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseJournalLine(text)).toBeUndefined();
      }),
    );
  });

  test.each(kinds.slice(0, 11))('of type %s is one', (type) => {
    expect(parseJournalLine(JSON.stringify({ type, agent: 'demo' }))).toEqual({ type, agent: 'demo' });
  });

  test.each([
    '{"type":"user"}',
    '{"type":"constructor"}',
    '{"type":["text"]}',
    '[{"type":"text"}]',
    '"text"',
    '{"type":"text"',
  ])('%s is none', (text) => {
    expect(parseJournalLine(text)).toBeUndefined();
  });
});
