import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { claudeCodeEnvironment, installClaudeCode } from '../../../../test/support/claude-code.ts';
import { startModelEndpoint, type ModelEndpoint } from '../../../../test/support/model-endpoint.ts';
import { findMarked, markVariable } from '../lib/marked-processes.ts';
import { describeProvider, play, textsOf } from './provider.contract.ts';
import { openClaude } from './provider.claude.ts';

/** The real Claude Code against a scripted model. */
let bin: string;
let model: ModelEndpoint;
beforeAll(async () => {
  bin = await installClaudeCode();
  model = await startModelEndpoint();
});
afterAll(() => model.close());

function prepare(extra: Readonly<Record<string, string>> = {}) {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-claude-'));
  const cwd = mkdtempSync(join(tmpdir(), 'holdfast-workspace-'));
  const mark = home.slice(-6);
  const env = { ...claudeCodeEnvironment({ bin, modelUrl: model.url, home }), [markVariable]: mark, ...extra };
  const sessionFile = join(cwd, '.holdfast', 'sessions', 'claude.json');
  return {
    cwd,
    home,
    open: () => openClaude({ cwd, env, sessionFile, log: () => undefined }),
    processes: () => findMarked(mark),
    close: async () => {
      for (const folder of [home, cwd]) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

describeProvider('claude', async () => {
  const agent = prepare();
  return {
    ...agent,
    prompts: {
      text: 'STREAM 5',
      endless: 'STREAM 10000 10',
      write: (path, content) => `WRITE ${join(agent.cwd, path)} ${content}`,
      command: (command) => `BASH ${command}`,
    },
  };
});

describe('claude', () => {
  let agent: ReturnType<typeof prepare>;
  let provider: ReturnType<ReturnType<typeof prepare>['open']>;
  beforeEach(() => {
    agent = prepare();
    provider = agent.open();
  });
  afterEach(async () => {
    await provider.close();
    await agent.close();
  });

  it('streams what it thinks', async () => {
    const turn = play(provider, 'THINK 3\nthen says');
    await turn.done;
    expect(turn.lines.filter((line) => line.type === 'thinking')).toHaveLength(3);
    expect(textsOf(turn.lines).map((line) => line.content)).toEqual(['echo: then says']);
  });

  it('voids what was said of a stream that was cut, and says it again', async () => {
    const turn = play(provider, 'CUT 3');
    expect((await turn.done).reason).toBe('completed');
    const voided = turn.lines.flatMap((line) => (line.type === 'superseded' ? [line.block] : []));
    const kept = textsOf(turn.lines).filter((line) => !voided.includes(line.block));
    expect(voided).toHaveLength(1);
    expect(kept.map((line) => line.content).join('')).toBe('whole whole whole ');
    expect(turn.lines.find((line) => line.type === 'notice')).toMatchObject({ code: 'retry' });
  });

  it('ends with an error when the model fails, though Claude Code calls that a success', async () => {
    const turn = play(provider, 'FAIL 400');
    expect((await turn.done).reason).toBe('error');
    expect(turn.lines.find((line) => line.type === 'error')).toMatchObject({
      error: 'API Error: 400 scripted failure 400',
    });
  });

  it('counts an interrupted turn by its messages, and the next one for itself', async () => {
    const turn = play(provider, 'STREAM 10000 10');
    await turn.until((line) => line.type === 'text');
    turn.turn.abort();
    const aborted = await turn.done;
    expect(aborted.usage?.inputTokens).toBe(100);
    expect(aborted.usage?.cost).toBeGreaterThan(0);
    const next = await play(provider, 'hello').done;
    expect(next.usage).toMatchObject({ inputTokens: 100, outputTokens: 20, cost: 0.0008 });
  });

  it('counts only the cost of the turn in a session that was resumed', async () => {
    const first = await play(provider, 'hello').done;
    await provider.close();
    provider = agent.open();
    expect((await play(provider, 'again').done).usage).toEqual(first.usage);
  });

  it('says that the context is lost when the session is not known any more, and answers all the same', async () => {
    await play(provider, 'hello').done;
    await provider.close();
    rmSync(join(agent.home, '.claude', 'projects'), { recursive: true });
    provider = agent.open();
    const turn = play(provider, 'again');
    expect((await turn.done).reason).toBe('completed');
    expect(turn.lines[0]).toMatchObject({ type: 'notice', code: 'context_reset' });
    expect(textsOf(turn.lines)).toHaveLength(1);
  });

  it('uses the model and the thinking that the settings name, from the next prompt on', async () => {
    await play(provider, 'hello').done;
    provider.applySettings({ model: 'claude-haiku-4-5', extendedThinking: true });
    await play(provider, 'again').done;
    expect(model.requests.at(-1)).toMatchObject({ model: 'claude-haiku-4-5', thinking: { type: 'enabled' } });
  });

  it('tells that the program is gone in mid-turn, and resumes with the next prompt', async () => {
    const turn = play(provider, 'STREAM 10000 10');
    await turn.until((line) => line.type === 'text');
    for (const pid of agent.processes()) process.kill(pid, 'SIGKILL');
    expect((await turn.done).reason).toBe('error');
    expect(turn.lines.find((line) => line.type === 'error')).toMatchObject({ code: 'agent_crashed' });
    expect((await play(provider, 'again').done).reason).toBe('completed');
  });

  it('puts the files that a prompt names before it', async () => {
    writeFileSync(join(agent.cwd, 'named.ts'), 'export const named = 1;');
    const turn = play(provider, { text: 'hello', context: { files: [{ path: 'named.ts' }] } });
    await turn.done;
    expect(textsOf(turn.lines).map((line) => line.content)).toEqual(['echo: hello']);
    expect(JSON.stringify(model.requests.at(-1)?.messages)).toContain('export const named = 1;');
  });
});

describe('claude where it cannot run', () => {
  it.each([
    ['is not installed', { PATH: '/nowhere' }, /not on the PATH .*npm install/],
    ['refuses to start', {}, /ended before it began: it is Tuesday$/],
  ])('says so, and what it knows, when it %s, with one done', async (_title, extra, sentence) => {
    const programs = mkdtempSync(join(tmpdir(), 'holdfast-programs-'));
    const refuse = '#!/bin/sh\necho first >&2\necho it is Tuesday >&2\nexit 1\n';
    writeFileSync(join(programs, 'claude'), refuse, { mode: 0o755 });
    const agent = prepare({ PATH: programs, ...extra });
    const provider = agent.open();
    const turn = play(provider, 'hello');
    expect(await turn.done).toEqual({ type: 'done', agent: 'tested', reason: 'error' });
    expect(turn.lines).toHaveLength(2);
    expect(turn.lines[0]).toMatchObject({
      code: 'agent_unavailable',
      error: expect.stringMatching(sentence) as string,
    });
    await provider.close();
    await agent.close();
    rmSync(programs, { recursive: true });
  });
});
