import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimSession } from './claim.ts';
import { isAlive, processStamp } from './processes.ts';

let folder: string;

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'hf-claim-')), 'session');
});

afterEach(() => {
  rmSync(join(folder, '..'), { recursive: true });
});

test('a claim makes the folder, and is gone when it is given back', () => {
  const claim = claimSession(folder);
  expect(readdirSync(folder)).toHaveLength(1);
  claim?.release();
  expect(readdirSync(folder)).toEqual([]);
});

test('another living process stands in the way, and our own claim is taken back', () => {
  claimSession(folder)?.release();
  const other = spawn('sleep', ['60'], { stdio: 'ignore' });
  const name = `claim.${other.pid}.${processStamp(other.pid ?? 0)}`;
  writeFileSync(join(folder, name), '');
  expect(claimSession(folder)).toBeUndefined();
  expect(readdirSync(folder)).toEqual([name]);
  other.kill('SIGKILL');
});

test('a dead process does not, nor one whose number somebody else has now', async () => {
  claimSession(folder)?.release();
  const dead = spawn('true', { stdio: 'ignore' });
  writeFileSync(join(folder, `claim.${dead.pid}.${processStamp(dead.pid ?? 0)}`), '');
  await once(dead, 'exit');
  writeFileSync(join(folder, `claim.${process.ppid}.00000000-1`), '');
  writeFileSync(join(folder, 'claim.nonsense'), '');
  const claim = claimSession(folder);
  expect(claim).toBeDefined();
  expect(readdirSync(folder)).toHaveLength(1);
});

test('a stamp is the same as long as the process lives, and differs from that of its neighbours', () => {
  const own = processStamp(process.pid) ?? '';
  expect(processStamp(process.pid)).toBe(own);
  expect(isAlive(process.pid, own)).toBe(true);
  expect(isAlive(process.ppid, own)).toBe(false);
  const gone = Number(execFileSync('sh', ['-c', 'echo $$']).toString());
  expect(processStamp(gone)).toBeUndefined();
});
