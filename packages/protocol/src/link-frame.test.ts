import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeData,
  decodeJsonPayload,
  decodeLog,
  encodeDataHeader,
  encodeFrame,
  encodeLog,
  encodeRawFrame,
  frameKind,
  FrameReader,
  maxFrameBytes,
} from './link-frame.ts';

type Seen = { kind: number; channel: number; payload: string };

function read(reader: FrameReader, chunks: readonly Uint8Array[]): Seen[] {
  const seen: Seen[] = [];
  for (const chunk of chunks) {
    reader.push(chunk, (frame) =>
      seen.push({ kind: frame.kind, channel: frame.channel, payload: Buffer.from(frame.payload).toString('latin1') }),
    );
  }
  return seen;
}

test('frames come out as they went in, however the stream is cut', () => {
  const frames = fc.array(
    fc.record({
      kind: fc.integer({ min: 0, max: 255 }),
      channel: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      payload: fc.uint8Array({ maxLength: 40 }),
    }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 40 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.map((frame) => encodeRawFrame(frame.kind, frame.channel, frame.payload)));
      const chunks: Uint8Array[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const size = cuts[turn % cuts.length] ?? 1;
        chunks.push(stream.subarray(at, at + size));
        at += size;
      }
      const expected = sent.map(({ kind, channel, payload }) => ({
        kind,
        channel,
        payload: Buffer.from(payload).toString('latin1'),
      }));
      expect(read(new FrameReader(), chunks)).toEqual(expected);
    }),
  );
});

test('a chunk that is used again by its owner does not change a frame that was held back', () => {
  const stream = Buffer.from(encodeFrame(frameKind.command, 1, { type: 'abort', id: 'a' }));
  const reader = new FrameReader();
  const chunk = Buffer.from(stream.subarray(0, 20));
  expect(read(reader, [chunk])).toEqual([]);
  chunk.fill(0);
  expect(read(reader, [stream.subarray(20)]).map((frame) => frame.payload)).toEqual(['{"type":"abort","id":"a"}']);
});

test('the largest frame in small chunks costs one copy of it, not one for each chunk', () => {
  const stream = encodeRawFrame(frameKind.data, 7, new Uint8Array(maxFrameBytes - 5));
  const reader = new FrameReader();
  const chunkBytes = 1024;
  const startedAt = performance.now();
  let frames = 0;
  for (let at = 0; at < stream.length; at += chunkBytes) {
    reader.push(stream.subarray(at, at + chunkBytes), () => (frames += 1));
  }
  expect(frames).toBe(1);
  // Joining at every chunk would move 8 GiB here, which takes seconds on any machine.
  expect(performance.now() - startedAt).toBeLessThan(1000);
});

test('a length out of bounds is refused', () => {
  const tooLong = Buffer.alloc(9);
  tooLong.writeUInt32BE(maxFrameBytes + 1);
  expect(() => read(new FrameReader(), [tooLong])).toThrow(RangeError);
  const tooShort = Buffer.alloc(9);
  tooShort.writeUInt32BE(4);
  expect(() => read(new FrameReader(), [tooShort])).toThrow(RangeError);
});

test('an offset of a DATA frame survives beyond 32 bits', () => {
  const offset = 2 ** 40 + 12345;
  const lines = Buffer.from('{"type":"text"}\n');
  const [frame] = read(new FrameReader(), [encodeDataHeader(3, offset, lines.length), lines]);
  const data = decodeData(Buffer.from(frame?.payload ?? '', 'latin1'));
  expect(data.offset).toBe(offset);
  expect(Buffer.from(data.lines).toString()).toBe('{"type":"text"}\n');
});

test('a payload that is no JSON object is undefined', () => {
  expect(decodeJsonPayload(Buffer.from('{"offset":1}'))).toEqual({ offset: 1 });
  expect(decodeJsonPayload(Buffer.from('[1]'))).toBeUndefined();
  expect(decodeJsonPayload(Buffer.from('nonsense'))).toBeUndefined();
});

test('what a check has put out keeps its check, its offset and its bytes', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('lint', 'test', 'build'),
      fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
      fc.uint8Array({ maxLength: 40 }),
      (check, offset, bytes) => {
        const frame = encodeLog(7, check, offset, bytes);
        new FrameReader().push(frame, ({ kind, channel, payload }) => {
          expect([kind, channel]).toEqual([frameKind.log, 7]);
          expect(decodeLog(payload)).toEqual({ check, offset, bytes });
        });
      },
    ),
  );
});

test('output of a check that this version does not know is passed over', () => {
  expect(decodeLog(Uint8Array.from([9, 0, 0, 0, 0, 0, 0, 0, 0]))).toBeUndefined();
  expect(decodeLog(new Uint8Array(3))).toBeUndefined();
});
