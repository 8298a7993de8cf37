import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Journal } from './journal.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hf-journal-'));
  path = join(folder, 'journal');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const open = (): Journal => new Journal(path, () => undefined);
const lineFrom = (journal: Journal, offset: number): string => {
  const target = Buffer.alloc(64);
  const read = journal.read(journal.positionOf(offset), target);
  return target.subarray(0, read).toString().split('\n')[0] ?? '';
};

test('a line is found by its offset, while it is written and after it is opened again', () => {
  const chunk = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 700 });
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 20 }), (chunks, wanted) => {
      rmSync(path, { force: true });
      const journal = open();
      const lines: string[] = [];
      for (const sizes of chunks) {
        const texts = sizes.map((size, at) => `${lines.length + at}:${'x'.repeat(size)}`);
        lines.push(...texts);
        journal.append(Buffer.from(texts.map((text) => `${text}\n`).join('')), texts.length, false);
      }
      const again = open();
      for (const each of [journal, again]) {
        expect(each.next).toBe(lines.length);
        for (const number of wanted) {
          const offset = number % (lines.length + 1);
          expect(lineFrom(each, offset)).toBe(lines[offset] ?? '');
        }
        each.close();
      }
    }),
    { numRuns: 40 },
  );
});

test('a file that was cut anywhere is opened with its whole lines', () => {
  const whole = Buffer.from('{"a":1}\n{"b":2}\n{"c":3}\n');
  for (let size = 0; size <= whole.length; size += 1) {
    writeFileSync(path, whole.subarray(0, size));
    const seen: string[] = [];
    const journal = new Journal(path, (line) => seen.push(line.toString()));
    const kept = whole.subarray(0, whole.subarray(0, size).lastIndexOf(10) + 1).toString();
    expect(readFileSync(path, 'utf8')).toBe(kept);
    expect(seen).toEqual(kept.split('\n').slice(0, -1));
    journal.append(Buffer.from('{"d":4}\n'), 1, true);
    expect(readFileSync(path, 'utf8')).toBe(`${kept}{"d":4}\n`);
    journal.close();
  }
});

test('a line longer than a block is read whole', () => {
  const long = 'x'.repeat(3_000_000);
  writeFileSync(path, `first\n${long}\nlast\n`);
  appendFileSync(path, 'torn'.repeat(1_000_000));
  const seen: number[] = [];
  const journal = new Journal(path, (line) => seen.push(line.length));
  expect(seen).toEqual([5, long.length, 4]);
  expect(lineFrom(journal, 2)).toBe('last');
  expect(lineFrom(journal, 3)).toBe('');
  journal.close();
});
