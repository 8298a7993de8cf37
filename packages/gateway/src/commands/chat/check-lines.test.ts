import type { CheckResult, ServerMessage } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { checkLines } from './check-lines.ts';
import { ChatRenderer } from './render.ts';

const result: CheckResult = {
  ...{ passed: true, verdict: 'passed', command: 'npm run lint', output: '', returnCode: 0, durationMs: 1234 },
  ...{ mode: 'real', simulated: false, source: 'eslint JSON', problems: [], errors: 0, warnings: 2 },
};
const problem = { file: 'src/a.ts', line: 3, column: 7, severity: 'error', message: 'no' } as const;

test('a check that runs, and one that passed, are one line', () => {
  expect(checkLines({ check: 'lint' })).toEqual(['lint runs']);
  expect(checkLines({ check: 'lint', result })).toEqual(['lint passed (0 errors, 2 warnings) · 1.2 s']);
  expect(checkLines({ check: 'lint', result: { ...result, cached: true } })).toEqual([
    'lint passed (0 errors, 2 warnings) · 1.2 s · cached',
  ]);
});

test('below one that did not pass stand the reason and the first problems', () => {
  const failed = {
    ...result,
    verdict: 'failed',
    errors: 7,
    problems: Array.from({ length: 7 }, () => problem),
  } as const;
  const lines = checkLines({ check: 'lint', result: failed });
  expect(lines).toHaveLength(7);
  expect(lines[1]).toBe('src/a.ts:3:7 no');
  expect(lines.at(-1)).toBe('and 2 more');
  const simulated = { ...result, verdict: 'simulated', reason: 'There is no script.' } as const;
  expect(checkLines({ check: 'test', result: simulated })).toEqual([
    'test simulated, nothing was run (0 errors, 2 warnings) · 1.2 s',
    'There is no script.',
  ]);
});

test('the chat shows them where they stand in the log, live and from the history, without control characters', () => {
  const reason = 'red\u001b[31m\nand more';
  const message: ServerMessage = {
    ...{ agent: 'demo', seq: 1, at: '2026-01-01T00:00:00.000Z' },
    ...({ type: 'checks', runId: 'r', check: 'lint', state: 'finished' } as const),
    result: { ...result, verdict: 'failed', reason },
  };
  const shown = new ChatRenderer(false).read([message]);
  expect(shown).toContain('◆ lint failed (0 errors, 2 warnings) · 1.2 s\n');
  expect(shown).not.toContain('\u001b');
  const history = [
    { type: 'init', agent: 'demo', mode: 'snapshot', status: 'completed', pending: [] },
    { type: 'history', agent: 'demo', history: [message], seq: 1 },
  ] as unknown as Parameters<ChatRenderer['read']>[0];
  expect(new ChatRenderer(false).read(history)).toContain('◆ lint failed');
});
