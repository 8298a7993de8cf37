import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseClientMessage, permissionModes, type ClientMessage } from './client-message.ts';
import { parseMessageId } from './ids.ts';

const text = fc.string({ unit: 'binary', minLength: 1 });
const settings = fc.record(
  { model: fc.string(), permissionMode: fc.constantFrom(...permissionModes), extendedThinking: fc.boolean() },
  { requiredKeys: [] },
);
const selection = fc
  .tuple(fc.integer({ min: 1 }), fc.nat(1_000))
  .map(([start, more]) => ({ start, end: start + more }))
  .filter(({ end }) => Number.isSafeInteger(end));
const file = fc.record({ path: text, include: fc.boolean(), selection }, { requiredKeys: ['path'] });
const id = fc.stringMatching(/^[A-Za-z0-9._:-]{1,128}$/).map((value) => parseMessageId(value));

/** Every message that section 4 of docs/protocol.md allows. */
const message: fc.Arbitrary<unknown> = fc.oneof(
  fc.record(
    { type: fc.constant('prompt'), id, prompt: text, settings, context: fc.record({ files: fc.array(file) }) },
    { requiredKeys: ['type', 'prompt'] },
  ),
  fc.record({ type: fc.constant('approve'), id, toolId: text }, { requiredKeys: ['type', 'toolId'] }),
  fc.record(
    { type: fc.constant('reject'), id, toolId: text, reason: fc.string() },
    { requiredKeys: ['type', 'toolId'] },
  ),
  fc.record({ type: fc.constant('abort'), id }, { requiredKeys: ['type'] }),
  fc.record({ type: fc.constant('settings'), id, settings }, { requiredKeys: ['type', 'settings'] }),
);

describe('a client message', () => {
  test('that is right is read as it is', () => {
    fc.assert(
      fc.property(message, (value) => {
        expect(parseClientMessage(JSON.stringify(value))).toEqual({ ok: true, message: value });
      }),
    );
  });

  test('is read again from what was read', () => {
    fc.assert(
      fc.property(message, (value) => {
        const first = parseClientMessage(JSON.stringify(value));
        const again = first.ok ? parseClientMessage(JSON.stringify(first.message)) : undefined;
        expect(again).toEqual(first);
      }),
    );
  });

  test('is read without what is not known, at any depth', () => {
    const strange = fc.dictionary(fc.stringMatching(/^x[a-z]{0,5}$/), fc.jsonValue(), { minKeys: 1 });
    fc.assert(
      fc.property(message, strange, (value, more) => {
        const expected = parseClientMessage(JSON.stringify(value));
        expect(parseClientMessage(JSON.stringify({ ...more, ...(value as object) }))).toEqual(expected);
        const { settings: own } = value as { settings?: object };
        const deeper = own === undefined ? value : { ...(value as object), settings: { ...more, ...own } };
        expect(parseClientMessage(JSON.stringify(deeper))).toEqual(expected);
      }),
    );
  });

  test('never throws, and says of what is wrong what would be right', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (junk) => {
        const parsed = parseClientMessage(junk);
        expect(parsed).toEqual({ ok: false, error: expect.stringMatching(/^.{10,}/) });
      }),
    );
  });

  test('with one wrong field is refused, with its id, and the field is named', () => {
    const wrong = fc.constantFrom<readonly [string, object]>(
      ['prompt', { type: 'prompt', prompt: 1 }],
      ['settings', { type: 'prompt', prompt: 'x', settings: [] }],
      ['context', { type: 'prompt', prompt: 'x', context: 'x' }],
      ['path', { type: 'prompt', prompt: 'x', context: { files: [{}] } }],
      ['selection', { type: 'prompt', prompt: 'x', context: { files: [{ path: 'x', selection: { start: 1 } }] } }],
      ['toolId', { type: 'approve', toolId: null }],
      ['reason', { type: 'reject', toolId: 'x', reason: 1 }],
      ['permissionMode', { type: 'settings', settings: { permissionMode: 'root' } }],
      ['type', { type: 'stop' }],
      // What only the gateway says, in either of its forms.
      ['type', { type: 'checks', runId: 'r', check: 'lint', state: 'running' }],
      ['type', { type: 'post', post: { type: 'checks', runId: 'r', check: 'lint', state: 'running' } }],
    );
    fc.assert(
      fc.property(wrong, fc.option(id, { nil: undefined }), ([name, value], own) => {
        const parsed = parseClientMessage(JSON.stringify({ ...value, ...(own === undefined ? {} : { id: own }) }));
        expect(parsed).toEqual({
          ok: false,
          error: expect.stringContaining(`"${name}`),
          ...(own === undefined ? {} : { id: own }),
        });
      }),
    );
  });

  test.each([
    [
      'a field that is null is one that is absent',
      { type: 'prompt', prompt: 'x', settings: null, context: null },
      { type: 'prompt', prompt: 'x' },
    ],
    ['a prototype is no field', JSON.parse('{"type":"abort","__proto__":{"id":"x"}}') as object, { type: 'abort' }],
  ])('%s', (_name, value, expected) => {
    expect(parseClientMessage(JSON.stringify(value))).toEqual({ ok: true, message: expected as ClientMessage });
  });
});
