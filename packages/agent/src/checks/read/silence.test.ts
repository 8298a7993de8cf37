import { describe, expect, test } from 'vitest';
import { OutputReading } from './read-output.ts';
import type { Reading } from './reader.ts';

function readingOf(text: string, returnCode: number | null = 0): Reading | undefined {
  const reading = new OutputReading('lint', '/home/ada/project');
  reading.write(new TextEncoder().encode(text));
  return reading.finish(returnCode);
}

const clean = { errors: 0, warnings: 0 };

describe('a linter that prints nothing', () => {
  test.each([
    ['npm', '\n> shop@1.0.0 lint\n> eslint src\n\n'],
    ['npm without a version', '\n> lint\n> eslint src\n\n'],
    ['pnpm', '\n> shop@1.0.0 lint /home/ada/project\n> eslint src --max-warnings 0 && tsc --noEmit\n\n'],
    ['yarn', 'yarn run v1.22.22\n$ stylelint "src/**/*.css"\nDone in 0.52s.\n'],
    ['bun', '$ tsc -p tsconfig.json\n'],
  ])('has found nothing when %s says that it was run', (_name, text) => {
    expect(readingOf(text)?.counts).toEqual(clean);
  });

  test.each([
    ['nobody says that it was run', ''],
    ['something else was printed', '> shop@1.0.0 lint\n> eslint src\n\nhello\n'],
    ['it was told to keep its warnings to itself', '> shop@1.0.0 lint\n> eslint --quiet src\n'],
    ['it was told to write elsewhere', '> shop@1.0.0 lint\n> eslint -o report.txt src\n'],
    ['another tool was run too', '> shop@1.0.0 lint\n> eslint src && lint-more\n'],
    ['the shell swallows what it says', '> shop@1.0.0 lint\n> eslint src > /dev/null\n'],
    ['the shell forgives it', '> shop@1.0.0 lint\n> eslint src || exit 0\n'],
  ])('says nothing when %s', (_name, text) => {
    expect(readingOf(text)).toBeUndefined();
  });

  test('says nothing when it failed, or was ended', () => {
    expect(readingOf('> shop@1.0.0 lint\n> eslint src\n', 1)).toBeUndefined();
    expect(readingOf('> shop@1.0.0 lint\n> eslint src\n', null)).toBeUndefined();
  });
});
