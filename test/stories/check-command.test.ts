import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CheckRun } from '@holdfast/protocol';
import { flags } from '../../packages/gateway/src/commands/check/command-line.ts';
import { shippedAgent } from '../support/agent-process.ts';
import { workspacePrograms } from '../support/cached-package.ts';
import { runHoldfast, type Ended } from '../support/holdfast-command.ts';
import { processesMarked } from '../support/marked.ts';
import { MiniTerminal } from '../support/mini-terminal.ts';
import { commandLinesWith } from '../support/processes.ts';
import { startOnPty, type PtyProcess } from '../support/pty-process.ts';
import { until } from '../support/until.ts';

const holdfast = fileURLToPath(new URL('../../packages/gateway/bin/holdfast.js', import.meta.url));
const node = join(workspacePrograms, 'node');
const control = /[\u0000-\u0009\u000b-\u001f\u007f]/;

/** A home of its own, whose path is also what its processes are known by. */
let home = '';
let project = '';
/** How long the processes sleep that are to be found again by just that number. */
let nap = '';

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-check-'));
  project = join(home, 'project');
  nap = `${3600 + Math.floor(Math.random() * 1000)}.${Math.floor(Math.random() * 1e9)}`;
  mkdirSync(project);
  writeFileSync(join(project, 'tsc.txt'), 'src/a.ts(3,7): error TS2304: Cannot find name x.\n');
});

afterEach(async () => {
  for (const { pid } of processesMarked(home)) process.kill(pid, 'SIGKILL');
  await until('the end of everything', async () => (await left()).length === 0);
  rmSync(home, { recursive: true });
});

/** What is there still, by the environment and, for those that have cleared it, by the command line. */
async function left(): Promise<readonly string[]> {
  return [...processesMarked(home).map(({ command }) => command), ...(await commandLinesWith(`sleep ${nap}`))];
}

const all = ['--lint', 'true', '--test', 'true', '--build', 'true'];
const check = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  runHoldfast(['check', ...args], { cwd: project, env: { HOME: home, ...env } });

describe('holdfast check where there is no terminal', () => {
  test('says what it runs, how it ended and what it comes to, a line each, without control characters', async () => {
    const { code, stdout, stderr } = await check([
      '--lint',
      'cat tsc.txt; exit 2',
      '--test',
      'true',
      '--build',
      'true',
    ]);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).not.toMatch(control);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toContain('lint: started: cat tsc.txt; exit 2 (--lint)');
    expect(lines).toContain('  src/a.ts:3:7: error: Cannot find name x.  TS2304');
    expect(lines.filter((line) => /^(lint|test|build): (passed|failed) after \d/.test(line))).toHaveLength(3);
    expect(lines.at(-1)).toMatch(/^Not passed: lint failed \(1 error, 0 warnings\), in \d+\.\d s\.$/);
  });

  test('ends with 0 when all passed for real, with 2 when something was only simulated', async () => {
    const passed = await check(all);
    expect(passed).toMatchObject({ code: 0, stderr: '' });
    expect(passed.stdout).toMatch(/\nPassed: lint, test, build, in \d+\.\d s\.\n$/);
    const simulated = await check([]);
    expect(simulated).toMatchObject({ code: 2, stderr: '' });
    expect(simulated.stdout).toMatch(
      /\nNot passed: lint simulated, test simulated, build simulated, in \d+\.\d s\.\n$/,
    );
  });

  test('colours when it is told to, and not when it is told not to', async () => {
    const coloured = await check([...all, '--only', 'lint'], { FORCE_COLOR: '1' });
    expect(coloured.stdout).toContain('\u001b[1m');
    const plain = await check([...all, '--only', 'lint'], { FORCE_COLOR: '0', TERM: 'xterm' });
    expect(plain.stdout).not.toMatch(control);
  });

  test('gives the whole run with --json, and the same exit code', async () => {
    const { code, stdout } = await check([...all, '--gate', 'test.total>=1', '--json']);
    const run = parseRun(stdout);
    expect(code).toBe(1);
    expect(run).toMatchObject({ allPassed: false, lint: { verdict: 'passed' }, gates: [{ isMet: false }] });
  });

  test('writes reports, and for GitHub annotations and a summary', async () => {
    const files = [join(home, 'out', 'ctrf.json'), join(home, 'junit.xml'), join(home, 'summary.md')] as const;
    const { stdout, stderr } = await check(
      ['--only', 'lint', '--lint', 'cat tsc.txt; exit 2', '--ctrf', files[0], '--junit', files[1]],
      { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: files[2] },
    );
    expect(files.map((file) => existsSync(file))).toEqual([true, true, true]);
    expect(stderr).toContain('::error file=src/a.ts,line=3,col=7');
    expect(stdout).not.toContain('::error');
    expect(readFileSync(files[2], 'utf8')).toContain('Not passed: lint failed');
  });

  test.each([
    [['--only', 'dance'], /^--only names "dance"[^\n]*\n$/],
    [['--gate', 'all is well'], /^"all is well" is no gate[^\n]*\n$/],
    [['a', 'b'], /takes one directory[^\n]*\n$/],
    [['--timeout'], /^--timeout needs a value\.\n$/],
  ])('%j: one sentence of ours, and 2', async (args, sentence) => {
    const { code, stdout, stderr } = await check(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toContain('holdfast-agent');
  });
});

