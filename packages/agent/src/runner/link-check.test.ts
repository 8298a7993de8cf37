import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckRun } from '@holdfast/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TestMachine } from './testing/test-machine.ts';
import type { TestLink } from './testing/test-link.ts';

let machine: TestMachine;
let link: TestLink;

beforeEach(async () => {
  machine = await TestMachine.start();
  link = machine.link({ STORAGE_DIR: join(machine.folder, 'storage'), CHECK_COMMAND_LINT: 'false' });
});
afterEach(async () => {
  await link.close();
  await machine.stop();
});

/** Commands that do nothing else than these. */
const only = (commands: Readonly<Record<string, string>>) => ({ only: Object.keys(commands), commands });
const isOf = (type: string, check: string) => (line: { readonly type: string; readonly [name: string]: unknown }) =>
  line.type === type && line['check'] === check;
const runOf = (line: object): CheckRun => (line as { run: CheckRun }).run;
const programs = (): string[] =>
  machine
    .processes()
    .map(({ command }) => command)
    .filter((command) => / check /.test(command));

test('checks run: what happens is told in order, each whole output comes, and the end has the exit code', async () => {
  const check = link.check(only({ lint: 'echo fine', test: 'seq 1 60000; exit 3' }));
  expect(await check.gone()).toMatchObject({ reason: 'ended', exit: 1 });
  expect(check.lines[0]).toEqual({ type: 'opened' });
  expect(runOf(await check.untilType('done'))).toMatchObject({
    allPassed: false,
    lint: { verdict: 'passed' },
    tests: { verdict: 'failed', returnCode: 3 },
    build: null,
  });
  expect(check.log('lint')).toBe('fine\n');
  expect(check.log('test')).toBe(Array.from({ length: 60_000 }, (_, index) => `${index + 1}\n`).join(''));
  expect(check.lines.at(-1)?.type).toBe('gone');
});

test('an output comes while it grows', async () => {
  const check = link.check(only({ build: 'echo first; sleep 600' }));
  await check.until(isOf('log', 'build'));
  expect(check.log('build')).toBe('first\n');
  check.end();
  expect(await check.until(isOf('finished', 'build'))).toMatchObject({
    result: { verdict: 'cancelled', output: 'first\n' },
  });
  expect(await check.gone()).toMatchObject({ reason: 'ended', exit: 143 });
});

test('who does not take an output gets 64 KiB of it, and the rest when the window opens', async () => {
  const check = link.check(only({ test: 'seq 1 60000' }));
  check.takesLogs = false;
  await check.untilType('done');
  await check.until(isOf('log', 'test'));
  await expect.poll(() => check.log('test').length).toBe(65_536);
  expect(check.types()).not.toContain('gone');
  check.takesLogs = true;
  check.ack('test');
  await check.gone();
  expect(check.log('test').endsWith('60000\n')).toBe(true);
});

test('a run that is closed ends with all that it has started, and says nothing more', async () => {
  const check = link.check(only({ test: 'echo here; sleep 600' }));
  await check.until(isOf('log', 'test'));
  expect(programs()).toHaveLength(1);
  check.close();
  await expect.poll(programs).toEqual([]);
  expect(check.types()).not.toContain('gone');
  const again = link.check(only({ lint: 'true' }));
  await again.gone();
});

test('a link that is killed takes its runs with it: nothing is left', async () => {
  const check = link.check(only({ lint: 'setsid sleep 600.25 & sleep 600.25', test: 'trap "" TERM; sleep 600.25' }));
  await Promise.all([check.until(isOf('started', 'lint')), check.until(isOf('started', 'test'))]);
  const commands = (): string[] => allCommands().filter((command) => command.includes('sleep 600.25'));
  await expect.poll(() => commands().length).toBeGreaterThan(2);
  link.process.kill('SIGKILL');
  await expect.poll(commands, { timeout: 15_000 }).toEqual([]);
  expect(programs()).toEqual([]);
});

test('the request alone decides what is run: the environment of the link names no commands', async () => {
  const check = link.check({ only: ['lint'], mode: 'auto' });
  expect(runOf(await check.untilType('done')).lint).toMatchObject({ verdict: 'simulated', command: null });
  await check.gone();
});

test('commands see of the variables of a run those that are named, and what is secret is redacted', async () => {
  const request = { env: { DEPLOY_TOKEN: 'very-secret-word', STAGE: 'blue' }, passEnv: ['STAGE', 'DEPLOY_TOKEN'] };
  const named = link.check({ ...only({ lint: 'echo "$STAGE $DEPLOY_TOKEN"' }), ...request });
  await named.gone();
  expect(named.log('lint')).toBe('blue [redacted]\n');
  const unnamed = link.check({ ...only({ lint: 'echo "<$STAGE$DEPLOY_TOKEN>"' }), env: request.env });
  await unnamed.gone();
  expect(unnamed.log('lint')).toBe('<>\n');
});

test('a request that is wrong is answered with what is wrong', async () => {
  const failure = { reason: 'failed', code: 'bad_message' };
  expect(await link.check({ cwd: '' }).gone()).toMatchObject(failure);
  expect(await link.check({ only: ['lunch'] }).gone()).toMatchObject(failure);
  expect(await link.check({ gates: ['lint.luck>=7'] }).gone()).toMatchObject({
    ...failure,
    message: expect.stringContaining('"lint.luck>=7" is no gate'),
  });
});

test('a working directory that leads out of the project is refused, whichever way', async () => {
  mkdirSync(join(machine.folder, 'elsewhere'));
  symlinkSync(join(machine.folder, 'elsewhere'), join(machine.cwd, 'inside'));
  for (const workingDir of ['..', '/', 'inside']) {
    expect(await link.check({ workingDir, only: ['lint'] }).gone()).toMatchObject({
      ...{ reason: 'failed', code: 'bad_message' },
      message: expect.stringContaining('outside of the project'),
    });
  }
});

/** The command lines of all processes; a command of a check bears no mark of this test. */
function allCommands(): string[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      return /^\d+$/.test(name) ? [readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ')] : [];
    } catch {
      // It has gone meanwhile.
      return [];
    }
  });
}
