import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Excerpt } from './excerpt.ts';
import { openOutputLog } from './output-log.ts';

function excerptOf(text: string, size: number): Excerpt {
  const excerpt = new Excerpt();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) excerpt.add(bytes.subarray(at, at + size));
  return excerpt;
}

const unit = fc.constantFrom('a', '\n', 'é', '漢', '😀');

describe('the excerpt of an output', () => {
  it('is the whole of a short one', () => {
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 600 }), fc.integer({ min: 1, max: 700 }), (units, size) => {
        const excerpt = excerptOf(units.join(''), size);
        expect(excerpt.text()).toBe(units.join(''));
        expect(excerpt.isWhole).toBe(true);
      }),
    );
  });

  it('is head and tail of a long one, at most 2000 characters, with no character cut in two and the cut counted', () => {
    fc.assert(
      fc.property(
        fc.array(unit, { minLength: 2001, maxLength: 9000, size: 'max' }),
        fc.integer({ min: 1, max: 9000 }),
        (units, size) => {
          const whole = units.join('');
          const excerpt = excerptOf(whole, size);
          const text = excerpt.text();
          expect(excerpt.isWhole).toBe(false);
          expect(text.length).toBeLessThanOrEqual(2000);
          expect(text.isWellFormed()).toBe(true);
          const {
            head = '',
            cut,
            tail = '',
          } = /^(?<head>.*)\n\[… (?<cut>\d+) bytes cut …\]\n(?<tail>.*)$/s.exec(text)?.groups ?? {};
          expect(whole.startsWith(head) && whole.endsWith(tail)).toBe(true);
          expect(Math.min(head.length, tail.length)).toBeGreaterThan(900);
          expect(Buffer.byteLength(head) + Number(cut) + Buffer.byteLength(tail)).toBe(Buffer.byteLength(whole));
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('the log of an output', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'holdfast-log-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is whole up to its limit; beyond it has begin and end, and says how much is missing', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 12 }), (sizes) => {
        const path = join(folder, 'a', 'x.log');
        const log = openOutputLog(path, 100);
        const chunks = sizes.map((size, index) => Buffer.alloc(size, 97 + index));
        for (const chunk of chunks) log.add(chunk);
        const whole = Buffer.concat(chunks).toString();
        const said = log.close();
        const written = readFileSync(path, 'utf8');
        if (whole.length <= 100) {
          expect([written, said]).toEqual([whole, undefined]);
          return;
        }
        const lost = whole.length - 100;
        expect(written).toBe(
          `${whole.slice(0, 50)}\n[… ${lost} bytes left out: the log is limited to 100 …]\n${whole.slice(-50)}`,
        );
        expect(said).toBe(`the log leaves ${lost} bytes out`);
      }),
    );
  });
});
