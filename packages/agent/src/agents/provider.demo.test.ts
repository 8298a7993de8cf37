import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findMarked, markVariable } from '../lib/marked-processes.ts';
import { describeProvider, play } from './provider.contract.ts';
import { openDemo } from './provider.demo.ts';

function demoIn(cwd: string, mark = 'demo-test') {
  return openDemo({
    cwd,
    env: { ...process.env, [markVariable]: mark },
    sessionFile: join(cwd, '.holdfast', 'sessions', 'demo.json'),
    log: () => undefined,
  });
}

describeProvider('demo', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'holdfast-demo-'));
  const mark = cwd.slice(-6);
  return {
    cwd,
    open: () => demoIn(cwd, mark),
    prompts: {
      text: 'say one two three',
      endless: 'stream 100000 5',
      write: (path, content) => `write ${path} ${content}`,
      command: (command) => `run ${command}`,
    },
    processes: () => findMarked(mark),
    close: async () => rmSync(cwd, { recursive: true }),
  };
});

describe('demo', () => {
  let cwd = '';
  beforeEach(() => (cwd = mkdtempSync(join(tmpdir(), 'holdfast-demo-'))));
  afterEach(() => rmSync(cwd, { recursive: true }));

  it('uses a token for each character of the prompt and for each delta', async () => {
    const { done } = play(demoIn(cwd), 'say ä 😀\nstream 5\nthink x');
    expect((await done).usage).toEqual({ inputTokens: 24, outputTokens: 8, cost: 0.000032 });
  });

  it('goes on with the next line after a call that was rejected', async () => {
    const turn = play(demoIn(cwd), 'run false\nsay after');
    const asked = await turn.until((line) => line.type === 'tool_use');
    if (asked.type === 'tool_use') turn.turn.decide(asked.tool.id, { kind: 'rejected', reason: 'no' });
    await turn.done;
    expect(turn.lines.map((line) => line.type)).toEqual(['tool_use', 'tool_use', 'tool_result', 'text', 'done']);
  });

  it('changes nothing in plan mode', async () => {
    const provider = demoIn(cwd);
    provider.applySettings({ permissionMode: 'plan' });
    const turn = play(provider, 'write a.txt x');
    await turn.done;
    expect(turn.results().map((result) => result.failed)).toEqual([true]);
  });

  it('fails with an error and a done of that reason, and says nothing more', async () => {
    const turn = play(demoIn(cwd), 'say a\nfail it broke\nsay b');
    expect((await turn.done).reason).toBe('error');
    expect(turn.lines.map((line) => (line.type === 'error' ? line.error : line.type))).toEqual([
      'text',
      'it broke',
      'done',
    ]);
  });

  it('tells the exit code of a command that failed, with its output in the order in which it came', async () => {
    const provider = demoIn(cwd);
    provider.applySettings({ permissionMode: 'bypassPermissions' });
    const turn = play(provider, 'run echo out; sleep 0.1; echo err >&2; exit 3');
    await turn.done;
    expect(turn.lines.find((line) => line.type === 'tool_result')).toMatchObject({
      result: 'out\nerr\n',
      error: 'The command ended with exit code 3.',
    });
  });

  it('ends what a command left in its process group', async () => {
    const provider = demoIn(cwd, 'demo-left');
    provider.applySettings({ permissionMode: 'bypassPermissions' });
    await play(provider, 'run tail -f /dev/null & echo started').done;
    while (findMarked('demo-left').length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  it('wakes from a sleep when the turn is aborted', async () => {
    const turn = play(demoIn(cwd), 'sleep 3600');
    turn.turn.abort();
    expect((await turn.done).reason).toBe('aborted');
  });
});
