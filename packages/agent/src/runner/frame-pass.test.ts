import { encodeRawFrame } from '@holdfast/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FramePass } from './frame-pass.ts';

test('what comes out is what went in, in whole frames, with their kinds told before', () => {
  const frames = fc.array(
    fc.record({ kind: fc.integer({ min: 0, max: 255 }), payload: fc.uint8Array({ maxLength: 60 }) }),
    {
      maxLength: 12,
    },
  );
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 30 }), (sent, cuts) => {
      const encoded = sent.map(({ kind, payload }) => Buffer.from(encodeRawFrame(kind, 3, payload)));
      const stream = Buffer.concat(encoded);
      const ends = new Set<number>([0]);
      for (let at = 0, index = 0; index < encoded.length; index += 1) ends.add((at += encoded[index]?.length ?? 0));
      const kinds: number[] = [];
      let out = Buffer.alloc(0);
      const pass = new FramePass();
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const size = cuts[turn % cuts.length] ?? 1;
        pass.push(
          stream.subarray(at, at + size),
          (kind) => kinds.push(kind),
          (pieces) => {
            out = Buffer.concat([out, ...pieces]);
            expect(ends.has(out.length)).toBe(true);
          },
        );
        at += size;
      }
      expect(out).toEqual(stream);
      expect(kinds).toEqual(sent.map(({ kind }) => kind));
    }),
  );
});

test('a length out of bounds is refused', () => {
  const bad = Buffer.alloc(9, 0xff);
  expect(() =>
    new FramePass().push(
      bad,
      () => undefined,
      () => undefined,
    ),
  ).toThrow(RangeError);
});