describe('a holdfast.yaml in the directory', () => {
  beforeEach(() => {
    const text = 'checks: { lint: cat tsc.txt, test: "true", build: "true" }\ngates: [lint.errors==0]\n';
    writeFileSync(join(project, 'holdfast.yaml'), text);
  });

  test('says what is run and what is demanded', async () => {
    const { code, stdout } = await check([]);
    expect(code).toBe(1);
    expect(stdout).toContain('lint: started: cat tsc.txt (holdfast.yaml)\n');
    expect(stdout).toContain('gate lint.errors==0: missed. It is 1, not == 0.');
  });

  test('gives way to the environment, and both to the command line', async () => {
    const env = { CHECK_COMMAND_LINT: 'echo environment', CHECK_COMMAND_TEST: 'echo environment' };
    const { stdout } = await check(['--test', 'echo argument'], env);
    expect(stdout).toContain('lint: started: echo environment (CHECK_COMMAND_LINT)\n');
    expect(stdout).toContain('test: started: echo argument (--test)\n');
    expect(stdout).toContain('build: started: true (holdfast.yaml)\n');
  });

  test('is looked for where the checks run, not where the command was given', async () => {
    const { stdout } = await runHoldfast(['check', 'project', '--only', 'build'], { cwd: home });
    expect(stdout).toContain('build: started: true (holdfast.yaml)\n');
    expect(stdout).toContain('The gate lint.errors==0 of holdfast.yaml is left out');
  });

  test('with a fault ends it before anything runs', async () => {
    writeFileSync(join(project, 'holdfast.yaml'), 'checks: { lnt: touch ran }\n');
    const { code, stdout, stderr } = await check([]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^[^\n]*holdfast\.yaml cannot be used: checks\.lnt is not known[^\n]*\n$/);
  });
});

