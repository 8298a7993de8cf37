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
