import { describe, expect, test } from 'vitest';
import type { CheckEvent, CheckResult, CheckRun, ProjectId, UserId } from '@holdfast/protocol';
import { publishedRun } from './published-run.ts';
import { applyEvent, checksOf, endRun, newRun, type RunRecord } from './run-record.ts';

const fresh = newRun({
  ...{ runId: 'r', projectId: 'shop' as ProjectId, userId: 'ada' as UserId, conversationId: null, directory: '/srv' },
  ...{ mode: 'auto', owner: 'o', startedAt: 1_000, only: ['lint', 'test'] },
});
const result: CheckResult = {
  ...{ passed: true, verdict: 'passed', command: 'x', output: '', returnCode: 0, durationMs: 1, mode: 'real' },
  ...{ simulated: false, source: null, problems: [] },
};
const run: CheckRun = { allPassed: true, lint: result, tests: result, build: null, gates: [], message: '' };
const after = (record: RunRecord, ...events: readonly CheckEvent[]): RunRecord =>
  events.reduce((one, event) => applyEvent(one, event, 5_000), record);
const started: CheckEvent = { type: 'started', check: 'lint' };
const finished: CheckEvent = { type: 'finished', check: 'lint', result };
const statesOf = (record: RunRecord): unknown => checksOf(record).map(([check, { state }]) => `${check} ${state}`);

describe('a run of checks', () => {
  test('follows what the machine says, check by check', () => {
    const line: CheckEvent = { type: 'output', check: 'lint', line: '3 files' };
    expect(statesOf(fresh)).toEqual(['lint waiting', 'test waiting']);
    const running = after(fresh, started, line);
    expect(running.checks.lint).toMatchObject({ state: 'running', line: '3 files', hasRun: true });
    const ended = after(running, finished, line);
    expect(ended.checks.lint).toEqual({ state: 'finished', command: null, why: null, hasRun: true, result });
    expect(after(ended, { type: 'done', run })).toMatchObject({ state: 'finished', endedAt: 5_000, run });
  });

  test('says who named a command, where that was not the machine', () => {
    const planned: CheckEvent = { type: 'planned', check: 'lint', command: 'make lint', why: '--lint', timeoutMs: 1 };
    expect(applyEvent(fresh, planned, 0).checks.lint).toMatchObject({ command: 'make lint', why: '--lint' });
    expect(applyEvent(fresh, planned, 0, { lint: 'CHECK_COMMAND_LINT' }).checks.lint?.why).toBe('CHECK_COMMAND_LINT');
  });

  test('that ends early keeps what had finished, and gives the rest the verdict and the reason', () => {
    const ended = endRun(after(fresh, started, finished), { verdict: 'cancelled', reason: 'Because.', now: 9_000 });
    expect(ended).toMatchObject({ state: 'finished', endedAt: 9_000, reason: 'Because.' });
    expect(ended.run).toMatchObject({
      allPassed: false,
      lint: { verdict: 'passed' },
      tests: { verdict: 'cancelled', passed: false, reason: 'Because.', durationMs: 0 },
      build: null,
    });
  });

  test('that has finished changes no more', () => {
    const done = after(fresh, { type: 'done', run });
    expect(after(done, started)).toBe(done);
    expect(endRun(done, { verdict: 'cancelled', reason: 'Late.', now: 9_000 })).toBe(done);
  });

  test('is published with times that people read, and nothing of who runs it', () => {
    const published = publishedRun(after(fresh, started));
    expect(published).toMatchObject({
      ...{ runId: 'r', workingDir: '/srv', startedAt: '1970-01-01T00:00:01.000Z', endedAt: null, run: null },
      checks: { lint: { state: 'running', line: null, result: null }, test: { state: 'waiting' } },
    });
    expect(published).not.toHaveProperty('owner');
  });
});
