import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCheck } from '../../../../test/support/check-process.ts';
import { readOptions } from './options.ts';

let home = '';
let project = '';
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-check-')));
  project = join(home, 'project');
  mkdirSync(project);
});
afterEach(() => rmSync(home, { recursive: true }));

const check = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  startCheck({ cwd: project, home, args, env });
const only = (command: string): readonly string[] => ['--only', 'test', '--test', command];

describe('holdfast-agent check', () => {
  it('tells what is planned, that it begins, its newest lines and its end, and then the whole run', async () => {
    const checking = check(only('echo one; echo two'));
    const { run, code } = await checking.ended;
    expect(checking.events.map(({ type }) => type)).toEqual(['planned', 'started', 'output', 'finished', 'done']);
    expect(checking.events[0]).toEqual({
      type: 'planned',
      check: 'test',
      command: 'echo one; echo two',
      why: '--test',
      timeoutMs: 300_000,
      logFile: expect.stringMatching(/test\.log$/) as string,
    });
    expect(checking.events[2]).toEqual({ type: 'output', check: 'test', line: 'two' });
    expect(run).toMatchObject({
      allPassed: true,
      lint: null,
      build: null,
      tests: { output: 'one\ntwo\n', returnCode: 0 },
    });
    expect(code).toBe(0);
  });

  it('keeps the order of stdout and stderr, and a script can open both', async () => {
    const { run } = await check(only('echo 1; echo 2 >&2; echo 3 >/dev/stdout; echo 4 >/dev/stderr; echo 5')).ended;
    expect(run?.tests?.output).toBe('1\n2\n3\n4\n5\n');
  });

  it('gives a command no input, the real directory and an environment without secrets', async () => {
    const { run } = await check(only('pwd; cat; echo "${GITHUB_TOKEN-none} $GREETING"'), {
      GITHUB_TOKEN: 'x'.repeat(20),
      GREETING: 'hello',
    }).ended;
    expect(run?.tests?.output).toBe(`${project}\nnone \n`);
    const named = await check([...only('echo $GREETING'), '--pass-env', 'GREETING'], { GREETING: 'hello' }).ended;
    expect(named.run?.tests?.output).toBe('hello\n');
  });

  it('redacts secrets from output, log and events', async () => {
    const secret = 'a-very-secret-value';
    writeFileSync(join(project, 'leak'), `it is ${secret}\n`);
    const checking = check(only('cat leak'), { DEPLOY_TOKEN: secret });
    const { run } = await checking.ended;
    expect(run?.tests?.output).toBe('it is [redacted]\n');
    expect(readFileSync(run?.tests?.logFile ?? '', 'utf8')).toBe('it is [redacted]\n');
    expect(JSON.stringify(checking.events)).not.toContain(secret);
  });

  it('takes commands and mode from the environment, and the command line wins', async () => {
    const env = { CHECK_COMMAND_TEST: 'echo environment', CHECK_MODE: 'real' };
    expect((await check(['--only', 'test'], env).ended).run?.tests?.output).toBe('environment\n');
    expect((await check(only('echo line'), env).ended).run?.tests?.output).toBe('line\n');
    expect((await check(['--only', 'lint'], env).ended).run?.lint?.verdict).toBe('could_not_start');
  });

  it('exits with 2 when nothing could be run, or was only simulated', async () => {
    for (const mode of ['real', 'auto', 'mock']) expect((await check(['--mode', mode]).ended).code).toBe(2);
    expect((await check(['nowhere', '--mode', 'real']).ended).code).toBe(2);
  });

  it('reads reports that the check writes, but none that another run has left', async () => {
    const suite = (failures: number): string =>
      `<testsuite name="a" tests="3" failures="${failures}" errors="0" skipped="0"><testcase name="x"/><testcase name="y"/><testcase name="z">${failures > 0 ? '<failure message="no"/>' : ''}</testcase></testsuite>`;
    const old = new Date('2020-01-01');
    mkdirSync(join(project, 'reports'));
    for (const [name, failures] of [
      ['good', 0],
      ['bad', 1],
    ] as const) {
      writeFileSync(join(project, `${name}.xml`), suite(failures));
      utimesSync(join(project, `${name}.xml`), old, old);
    }
    const run = async (command: string, report: string) =>
      (await check([...only(command), '--report', `test=${report}`]).ended).run?.tests;
    expect(await run('cp good.xml reports/a.xml', 'reports')).toMatchObject({ verdict: 'passed', total: 3, failed: 0 });
    const bad = await run('cp bad.xml reports/b.xml', 'reports/b.xml');
    expect(bad).toMatchObject({ verdict: 'failed', returnCode: 0, failed: 1 });
    expect(await run('true', 'bad.xml')).toMatchObject({ verdict: 'passed', total: null });
  });

  it('writes log, run and summary where it is told', async () => {
    const folder = join(home, 'artifacts');
    await check([...only('echo x'), '--log-dir', folder]).ended;
    expect(readdirSync(folder).sort()).toEqual(['run.json', 'summary.md', 'test.log']);
  });

  it.each(['a file', 'a file of a folder'])('runs nothing when the logs should go to what is %s', async (what) => {
    const file = join(home, 'taken');
    writeFileSync(file, '');
    const named = what === 'a file' ? file : join(file, 'logs');
    const { code, stderr } = await check([...only('touch ran'), '--log-dir', named]).ended;
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/no folder for the logs: E.*; name another one with --log-dir\./),
    ]);
    expect(existsSync(join(project, 'ran'))).toBe(false);
  });

  it('keeps the last twenty folders of logs', async () => {
    const logs = join(home, '.holdfast', 'checks', 'logs');
    for (let at = 0; at < 30; at += 1) mkdirSync(join(logs, `2020-01-${at}`), { recursive: true });
    await check(only('true')).ended;
    expect(readdirSync(logs)).toHaveLength(20);
  });

  it('checks a directory of a project, but none outside of it, whatever way leads there', async () => {
    mkdirSync(join(project, 'inside'));
    symlinkSync(home, join(project, 'way-out'));
    const inside = await check(['inside', '--project', project, ...only('pwd')]).ended;
    expect(inside.run?.tests?.output).toBe(`${join(project, 'inside')}\n`);
    for (const directory of ['..', 'way-out', 'way-out/project/..', home]) {
      const { code, stderr } = await check([directory, '--project', project, ...only('touch ran')]).ended;
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(/lies outside of the project .*; name a directory in it\./),
      ]);
    }
    expect(readdirSync(home)).not.toContain('ran');
  });

  it.each([
    [['a', 'b'], /takes one directory, not also "b"/],
    [['--only', 'deploy'], /--only names "deploy"; the checks are lint, test, build/],
    [['--mode', 'fast'], /--mode must be one of real, mock, auto, not "fast"/],
    [['--timeout', 'lint=soon'], /--timeout takes seconds, such as 60 or lint=60, not "lint=soon"/],
    [['--timeout', '0'], /--timeout takes seconds/],
    [['--gate', 'x'], /"x" is no gate/],
    [['--after', 'build=build'], /makes build wait for itself/],
    [['--json'], /--events and --json exclude each other/],
    [['--max-log', '-1'], /--max-log must be a whole number from 1/],
    [['--colour'], /--colour is not known here/],
  ])('refuses %j with one sentence', async (args, sentence) => {
    const { code, stderr } = await check(args).ended;
    expect(code).toBe(2);
    expect(stderr.trimEnd()).toMatch(sentence);
    expect(stderr.trimEnd()).not.toContain('\n');
  });
});

describe('the options', () => {
  it('have the defaults of the contract', () => {
    expect(readOptions([], {})).toMatchObject({
      only: ['lint', 'test', 'build'],
      mode: 'auto',
      timeoutMs: { lint: 180_000, test: 300_000, build: 300_000 },
      isSerial: false,
      usesCache: true,
      print: 'lines',
      isolation: 'auto',
    });
  });

  it('read timeouts for one check or for all, gates and variables as often as they are given', () => {
    const options = readOptions(
      [
        '--timeout',
        '10',
        '--timeout=test=0.5',
        '--gate',
        'test.failed==0',
        '--gate',
        'lint.errors==0',
        '--pass-env',
        'A,B',
        '--pass-env',
        'C',
      ],
      {},
    );
    expect(options.timeoutMs).toEqual({ lint: 10_000, test: 500, build: 10_000 });
    expect(options.gates.map(({ text }) => text)).toEqual(['test.failed==0', 'lint.errors==0']);
    expect(options.passedVariables).toEqual(['A', 'B', 'C']);
  });
});
