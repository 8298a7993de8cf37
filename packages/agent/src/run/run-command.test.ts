import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentLine } from '@holdfast/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { shippedAgent, startAgent, type AgentProcessOptions } from '../../../../test/support/agent-process.ts';
import { installCachedPackage, workspacePrograms } from '../../../../test/support/cached-package.ts';

let node20 = '';
let elsewhere = '';
beforeAll(async () => {
  node20 = join(await installCachedPackage('node', '20.20.0'), 'node_modules', '.bin', 'node');
  elsewhere = mkdtempSync(join(tmpdir(), 'holdfast-copied-'));
  copyFileSync(shippedAgent, join(elsewhere, 'holdfast-agent.js'));
});
afterAll(() => rmSync(elsewhere, { recursive: true }));

let cwd = '';
beforeEach(() => (cwd = mkdtempSync(join(tmpdir(), 'holdfast-run-'))));
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const start = (options: Omit<AgentProcessOptions, 'cwd'> = {}) => startAgent({ cwd, ...options });

const isDone = (line: AgentLine): boolean => line.type === 'done';
const isPending = (line: AgentLine): boolean => line.type === 'tool_use' && line.tool.status === 'pending';
const prompt = (text: string) => ({ type: 'prompt', prompt: text });

describe('holdfast-agent run', () => {
  it.each([
    ['Node 24', () => ({})],
    ['Node 24, copied to where no package.json is', () => ({ file: join(elsewhere, 'holdfast-agent.js') })],
    ['Node 20', () => ({ runtime: node20 })],
    [
      'Node 20, copied to where no package.json is',
      () => ({ runtime: node20, file: join(elsewhere, 'holdfast-agent.js') }),
    ],
    ['Bun', () => ({ runtime: join(workspacePrograms, 'bun') })],
    [
      'Bun, copied to where no package.json is',
      () => ({ runtime: join(workspacePrograms, 'bun'), file: join(elsewhere, 'holdfast-agent.js') }),
    ],
  ])('carries a whole turn out on %s', async (_title, options) => {
    const run = start(options());
    run.send(prompt('say hello\nwrite a.txt x\nrun cat a.txt'));
    for (const count of [1, 2]) {
      const asked = await run.until(isPending, count);
      if (asked.type === 'tool_use') run.send({ type: 'approve', toolId: asked.tool.id });
    }
    expect(await run.until(isDone)).toMatchObject({ reason: 'completed' });
    expect(await run.end()).toEqual({ code: 0, stderr: '', rest: '' });
    const oneCall = ['tool_use', 'tool_use', 'tool_use', 'tool_result'];
    expect(run.types()).toEqual(['init', 'text', ...oneCall, ...oneCall, 'done']);
    expect(run.lines[0]).toEqual({ type: 'init', agent: 'demo', protocol: 1 });
    expect(run.lines.at(-2)).toMatchObject({ result: 'x' });
  });

  it.each([
    ['Node 24', join(workspacePrograms, 'node')],
    ['Node 20', ''],
    ['Bun', join(workspacePrograms, 'bun')],
  ])('finds the commands that are loaded on demand on %s, also as a module in a project', async (_title, runtime) => {
    writeFileSync(join(cwd, 'package.json'), '{ "type": "module" }');
    copyFileSync(shippedAgent, join(cwd, 'holdfast-agent.js'));
    for (const file of [shippedAgent, join(elsewhere, 'holdfast-agent.js'), join(cwd, 'holdfast-agent.js')]) {
      const run = start({ runtime: runtime || node20, file, args: ['agents', '--json'], env: { PATH: '/nowhere' } });
      let said = '';
      run.child.stdout.on('data', (chunk: string) => (said += chunk));
      expect(await run.end()).toEqual({ code: 0, stderr: '', rest: '' });
      expect(said.split('\n').map((line) => line && (JSON.parse(line) as { name: string }).name)).toEqual([
        'claude',
        'demo',
        '',
      ]);
    }
  });

  it('begins every line with type and agent', async () => {
    const run = start();
    const written: string[] = [];
    run.child.stdout.on('data', (chunk: string) => written.push(chunk));
    run.send(prompt('say a\nthink b\nfail c'));
    await run.until(isDone);
    await run.end();
    for (const line of written.join('').trimEnd().split('\n'))
      expect(line).toMatch(/^\{"type":"\w+","agent":"demo"[,}]/);
  });

  it('carries out prompts one after the other, in order, with one done each', async () => {
    const run = start();
    run.send(prompt('sleep 0.05\nsay one'), prompt('say two'), prompt('say three'));
    await run.until(isDone, 3);
    await run.end();
    const texts = run.lines.flatMap((line) =>
      line.type === 'text' ? [line.content] : line.type === 'done' ? ['.'] : [],
    );
    expect(texts).toEqual(['one', '.', 'two', '.', 'three', '.']);
  });

  it('aborts the turn that runs and keeps the prompts that wait', async () => {
    const run = start();
    run.send(prompt('stream 100000 5'), prompt('say next'));
    await run.until((line) => line.type === 'text');
    run.send({ type: 'abort' });
    await run.until(isDone, 2);
    await run.end();
    expect(run.lines.flatMap((line) => (line.type === 'done' ? [line.reason] : []))).toEqual(['aborted', 'completed']);
  });

  it('ignores an abort when nothing runs and a decision about a call that does not wait', async () => {
    const run = start();
    run.send({ type: 'abort' }, { type: 'approve', toolId: 'nothing' }, prompt('say still here'));
    expect(await run.until(isDone)).toMatchObject({ reason: 'completed' });
    expect((await run.end()).code).toBe(0);
    expect(run.types()).not.toContain('error');
  });

  it('answers what it does not understand and goes on', async () => {
    const run = start();
    run.child.stdin.write('no json\n{"type":"dance","id":"m-1"}\n');
    run.send(prompt('say on'));
    await run.until(isDone);
    await run.end();
    const errors = run.lines.flatMap((line) => (line.type === 'error' ? [[line.code, line.id]] : []));
    expect(errors).toEqual([
      ['bad_message', undefined],
      ['bad_message', 'm-1'],
    ]);
  });

  it('aborts the turn at the end of input, says done for every prompt, and leaves nothing running', async () => {
    const run = start();
    run.send({ type: 'settings', settings: { permissionMode: 'bypassPermissions' } });
    run.send(prompt('run echo $$ > pid; trap "" TERM; while :; do sleep 1; done'), prompt('say never'));
    const pid = await appears(join(cwd, 'pid'));
    expect((await run.end()).code).toBe(0);
    expect(isAlive(pid)).toBe(false);
    expect(run.lines.flatMap((line) => (line.type === 'done' ? [line.reason] : []))).toEqual(['aborted', 'aborted']);
    expect(run.types()).not.toContain('text');
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('ends in the same order on %s', async (signal, code) => {
    const run = start();
    run.send(
      { type: 'settings', settings: { permissionMode: 'bypassPermissions' } },
      prompt('run echo $$ > pid; sleep 100'),
    );
    const pid = await appears(join(cwd, 'pid'));
    run.child.kill(signal);
    expect((await run.ended).code).toBe(code);
    expect(isAlive(pid)).toBe(false);
    expect(run.lines.at(-1)).toMatchObject({ type: 'done', reason: 'aborted' });
  });

  it('ends, with everything it started, when nobody reads any more', async () => {
    const run = start();
    run.send(
      { type: 'settings', settings: { permissionMode: 'bypassPermissions' } },
      prompt('run echo $$ > pid; sleep 100'),
    );
    const pid = await appears(join(cwd, 'pid'));
    run.child.stdout.destroy();
    run.send(prompt('x'), { type: 'dance' });
    expect((await run.ended).code).toBe(0);
    expect(isAlive(pid)).toBe(false);
  });

  it('times a query out', async () => {
    const run = start({ env: { QUERY_TIMEOUT_MS: '100' } });
    run.send(prompt('sleep 100'));
    expect(await run.until(isDone)).toMatchObject({ reason: 'timeout' });
    await run.end();
    expect(run.lines.at(-2)).toEqual({ type: 'error', agent: 'demo', error: 'Query timed out', code: 'timeout' });
  });

  it('exits with 1 and without a word when demo crashes, and takes what it started along', async () => {
    const run = start();
    run.send(prompt('say last words\ncrash'));
    expect((await run.ended).code).toBe(1);
    expect(run.types()).toEqual(['init', 'text', 'text']);
  });

  it('hears an abort in the middle of the fastest stream, also when its reader is slow', async () => {
    const run = start();
    run.send(prompt('stream 100000000'));
    await run.until((line) => line.type === 'text');
    run.child.stdout.pause();
    run.send({ type: 'abort' });
    run.child.stdout.resume();
    expect(await run.until(isDone)).toMatchObject({ reason: 'aborted' });
    await run.end();
  });

  it('goes on with its session in a later process and keeps it out of git', async () => {
    const env = { HOLDFAST_SESSION: 'a/b' };
    const first = start({ env });
    first.send(prompt('say hello'));
    await first.until(isDone);
    await first.end();
    const second = start({ env });
    await second.end();
    expect(second.lines).toEqual([
      expect.objectContaining({ type: 'init', sessionId: expect.stringMatching(/^demo-/) as string }),
    ]);
    expect(readFileSync(join(cwd, '.holdfast', '.gitignore'), 'utf8')).toBe('*\n');
  });

  it.each([
    [['run'], /Name one agent: claude, demo/],
    [['run', 'nobody'], /There is no agent "nobody"; choose one of claude, demo/],
    [['run', 'demo', '--cwd', '/nowhere'], /is not a directory/],
    [['run', 'demo', '--colour'], /--colour is not known here; known are --cwd, --help, --version/],
    [['agents', 'x'], /takes no argument/],
    [['frobnicate'], /There is no command "frobnicate"; holdfast-agent --help lists them/],
  ])('refuses %j with one sentence and exit code 2', async (args, sentence) => {
    const run = start({ args });
    const end = await run.end();
    expect(end.code).toBe(2);
    expect(end.stderr).toMatch(sentence);
    expect(end.stderr.trimEnd()).not.toContain('\n');
  });

  it('refuses a timeout that is none', async () => {
    const end = await start({ env: { QUERY_TIMEOUT_MS: 'soon' } }).end();
    expect(end).toMatchObject({ code: 2, stderr: expect.stringContaining('QUERY_TIMEOUT_MS must be') as string });
  });

  it.each([['--help'], ['run', '--help'], ['agents', '--help']])('explains itself: %s %s', async (...args) => {
    const run = start({ args: args.filter(Boolean) });
    let said = '';
    run.child.stdout.on('data', (chunk: string) => (said += chunk));
    expect((await run.end()).code).toBe(0);
    expect(said).toMatch(/^Usage: holdfast-agent/);
  });
});

async function appears(path: string): Promise<number> {
  for (;;) {
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    if (text.endsWith('\n')) return Number(text);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
