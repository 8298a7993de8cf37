import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CheckEvent, CheckVerdict } from '@holdfast/protocol';
import { startCheck, type CheckProcess } from '../support/check-process.ts';
import { processesMarked } from '../support/marked.ts';
import { commandLinesWith } from '../support/processes.ts';
import { until } from '../support/until.ts';

/** A home of its own, whose path is also what its processes are known by. */
let home = '';
/** How long the processes sleep that are to be found again by just that number. */
let nap = '';

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-hostile-'));
  nap = `${3600 + Math.floor(Math.random() * 1000)}.${Math.floor(Math.random() * 1e9)}`;
});

afterEach(async () => {
  for (const { pid } of processesMarked(home)) process.kill(pid, 'SIGKILL');
  await until('the end of everything', async () => (await left()).length === 0);
  rmSync(home, { recursive: true });
});

/** What is there still, by the environment and, for those that have cleared it, by the command line. */
async function left(): Promise<readonly string[]> {
  const napping = await commandLinesWith(`sleep ${nap}`);
  return [...processesMarked(home).map(({ command }) => command), ...napping];
}

function check(command: string, ...args: readonly string[]): CheckProcess {
  const script = command.replaceAll('NAP', nap);
  return startCheck({ cwd: home, home, args: ['--only', 'test', '--mode', 'real', '--test', script, ...args] });
}

