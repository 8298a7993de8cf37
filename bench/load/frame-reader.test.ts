import fc from 'fast-check';
import { expect, test } from 'vitest';
import { markByte, nowMicros, readMark, writeMark } from '../line-mark.ts';
import { FrameReader } from './frame-reader.ts';

/** An unmasked text frame, as servers send it. */
function serverFrame(payload: Buffer): Buffer {
  const head = Buffer.from([0x81]);
  if (payload.length < 126) return Buffer.concat([head, Buffer.from([payload.length]), payload]);
  const length = Buffer.alloc(payload.length < 65_536 ? 3 : 9);
  if (payload.length < 65_536) {
    length[0] = 126;
    length.writeUInt16BE(payload.length, 1);
  } else {
    length[0] = 127;
    length.writeBigUInt64BE(BigInt(payload.length), 1);
  }
  return Buffer.concat([head, length, payload]);
}

test('the load client gets the same frames, however the stream is cut', () => {
  const lengths = fc.array(fc.oneof(fc.nat(300), fc.integer({ min: 65_530, max: 65_540 })), { maxLength: 12 });
  fc.assert(
    fc.property(lengths, fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1 }), (sizes, cuts) => {
      const sent = sizes.map((size, index) => Buffer.alloc(size, index));
      const stream = Buffer.concat(sent.map(serverFrame));
      const got: Buffer[] = [];
      const reader = new FrameReader((_opcode, bytes, begin, end) => got.push(Buffer.from(bytes.subarray(begin, end))));
      for (let at = 0, cut = 0; at < stream.length; cut += 1) {
        const size = cuts[cut % cuts.length] ?? 1;
        reader.push(stream.subarray(at, at + size));
        at += size;
      }
      expect(got).toEqual(sent);
    }),
  );
});

test('a mark tells the time that was written', () => {
  const line = Buffer.alloc(20, '.');
  const now = nowMicros();
  line[2] = markByte;
  writeMark(line, 3, now);
  expect(readMark(line, 2)).toBe(now);
  expect(line.toString().slice(3, 18)).toMatch(/^0\d{14}$/);
});
