import { describe, expect, test } from 'vitest';
import { OutputReading } from './read-output.ts';
import type { Reading } from './reader.ts';
import {
  directory,
  readFixtures,
  told,
  type Fixture,
} from '../../../../../test/setup/record-check-fixtures/fixtures.ts';

const fixtures = readFixtures();
const outputs = fixtures.filter(({ kind }) => kind === 'output');

function readingOf({ check, bytes, returnCode }: Fixture): Reading | undefined {
  const reading = new OutputReading(check, directory);
  reading.write(bytes);
  return reading.finish(returnCode);
}

describe('what real tools print is read as the person knows it who wrote the sample', () => {
  test.each(outputs.map((fixture) => [fixture.title, fixture] as const))('%s', (_title, fixture) => {
    const { problems, ...rest } = fixture.expected;
    const said = told(readingOf(fixture));
    expect(said).toEqual({ ...rest, ...('source' in rest && { problems: problems ?? expect.any(Array) }) });
  });
});

// A pattern that is worse than linear takes longer for so many of them than a test may.
describe('a line in which no tool can be told apart for long is read like any other', () => {
  const filled = (begin: string, part: string, end: string): string =>
    begin + part.repeat((16_000 - begin.length - end.length) / part.length) + end;
  test.each([
    ['test', 'an indented TAP point', filled('ok 1 -', ' ', 'x # #')],
    ['test', 'a sum of mocha', filled('  1 passing (', '1', '!')],
    ['test', 'a heading of PHPUnit', filled('PHPUnit 1.1.1', '1', '!')],
    ['lint', 'a sum of tsc', filled('error', '1', '!')],
    ['lint', 'an address with a rule', `a${':1:1: /'.repeat(400)}${' [Error//'.repeat(300)}]]`],
    ['lint', 'a heading of biome', `A${' A A'.repeat(400)}${' '.repeat(1_000)}x━━━`],
    ['lint', 'a title of npm', filled('> /', '@', '')],
    ['lint', 'a line that was written over', filled('', '\r', 'x')],
  ] as const)('%s: %s', (check, _what, line) => {
    const reading = new OutputReading(check, directory);
    for (let count = 0; count < 400; count += 1) reading.write(Buffer.from(`\n${line}\n`));
    expect(reading.finish(0)?.counts.failed ?? null).toBeNull();
  });
});
