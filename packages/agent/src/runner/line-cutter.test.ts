import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineCutter } from './line-cutter.ts';

test('whole lines come out in order however the pipe cuts them, and those that are too long are dropped', () => {
  const maxBytes = 30;
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 45 }), { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 20 }),
      (sizes, cuts) => {
        const lines = sizes.map((size, at) => String.fromCharCode(97 + (at % 26)).repeat(size));
        const stream = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        let dropped = 0;
        const cutter = new LineCutter(maxBytes, () => (dropped += 1));
        let out = '';
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const size = cuts[turn % cuts.length] ?? 1;
          out += cutter.push(stream.subarray(at, at + size))?.toString() ?? '';
          expect(cutter.restBytes).toBeLessThanOrEqual(maxBytes);
          at += size;
        }
        // What comes whole in one piece with its end may be a little longer than what would be kept.
        const slack = 12;
        const came = out.split('\n').slice(0, -1);
        expect(came.length + dropped).toBe(lines.length);
        expect(came.filter((line) => line.length <= maxBytes)).toEqual(lines.filter((line) => line.length <= maxBytes));
        expect(came.every((line) => line.length <= maxBytes + slack)).toBe(true);
        expect(cutter.restBytes).toBe(0);
      },
    ),
  );
});

test('a chunk that is used again by its owner does not change a line that is not whole yet', () => {
  const cutter = new LineCutter(100, () => undefined);
  const chunk = Buffer.from('begin');
  expect(cutter.push(chunk)).toBeUndefined();
  chunk.fill(0);
  expect(cutter.push(Buffer.from(' end\n'))?.toString()).toBe('begin end\n');
});
