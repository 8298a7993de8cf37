import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { directory, readFixtures, type Fixture } from '../../../../../test/setup/record-check-fixtures/fixtures.ts';
import { OutputReading } from './read-output.ts';
import type { Reading } from './reader.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const outputs = readFixtures().filter(({ kind }) => kind === 'output');
/** What stops in the middle of these has said everything of its first part. */
const several = /two-runs|modules|two-assemblies|both-fail|clean-then-types/;
const single = outputs.filter(({ file }) => !several.test(file));

function readingOf(fixture: Fixture, pieces: readonly Uint8Array[], returnCode: number | null): Reading | undefined {
  const reading = new OutputReading(fixture.check, directory);
  for (const piece of pieces) reading.write(piece);
  return reading.finish(returnCode);
}

const wholeOf = (fixture: Fixture): Reading | undefined => readingOf(fixture, [fixture.bytes], fixture.returnCode);

/** What programs log: it says much, and nothing in the form of a tool. */
const noise = fc.oneof(
  fc.constantFrom(
    'error: 12 failed',
    'Tests: 12 failed, 3 passed',
    '12 passing',
    'Found 3 errors',
    'ok 17 - the order was paid',
    'FAILED 4 of 12',
    '# tests 99',
    'ℹ tests 12',
    '    at somewhere (file.js:1:2)',
    '> shop@1.0.0 test',
    '{ a: 1 }',
    '{',
    '[',
    '[info] begun',
    '=== 3 passed in 0.01s ===',
    'src/cart.ts: error',
    '\u001B[31mError\u001B[39m: no',
    '10%\r20%\rdone',
  ),
  fc.string({ unit: 'grapheme', maxLength: 80 }).filter((text) => !text.includes('\n')),
);
const numberNames = ['warnings', 'errors', 'total', 'passedCount', 'failed', 'skipped'] as const;

/** No number but the right one. */
function expectNothingWrong(said: Reading | undefined, whole: Reading | undefined, title: string): void {
  for (const name of numberNames) {
    const count = said?.counts[name] ?? null;
    if (count !== null) expect([title, name, count]).toEqual([title, name, whole?.counts[name]]);
  }
  if (whole?.saysFailed === true) expect([title, said?.saysFailed]).not.toEqual([title, false]);
}

describe('whatever is recorded', () => {
  test('is read alike in whatever pieces it comes', () => {
    const cuts = fc.array(fc.nat(), { maxLength: 12 });
    fc.assert(
      fc.property(fc.constantFrom(...outputs), cuts, (fixture, at) => {
        const ends = [...new Set(at.map((cut) => cut % (fixture.bytes.length + 1)))].sort((a, b) => a - b);
        const pieces = [0, ...ends].map((begin, index) => fixture.bytes.subarray(begin, ends[index]));
        expect(readingOf(fixture, pieces, fixture.returnCode)).toEqual(wholeOf(fixture));
      }),
      { numRuns: 1_000 },
    );
  });

  test.each(outputs.map((fixture) => [fixture.title, fixture] as const))('byte by byte: %s', (_title, fixture) => {
    const bytes = Array.from(fixture.bytes, (byte) => Uint8Array.of(byte));
    expect(readingOf(fixture, bytes, fixture.returnCode)).toEqual(wholeOf(fixture));
  });

  test('says no wrong number when it is cut, and does not say that all is well', () => {
    fc.assert(
      fc.property(fc.constantFrom(...single), fc.nat(), (fixture, at) => {
        const cut = fixture.bytes.subarray(0, at % (fixture.bytes.length + 1));
        expectNothingWrong(
          readingOf(fixture, [cut], null),
          wholeOf(fixture),
          `${fixture.title} cut after ${cut.length}`,
        );
      }),
      { numRuns: 5_000 },
    );
  });

  test('says no wrong number when it is cut at the end of any line', () => {
    for (const fixture of single) {
      const whole = wholeOf(fixture);
      fixture.bytes.forEach((byte, at) => {
        if (byte !== 0x0a) return;
        const said = readingOf(fixture, [fixture.bytes.subarray(0, at + 1)], null);
        expectNothingWrong(said, whole, `${fixture.title} cut after ${at + 1}`);
      });
    }
  });

  /** Silence is broken by any log. */
  const speaking = outputs.filter(({ expected }) => expected.source?.endsWith('(silent)') !== true);

  test('says the same with a log before and after it', () => {
    const logs = fc.array(noise, { maxLength: 5 });
    // An output that begins or ends in the middle of a line has no line there.
    const encode = (lines: readonly string[]): Uint8Array =>
      new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''));
    fc.assert(
      fc.property(fc.constantFrom(...speaking), logs, logs, (fixture, before, after) => {
        const end = Uint8Array.of(0x0a);
        const said = readingOf(fixture, [encode(before), fixture.bytes, end, encode(after)], fixture.returnCode);
        expect(said).toEqual(wholeOf(fixture));
      }),
      { numRuns: 2_000 },
    );
  });

  test('says the same or less, and nothing wrong, with a log between its lines', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...single),
        fc.array(fc.tuple(fc.nat(), noise), { minLength: 1, maxLength: 4 }),
        (fixture, logs) => {
          const lines = new TextDecoder().decode(fixture.bytes).split('\n');
          for (const [at, line] of logs) lines.splice(at % lines.length, 0, line);
          const said = readingOf(fixture, [new TextEncoder().encode(lines.join('\n'))], fixture.returnCode);
          expectNothingWrong(said, wholeOf(fixture), `${fixture.title} with ${JSON.stringify(logs)}`);
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

test('memory stays bounded whatever is printed', () => {
  const line = new TextEncoder().encode(`${'x'.repeat(90)}\n`.repeat(700));
  const hostile = [
    line,
    new TextEncoder().encode('src/a.ts(1,1): error TS1: no\n'.repeat(2_000)),
    new TextEncoder().encode('no end of this line '.repeat(3_000)),
    new TextEncoder().encode(`{"a":"${'y'.repeat(60_000)}`),
    new TextEncoder().encode('ok 1 - x\n=== RUN   TestA\nRUN  v1.0.0 /x\n FAIL  a.test.js > b\n'.repeat(1_000)),
    new TextEncoder().encode('\u001B['.repeat(30_000)),
  ];
  for (const check of ['lint', 'test', 'build'] as const) {
    for (const bytes of hostile) {
      const reading = new OutputReading(check, directory);
      const before = heapUsed();
      for (let written = 0; written < 24 * 1024 * 1024; written += bytes.length) reading.write(bytes);
      const grown = heapUsed() - before;
      reading.finish(1);
      expect(grown).toBeLessThan(12 * 1024 * 1024);
    }
  }
});

/** What is left when all that can be collected is collected. */
function heapUsed(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
