import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, rmdirSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TestLink } from './testing/test-link.ts';
import { TestMachine } from './testing/test-machine.ts';

/** A real full disk: a small tmpfs of our own. */
let disk: string;
let machine: TestMachine;
let link: TestLink;

beforeEach(async (context) => {
  if (process.getuid?.() !== 0) context.skip('a small file system can only be mounted by root');
  disk = mkdtempSync(join(tmpdir(), 'hf-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]);
  mkdirSync(join(disk, 'state'), { mode: 0o700 });
  machine = await TestMachine.start({ HOLDFAST_STATE_DIR: join(disk, 'state') });
  link = machine.link();
});

afterEach(async () => {
  await link.close();
  await machine.stop();
  execFileSync('umount', [disk]);
  rmdirSync(disk);
});

test('when the disk is full the turn ends in order, nothing is shown that is not in the journal, and room heals it', async () => {
  const session = link.open('s1');
  session.prompt('p1', 'flood 20000 200\nsay never');
  expect(await session.untilType('done')).toMatchObject({ reason: 'error' });
  expect(await session.untilType('error')).toMatchObject({ code: 'unavailable' });
  expect(session.texts()).not.toContain('never');
  expect(machine.journal('s1')).toHaveLength(session.next);
  expect(machine.journal('s1')).toEqual(session.lines.slice(1).map((line) => JSON.stringify(line)));
  await expect.poll(() => machine.processes().filter(({ command }) => command.includes(' run '))).toEqual([]);

  // Not even the reserve can be had again: nothing is accepted.
  fill();
  session.prompt('p2', 'say refused');
  expect(await session.gone()).toMatchObject({ reason: 'failed', code: 'unavailable' });

  rmSync(join(disk, 'ballast'));
  const again = link.open('s1', { from: session.next });
  again.prompt('p2', 'say again');
  await again.untilType('done');
  expect(again.texts()).toEqual(['again']);
});

test('a session that cannot be started on a full disk is told so', async () => {
  fill();
  expect(await link.open('s1').gone()).toMatchObject({ reason: 'failed', code: 'unavailable' });
});

/** Takes all the room there is. */
function fill(): void {
  const fd = openSync(join(disk, 'ballast'), 'w');
  for (let size = 65_536; size >= 1;) {
    try {
      writeSync(fd, Buffer.alloc(size));
    } catch {
      size = Math.floor(size / 2);
    }
  }
  closeSync(fd);
}