describe('holdfast check on a terminal', () => {
  const start = (args: string, columns = 70): PtyProcess =>
    startOnPty({
      line: `'${node}' '${holdfast}' check ${args}`,
      cwd: project,
      env: { PATH: process.env['PATH'], HOME: home, TERM: 'xterm-256color' },
      columns,
    });
  const screenOf = (bytes: string, columns = 70): MiniTerminal => {
    const terminal = new MiniTerminal(columns);
    terminal.write(bytes.replaceAll('\r\n', '\n'));
    return terminal;
  };

  test('draws a table in place, leaves it with what was found and the verdict, and gives the cursor back', async () => {
    const pty = start("--lint 'cat tsc.txt; exit 2' --test 'echo begun; sleep 0.5' --build true");
    expect(await pty.ended).toEqual({ code: 1 });
    expect(pty.bytes()).toContain('\u001b[31m');
    expect(pty.bytes()).toMatch(/test .*running/);
    const screen = screenOf(pty.bytes());
    expect(screen.hasCursor).toBe(true);
    const lines = screen.text.split('\n');
    expect(lines.slice(0, 6)).toEqual([
      expect.stringMatching(/^✖ lint  failed  +\d+\.\d s  1 error, 0 warnings  cat tsc\.txt; exit 2/),
      expect.stringMatching(/^✔ test  passed  +\d+\.\d s  echo begun; sleep 0\.5/),
      expect.stringMatching(/^✔ build passed  +\d+\.\d s  true/),
      '',
      'src/a.ts',
      '  3:7  error    Cannot find name x.  TS2304',
    ]);
    expect(lines.at(-1)).toMatch(/^Not passed: lint failed \(1 error, 0 warnings\), in \d+\.\d s\.$/);
  });

  test('ctrl-c ends what runs with all it started, says so and gives the cursor back', async () => {
    const pty = start(`--only test --test '(trap "" TERM INT; sleep ${nap}) & echo up; sleep ${nap}'`);
    // The line that it printed, dimmed; the command itself has the word too.
    await pty.shown(/\u001b\[2mup\u001b/);
    pty.type('\u0003');
    expect(await pty.ended).toEqual({ code: 130 });
    expect(await left()).toEqual([]);
    const screen = screenOf(pty.bytes().replace('^C', ''));
    expect(screen.hasCursor).toBe(true);
    expect(screen.text).toMatch(/^✖ test cancelled/);
    expect(screen.text).toMatch(/\nNot passed: test cancelled, in \d+\.\d s\.$/);
  });

  test('a narrow one gets no line that wraps while the table is drawn', async () => {
    const long = 'x'.repeat(300);
    const pty = start(`--only test --test 'echo ${long}; sleep 0.5'`, 30);
    await pty.ended;
    const table = pty.bytes().slice(0, pty.bytes().indexOf('\u001b[?25h'));
    expect(screenOf(table, 30).text.split('\n')).toHaveLength(1);
  });

  test('NO_COLOR takes the colour and leaves the table; a dumb terminal gets lines', async () => {
    const pty = start('--only lint --lint true', 70);
    await pty.ended;
    const plain = startOnPty({
      line: `env NO_COLOR=1 '${node}' '${holdfast}' check --only lint --lint true`,
      cwd: project,
      env: { PATH: process.env['PATH'], HOME: home, TERM: 'xterm' },
      columns: 70,
    });
    await plain.ended;
    expect(plain.bytes()).toContain('✔ lint passed');
    expect(plain.bytes()).not.toMatch(/\u001b\[\d+m/);
    const dumb = startOnPty({
      line: `'${node}' '${holdfast}' check --only lint --lint true`,
      cwd: project,
      env: { PATH: process.env['PATH'], HOME: home, TERM: 'dumb' },
      columns: 70,
    });
    await dumb.ended;
    expect(dumb.bytes().replaceAll('\r', '')).not.toMatch(control);
  });
});

describe('when holdfast check is ended', () => {
  const begin = (...more: readonly string[]) => {
    const args = [holdfast, 'check', '--only', 'test', '--test', `echo up; sleep ${nap} & sleep ${nap}`, ...more];
    return spawn(node, args, {
      cwd: project,
      env: { PATH: process.env['PATH'], HOME: home },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  };
  const isUp = () =>
    until('the check', async () => {
      const lines = await commandLinesWith(`sleep ${nap}`);
      return lines.filter((line) => line === `sleep ${nap}`).length === 2;
    });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('by %s it ends when everything has ended', async (signal, expected) => {
    const child = begin();
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    await isUp();
    const end = once(child, 'close');
    child.kill(signal);
    expect(await end).toEqual([expected, null]);
    expect(await left()).toEqual([]);
    expect(text).toMatch(/\nNot passed: test cancelled, in \d+\.\d s\.\n$/);
  });

  test('because nobody reads any more it leaves nothing', async () => {
    const child = begin('--only', 'lint,test', '--lint', 'while [ ! -e go ]; do sleep 0.05; done');
    await isUp();
    const end = once(child, 'exit');
    child.stdout.destroy();
    // It learns of it with the next thing that it says: that lint has ended.
    writeFileSync(join(project, 'go'), '');
    expect(await end).toEqual([1, null]);
    expect(await left()).toEqual([]);
  });

  test('by kill -9 nothing of what ran stays', async () => {
    const child = begin();
    await isUp();
    child.kill('SIGKILL');
    await until('the end of everything', async () => (await left()).length === 0);
  });
});

describe('the options of holdfast-agent check', () => {
  test('are those that holdfast check takes for options with and without a value', async () => {
    const { stderr } = await check(['--no-such-option']);
    const names = [...(/known are (.*)\./.exec(stderr)?.[1] ?? '').matchAll(/--([a-z-]+)/g)].map(
      ([, name = '']) => name,
    );
    const known = names.filter((name) => name !== 'version' && name !== 'help');
    expect(known.length).toBeGreaterThan(15);
    expect([...flags].filter((name) => name !== 'help' && !known.includes(name))).toEqual([]);
    for (const name of known) {
      const child = spawn(node, [shippedAgent, 'check', '--mode', 'mock', '--only', 'lint', `--${name}`], {
        cwd: project,
        env: { PATH: process.env['PATH'], HOME: home },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
      await once(child, 'close');
      expect([name, /needs a value/.test(said)]).toEqual([name, !flags.has(name)]);
    }
  });
});

function parseRun(text: string): CheckRun {
  return JSON.parse(text) as CheckRun;
}
