import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchAfter, frameMessage, LogBatchWriter, textsOf, walkLog, type LogBatch } from './log-batch.ts';

const at = Date.UTC(2026, 0, 2, 3, 4, 5, 6);

describe('a log batch', () => {
  test('numbers each line and stamps it, in front of what it had', () => {
    const line = Buffer.from('{"type":"text","agent":"demo","content":"hi"}');
    const writer = new LogBatchWriter(99, at);
    writer.addLine(line, 0, line.length);
    writer.addLine(line, 0, line.length);
    expect(textsOf(writer.finish())).toEqual([
      '{"seq":99,"at":"2026-01-02T03:04:05.006Z","type":"text","agent":"demo","content":"hi"}',
      '{"seq":100,"at":"2026-01-02T03:04:05.006Z","type":"text","agent":"demo","content":"hi"}',
    ]);
  });

  test.each([0, 50, 70, 71, 72, 73, 74, 75, 125, 126, 65_400, 65_470, 65_535, 65_536, 200_000])(
    'frames a text of %i more characters as an RFC 6455 text frame',
    (length) => {
      const batch = contents(1, 'x'.repeat(length));
      expect(JSON.parse(textsOf(batch)[0] as string)).toMatchObject({ seq: 1, content: 'x'.repeat(length) });
    },
  );

  test('gives every line back whatever is in it and wherever numbers grow a digit', () => {
    const first = fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 1, max: 2 ** 40 }));
    fc.assert(
      fc.property(first, fc.array(fc.string({ unit: 'binary' }), { maxLength: 40 }), (firstSeq, texts) => {
        const read = textsOf(contents(firstSeq, ...texts)).map(
          (text) => JSON.parse(text) as { seq: number; content: string },
        );
        expect(read.map(({ content }) => content)).toEqual(texts);
        expect(read.map(({ seq }) => seq)).toEqual(texts.map((_, index) => firstSeq + index));
      }),
    );
  });

  test('can be cut after any message', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 40 }), (length, after) => {
        const batch = contents(10, ...Array.from({ length }, (_, index) => `m${index}`));
        const cut = batchAfter(batch, after);
        const left = textsOf(batch).filter((text) => (JSON.parse(text) as { seq: number }).seq > after);
        expect(textsOf(cut)).toEqual(left);
      }),
    );
  });

  test('that is corrupt says so instead of giving half a message', () => {
    const { bytes } = contents(1, 'hello');
    expect(() => walkLog(bytes.subarray(0, -1), () => undefined)).toThrow(RangeError);
    expect(() => walkLog(Buffer.from([0x81, 0x7f, 0, 0]), () => undefined)).toThrow(RangeError);
    expect(() => walkLog(Buffer.from('plain text'), () => undefined)).toThrow(RangeError);
  });

  test('a message that is not in the log is framed alike', () => {
    const frame = frameMessage({ type: 'heartbeat', agent: 'demo' });
    expect(textsOf({ firstSeq: 1, lastSeq: 1, bytes: frame })).toEqual(['{"type":"heartbeat","agent":"demo"}']);
  });
});

function contents(firstSeq: number, ...texts: string[]): LogBatch {
  const writer = new LogBatchWriter(firstSeq, at);
  for (const content of texts) writer.addMessage({ type: 'notice', agent: 'demo', code: 'x', content });
  return writer.finish();
}
