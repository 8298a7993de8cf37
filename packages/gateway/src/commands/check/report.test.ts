import { expect, test } from 'vitest';
import { painter } from '../chat/paint.ts';
import { maxShown, reportLines, type ReportStyle } from './report.ts';
import { problemOf, resultOf, runOf } from './testing/results.ts';

const grouped: ReportStyle = { paint: painter(false), isGrouped: true };
const flat: ReportStyle = { paint: painter(false), isGrouped: false };
const failed = { passed: false, verdict: 'failed', returnCode: 1 } as const;

test('on a terminal problems stand below their file, the gates below them, and the verdict in the last line', () => {
  const lint = resultOf({
    ...failed,
    errors: 1,
    warnings: 1,
    problems: [
      problemOf(),
      problemOf({ file: 'src/b.ts' }),
      problemOf({ line: 12, column: null, severity: 'warning', message: 'y\nis unused' }),
    ],
  });
  const gates = [{ rule: 'lint.warnings<=0', isMet: false, actual: 1, reason: 'It is 1, not <= 0.' }];
  expect(reportLines(runOf({ lint, tests: resultOf(), gates }), '2.0 s', grouped)).toEqual([
    '',
    'src/a.ts',
    '  3:7  error    x is not defined  no-undef',
    '   12  warning  y is unused  no-undef',
    'src/b.ts',
    '  3:7  error    x is not defined  no-undef',
    '',
    '✖ gate lint.warnings<=0: missed. It is 1, not <= 0.',
    '',
    'Not passed: lint failed (1 error, 1 warning), 1 of 1 gate missed, in 2.0 s.',
  ]);
});

test('elsewhere each problem names its file, so that other programs find it', () => {
  const lint = resultOf({ ...failed, problems: [problemOf(), problemOf({ file: null, line: null, column: null })] });
  expect(reportLines(runOf({ lint }), '2.0 s', flat)).toEqual([
    '  src/a.ts:3:7: error: x is not defined  no-undef',
    '  error: x is not defined  no-undef',
    'Not passed: lint failed, in 2.0 s.',
  ]);
});

test('of too many problems the errors are shown and the rest is counted', () => {
  const warnings = Array.from({ length: maxShown }, () => problemOf({ severity: 'warning' }));
  const run = runOf({
    lint: resultOf({ problems: warnings }),
    tests: resultOf({ ...failed, problems: [problemOf()] }),
  });
  const lines = reportLines(run, '2.0 s', flat);
  expect(lines.filter((line) => line.includes(': warning: '))).toHaveLength(maxShown - 1);
  expect(lines.filter((line) => line.includes(': error: '))).toHaveLength(1);
  expect(lines).toContain('… and 1 more problem');
});

test('a check that failed without a problem that anybody knows shows the end of its output, and where the whole lies', () => {
  const output = `${Array.from({ length: 40 }, (_, at) => `line ${at}`).join('\n')}\n`;
  const build = resultOf({ ...failed, reason: 'Signal 9 ended it.', output, logFile: '/logs/build.log' });
  const lines = reportLines(runOf({ build }), '2.0 s', flat);
  expect(lines.slice(0, 3)).toEqual(['build: Signal 9 ended it.', 'build: the end of what it wrote', '  │ line 15']);
  expect(lines.slice(-3)).toEqual([
    '  │ line 39',
    '  the whole output of build: /logs/build.log',
    'Not passed: build failed, in 2.0 s.',
  ]);
});

test.each([
  [{ lint: resultOf(), tests: resultOf({ cached: true }) }, 'Passed: lint, test (cached), in 2.0 s.'],
  [
    { lint: resultOf(), tests: resultOf({ verdict: 'simulated', simulated: true }) },
    'Not passed: test simulated, in 2.0 s.',
  ],
  [{ allPassed: false }, 'Not passed: nothing was checked, in 2.0 s.'],
  [
    { allPassed: false, lint: resultOf(), gates: [{ rule: 'x', isMet: false, actual: null, reason: 'unknown' }] },
    'Not passed: 1 of 1 gate missed, in 2.0 s.',
  ],
] as const)('the verdict of %j marks what is not plainly passed', (rest, sentence) => {
  expect(reportLines(runOf(rest), '2.0 s', flat).at(-1)).toBe(sentence);
});

test('a tool cannot paint over the verdict', () => {
  const evil = 'x\u001b[1A\u001b[2K\r\u202e';
  const build = resultOf({ ...failed, output: evil, reason: evil, logFile: evil });
  const lint = resultOf({ ...failed, problems: [problemOf({ file: evil, message: evil, rule: evil })] });
  for (const style of [grouped, flat])
    expect(reportLines(runOf({ lint, build }), '1 s', style).join('\n')).not.toMatch(
      /[\u0000-\u0009\u000b-\u001f\u202e]/,
    );
});
