import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkNames, checkVerdicts, type CheckEvent } from '@holdfast/protocol';
import { painter } from '../chat/paint.ts';
import { widthOf } from '../conversations/table.ts';
import { tableLines, type Frame } from './live-table.ts';
import { advance, noProgress, type Progress } from './progress.ts';
import { planned, resultOf } from './testing/results.ts';

const frame: Frame = { now: 13_400, columns: 80, paint: painter(false), isEnding: false };
const after = (...events: readonly CheckEvent[]): Progress =>
  events.reduce((progress, event) => advance(progress, event, 1000), noProgress);

test('each check has a line: what waits, what runs with its newest line, what has ended with its counts', () => {
  const progress = after(
    planned('lint'),
    planned('test'),
    planned('build'),
    { type: 'started', check: 'lint' },
    { type: 'started', check: 'test' },
    { type: 'output', check: 'test', line: 'src/a.test.ts' },
    { type: 'finished', check: 'lint', result: resultOf({ verdict: 'failed', errors: 1, warnings: 2 }) },
  );
  expect(tableLines(progress, frame)).toEqual([
    '✖ lint  failed    1.2 s  1 error, 2 warnings  npm run lint',
    '⠼ test  running  12.4 s  src/a.test.ts',
    '· build waiting          npm run build (package.json script "build")',
  ]);
});

test('what was simulated, skipped or taken from an earlier run says so', () => {
  const progress = after(
    planned('lint'),
    planned('test', null),
    planned('build'),
    { type: 'finished', check: 'lint', result: resultOf({ cached: true }) },
    {
      type: 'finished',
      check: 'test',
      result: resultOf({ verdict: 'simulated', durationMs: 0, reason: 'Nothing was run.' }),
    },
    { type: 'finished', check: 'build', result: resultOf({ verdict: 'skipped', durationMs: 0, reason: 'It waits.' }) },
  );
  expect(tableLines(progress, frame)).toEqual([
    '✔ lint  passed, cached  1.2 s  npm run lint',
    '≈ test  simulated              Nothing was run.',
    '○ build skipped                It waits.  npm run build',
  ]);
});

test('a check that has written nothing shows its command; one that is being ended says so', () => {
  const progress = after(planned('lint'), { type: 'started', check: 'lint' });
  expect(tableLines(progress, { ...frame, isEnding: true })).toEqual([
    '⠼ lint ending  12.4 s  npm run lint (package.json script "lint")',
  ]);
});

test('control characters of a tool never reach the terminal', () => {
  const line = '\u001b[2Jgone\u0007 \u202eevil';
  const progress = after(
    planned('lint', '\u001b[31mx'),
    { type: 'started', check: 'lint' },
    { type: 'output', check: 'lint', line },
  );
  expect(tableLines(progress, frame)).toEqual(['⠼ lint running  12.4 s  gone \ufffdevil']);
});

test('whatever is in it, a line is narrower than the terminal', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 120 });
  const event = fc.record({
    check: fc.constantFrom(...checkNames),
    line: text,
    verdict: fc.constantFrom(...checkVerdicts),
    ends: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 6 }), text, fc.integer({ min: 1, max: 120 }), (all, command, columns) => {
      const start = after(
        ...checkNames.flatMap((check): CheckEvent[] => [planned(check, command), { type: 'started', check }]),
      );
      const progress = all.reduce((so, { check, line, verdict, ends }) => {
        const result = resultOf({ verdict, reason: line, errors: 12_345 });
        return advance(so, ends ? { type: 'finished', check, result } : { type: 'output', check, line }, 1000);
      }, start);
      for (const line of tableLines(progress, { ...frame, columns, paint: painter(true) }))
        expect(widthOf(line)).toBeLessThan(Math.max(columns, 1));
    }),
  );
});
