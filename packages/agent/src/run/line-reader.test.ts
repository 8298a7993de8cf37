import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineReader } from './line-reader.ts';

function read(chunks: readonly Buffer[]): { lines: string[]; tooLong: number } {
  const seen = { lines: [] as string[], tooLong: 0 };
  const reader = new LineReader(
    (line) => seen.lines.push(line),
    () => (seen.tooLong += 1),
  );
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return seen;
}

describe('LineReader', () => {
  it('gives the same lines however the stream is cut', () => {
    const line = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => !/\n/.test(text) && text.trim() !== '');
    fc.assert(
      fc.property(fc.array(line), fc.integer({ min: 1, max: 7 }), (lines, size) => {
        const bytes = Buffer.from(lines.join('\n'));
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        );
        expect(read(chunks).lines).toEqual(lines.map((text) => Buffer.from(text).toString()));
      }),
    );
  });

  it('drops a line that is too long, says so, and goes on with the next', () => {
    const megabyte = Buffer.alloc(1_048_576, 'x');
    const chunks = [megabyte, megabyte, megabyte, megabyte, megabyte, Buffer.from('x\nnext\n')];
    expect(read(chunks)).toEqual({ lines: ['next'], tooLong: 1 });
  });

  it('leaves empty lines out', () => {
    expect(read([Buffer.from('\n \na\n\n')]).lines).toEqual(['a']);
  });
});