/** Whether bubblewrap may be used here, found out without our own probe. */
function hasSandbox(): boolean {
  try {
    execFileSync('bwrap', ['--unshare-pid', '--dev-bind', '/', '/', '--proc', '/proc', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const isRunning = (event: CheckEvent): boolean => event.type === 'output' && event.line === 'up';

type Hostile = {
  readonly what: string;
  readonly command: string;
  readonly verdict: CheckVerdict;
  readonly args?: readonly string[];
};

const hostile: readonly Hostile[] = [
  { what: 'leaves a daemon in a session of its own', command: 'setsid sleep NAP & exit 0', verdict: 'passed' },
  { what: 'leaves a daemon by a double fork', command: '( ( setsid sleep NAP & ) & ); exit 0', verdict: 'passed' },
  { what: 'leaves a child that holds the pipe', command: 'sleep NAP & exit 0', verdict: 'passed' },
  { what: 'leaves a child in a group of its own', command: 'set -m; sleep NAP & exit 0', verdict: 'passed' },
  { what: 'leaves a child that is stopped', command: 'sleep NAP & kill -STOP $!; exit 0', verdict: 'passed' },
  {
    what: 'leaves a child without an environment that holds the pipe',
    command: 'env -i setsid sleep NAP & exit 0',
    verdict: 'passed',
  },
  {
    what: 'fails, and leaves a child that ignores TERM',
    command: '(trap "" TERM; sleep NAP) & exit 3',
    verdict: 'failed',
  },
  {
    what: 'leaves a child that begins another one on TERM',
    command: '(trap "sleep NAP & exit" TERM; sleep NAP & wait) & exit 3',
    verdict: 'failed',
  },
  { what: 'is killed', command: 'sleep NAP & kill -KILL $$', verdict: 'failed' },
  { what: 'ends its whole group', command: 'sleep NAP & kill -TERM 0; sleep NAP', verdict: 'failed' },
  {
    what: 'ignores TERM',
    command: 'trap "" TERM; while :; do sleep NAP; done',
    verdict: 'timed_out',
    args: ['--timeout', '1'],
  },
  {
    what: 'hangs with its output closed',
    command: 'exec >/dev/null 2>&1; sleep NAP',
    verdict: 'timed_out',
    args: ['--timeout', '1'],
  },
  { what: 'is stopped', command: 'kill -STOP $$; sleep NAP', verdict: 'timed_out', args: ['--timeout', '1'] },
  {
    what: 'never stops to print',
    command: 'yes NAP',
    verdict: 'timed_out',
    args: ['--timeout', '1', '--max-log', '100000'],
  },
  { what: 'reads for ever', command: 'cat; sleep NAP & exit 0', verdict: 'passed' },
];

describe.each([['auto'], ['group']])('with isolation %s', (isolation) => {
  test.each(hostile)('nothing is left of a command that $what', async ({ command, verdict, args = [] }) => {
    const { run, stderr } = await check(command, '--isolation', isolation, ...args).ended;
    expect(stderr).toBe('');
    expect(run?.tests?.verdict).toBe(verdict);
    expect(await left()).toEqual([]);
  });

  test('nothing is left of a command that doubles itself', async () => {
    const limits = ['--max-processes', '300', '--timeout', '10'];
    const { run } = await check('f() { f | f & }; f; sleep NAP', '--isolation', isolation, ...limits).ended;
    // Counted by us; or, for a user whom the kernel limits, it dies of that and its shell sleeps on.
    expect(['failed', 'timed_out']).toContain(run?.tests?.verdict);
    expect(await left()).toEqual([]);
  });

  test.each([['SIGTERM'], ['SIGINT'], ['SIGHUP']] as const)(
    '%s cancels what runs, and nothing is left',
    async (signal) => {
      const checking = check('trap "" TERM; setsid sleep NAP & echo up; sleep NAP', '--isolation', isolation);
      await checking.until(isRunning);
      checking.child.kill(signal);
      const { run, code } = await checking.ended;
      expect(run?.tests).toMatchObject({ verdict: 'cancelled', passed: false });
      expect(code).toBeGreaterThan(128);
      expect(await left()).toEqual([]);
    },
  );

  test('the end of the input cancels, when it was asked to end with its parent', async () => {
    const checking = check('echo up; sleep NAP', '--with-parent', '--isolation', isolation);
    await checking.until(isRunning);
    checking.child.stdin?.end();
    const { run, code } = await checking.ended;
    expect(run?.tests?.verdict).toBe('cancelled');
    expect(code).toBe(1);
    expect(await left()).toEqual([]);
  });

  test('ends with everything when nobody reads any more', async () => {
    const checking = check('echo up; while :; do echo more; sleep 0.05; done', '--isolation', isolation);
    await checking.until(({ type }) => type === 'output');
    checking.child.stdout?.destroy();
    await checking.ended;
    expect(await left()).toEqual([]);
  });

  test('three hostile checks at once do not harm one another', async () => {
    const command = (code: number): string => `(trap "" TERM; sleep ${nap}) & exit ${code}`;
    const args = ['--mode', 'real', '--isolation', isolation];
    const checks = ['--lint', command(0), '--test', command(1), '--build', command(0)];
    const { run } = await startCheck({ cwd: home, home, args: [...args, ...checks] }).ended;
    expect([run?.lint?.verdict, run?.tests?.verdict, run?.build?.verdict]).toEqual(['passed', 'failed', 'passed']);
    expect(await left()).toEqual([]);
  });
});

describe('with bubblewrap, where it may be used', () => {
  // Without it nothing is known of such a process: docs/checks.md says so.
  const isContained = hasSandbox();

  test('a process that has cleared everything is gone too', async () => {
    const { run } = await check(
      `env -i setsid sh -c 'echo $$ > pid; exec sleep NAP' >/dev/null 2>&1 & while [ ! -s pid ]; do sleep 0.02; done`,
    ).ended;
    expect(run?.tests?.verdict).toBe('passed');
    expect(await commandLinesWith(`sleep ${nap}`)).toHaveLength(isContained ? 0 : 1);
    if (isContained) return;
    process.kill(Number(readFileSync(join(home, 'pid'), 'utf8')), 'SIGKILL');
    await until('the end of what got away', async () => (await left()).length === 0);
  });

  test('a check goes when whoever started it is killed', async () => {
    const checking = check('setsid sleep NAP & echo up; sleep NAP');
    await checking.until(isRunning);
    checking.child.kill('SIGKILL');
    await checking.ended;
    if (isContained) await until('the end of the sandbox', async () => (await left()).length === 0);
    else expect(await left()).not.toEqual([]);
  });
});

test('the log of a command that never stops to print has its limit, and says so', async () => {
  const { run } = await check('yes NAP', '--timeout', '1', '--max-log', '100000').ended;
  const log = run?.tests?.logFile ?? '';
  expect(statSync(log).size).toBeLessThan(101_000);
  expect(readFileSync(log, 'utf8')).toMatch(/\[… \d+ bytes left out: the log is limited to 100000 …\]/);
  expect(run?.tests?.output.length).toBeLessThanOrEqual(2000);
  expect(run?.tests?.reason).toMatch(/the log leaves \d+ bytes out/);
});
