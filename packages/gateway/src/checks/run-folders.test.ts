import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ProjectId, UserId } from '@holdfast/protocol';
import { isRunId, newRunId, RunFolders } from './run-folders.ts';
import { finishDeadLogs, hasLog, readLog, RunLogs } from './run-logs.ts';
import { newRun, type RunRecord } from './run-record.ts';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'runs-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const never = new AbortController().signal;
const recordOf = (runId: string): RunRecord =>
  newRun({
    ...{ runId, projectId: 'shop' as ProjectId, userId: 'ada' as UserId, conversationId: null, directory: '/' },
    ...{ mode: 'auto', owner: 'o', startedAt: 1, only: ['lint'] },
  });
async function textOf(log: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of log) parts.push(part);
  return Buffer.concat(parts).toString();
}

test('ids sort by their time and are safe as names', () => {
  const ids = [1, 1_000, Date.now(), Date.now() + 1].map(newRunId);
  expect(ids.toSorted()).toEqual(ids);
  expect(ids.every(isRunId)).toBe(true);
  for (const bad of ['', '..', '../x', `${ids[0]}/..`, `${ids[0]} `]) expect(isRunId(bad)).toBe(false);
});

test('what is saved is read, and what is not there or is damaged is not', async () => {
  const folders = new RunFolders(root);
  const record = recordOf(newRunId(1));
  await folders.create(record);
  expect(await folders.read(record.runId)).toEqual(record);
  expect(await folders.read(newRunId(2))).toBeUndefined();
  expect(await folders.read('../etc')).toBeUndefined();
  writeFileSync(join(folders.path(record.runId), 'run.json'), '{"runId":');
  expect(await folders.read(record.runId)).toBeUndefined();
  expect(await new RunFolders(join(root, 'nowhere')).ids()).toEqual([]);
});

test('the oldest go when there are too many, but none that is used', async () => {
  const folders = new RunFolders(root, { maxRuns: 2, maxBytes: 1_000_000 });
  const ids = [1, 2, 3, 4, 5].map(newRunId);
  for (const id of ids) await folders.create(recordOf(id));
  const [first = '', second = ''] = ids;
  writeFileSync(join(folders.path(second), 'lint.log.part'), '');
  await folders.prune(new Set([first]));
  expect(await folders.ids()).toEqual([first, second, ids[3], ids[4]]);
});

test('the oldest go when they are too large together', async () => {
  const folders = new RunFolders(root, { maxRuns: 100, maxBytes: 25_000 });
  const ids = [1, 2, 3].map(newRunId);
  for (const id of ids) {
    await folders.create(recordOf(id));
    writeFileSync(join(folders.path(id), 'lint.log'), 'x'.repeat(10_000));
  }
  await folders.prune(new Set());
  expect(await folders.ids()).toEqual(ids.slice(1));
});

test('a log is read while it grows, in order and to its end, by any number of readers', async () => {
  const logs = await RunLogs.open(root, ['lint', 'test']);
  const reading = [1, 2].map(() => textOf(readLog(root, 'lint', { live: logs, signal: never })));
  const pieces = Array.from({ length: 200 }, (_, index) => Buffer.from(`${index} ${'x'.repeat(index * 10)}\n`));
  await Promise.all(pieces.map((piece) => logs.append('lint', piece)));
  await logs.append('test', Buffer.from('other'));
  await Promise.all([logs.finish(), logs.finish()]);
  const whole = Buffer.concat(pieces).toString();
  expect(await Promise.all(reading)).toEqual([whole, whole]);
  expect(await textOf(readLog(root, 'lint', { live: undefined, signal: never }))).toBe(whole);
  expect(readdirSync(root)).toEqual(['lint.log', 'test.log']);
  expect(statSync(join(root, 'lint.log')).mode & 0o777).toBe(0o600);
  expect([await hasLog(root, 'lint'), await hasLog(root, 'build')]).toEqual([true, false]);
});

test('what is missing in a log stands at its end, also when the gateway that wrote it is dead', async () => {
  const logs = await RunLogs.open(root, ['lint', 'test']);
  const last = logs.append('lint', Buffer.from('begun'));
  await logs.finish('the connection broke');
  await last;
  expect(await textOf(readLog(root, 'lint', { live: logs, signal: never }))).toBe(
    'begun\n[… the connection broke …]\n',
  );
  writeFileSync(join(root, 'build.log.part'), 'half');
  await finishDeadLogs(root, ['test', 'build'], 'it was killed');
  expect(await textOf(readLog(root, 'build', { live: undefined, signal: never }))).toBe('half\n[… it was killed …]\n');
});

test('who reads and goes away is let go', async () => {
  const logs = await RunLogs.open(root, ['lint']);
  const leaving = new AbortController();
  const reading = textOf(readLog(root, 'lint', { live: logs, signal: leaving.signal }));
  leaving.abort();
  expect(await reading).toBe('');
  await logs.finish();
});
