import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseClaudeMessage, type ClaudeMessage } from './message.ts';
import { freshTurn, translate, type ClaudeEffect } from './translate.ts';
import { usageOfTurn } from './usage.ts';

/** Turns of the real Claude Code, recorded at its two ends: what a recording's first turn means, until its result. */
function replay(name: string) {
  return play(recordedMessages(name));
}

function recordedMessages(name: string): readonly ClaudeMessage[] {
  const text = readFileSync(new URL(`./recordings/${name}.jsonl`, import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly dir: string; readonly msg: unknown })
    .filter((entry) => entry.dir === 'out')
    .flatMap((entry) => parseClaudeMessage(JSON.stringify(entry.msg)) ?? []);
}

function play(messages: readonly ClaudeMessage[]) {
  let turn = freshTurn;
  const effects: ClaudeEffect[] = [];
  for (const message of messages) {
    const step = translate(turn, message);
    turn = step.turn;
    effects.push(...step.effects);
    if (message.kind === 'result') break;
  }
  const end = effects.find((effect) => effect.kind === 'end');
  return { effects, end: end?.result, usage: usageOfTurn(turn.counts, end?.result, 0).usage };
}

function textOf(effects: readonly ClaudeEffect[], as: 'text' | 'thinking'): string {
  return effects.flatMap((effect) => (effect.kind === 'delta' && effect.as === as ? [effect.content] : [])).join('');
}

const kinds = (effects: readonly ClaudeEffect[]): readonly string[] => effects.map((effect) => effect.kind);

describe('recorded turns of Claude Code', () => {
  it('text: every delta once, not again as a whole, with the usage that Claude Code itself reports', () => {
    const { effects, end, usage } = replay('text');
    expect(kinds(effects)).toEqual(['session', ...Array.from({ length: 20 }, () => 'delta'), 'end']);
    expect(textOf(effects, 'text')).toMatch(/^tok-000001 .*tok-000020 $/);
    expect(end?.isError).toBe(false);
    expect(usage).toMatchObject({ inputTokens: 100, outputTokens: 20, cost: 0.0008 });
  });

  it('thinking: a block of its own before the text', () => {
    const { effects } = replay('thinking');
    expect(textOf(effects, 'thinking')).toMatch(/^thk-000001 .*thk-000010 $/);
    const keys = effects.flatMap((effect) => (effect.kind === 'delta' ? [`${effect.as} ${effect.key}`] : []));
    expect(new Set(keys).size).toBe(2);
  });

  it('a tool call that is approved: made, asked about, finished with its result', () => {
    const { effects, usage } = replay('tool-write-approved');
    expect(kinds(effects)).toEqual(['session', 'call', 'ask', 'finish', 'delta', 'end']);
    expect(effects[2]).toMatchObject({ call: { name: 'Write', input: { content: 'hello from the agent' } } });
    expect(effects[3]).toMatchObject({ outcome: { result: expect.stringContaining('File created') as string } });
    expect(usage).toMatchObject({ inputTokens: 200, outputTokens: 40, cost: 0.0016 });
  });

  it('a tool call that is rejected: finished with the reason as its error, and the model goes on', () => {
    const { effects, end } = replay('tool-rejected');
    expect(kinds(effects)).toEqual(['session', 'call', 'ask', 'finish', 'delta', 'end']);
    expect(effects[3]).toMatchObject({ outcome: { error: 'The user said no' } });
    expect(end?.isError).toBe(false);
  });

  it('a shell command: its output is the result', () => {
    const finish = replay('tool-shell').effects.find((effect) => effect.kind === 'finish');
    expect(finish).toMatchObject({ outcome: { result: 'shell-ok' } });
  });

  it('an interrupt: an aborted end whose tokens are those of the messages, not the 0 of the result', () => {
    const { end, usage } = replay('abort');
    expect(end).toMatchObject({ isError: true, wasAborted: true });
    expect(usage).toMatchObject({ inputTokens: 100, outputTokens: 37, cost: 0.00114 });
  });

  it('a cut stream: what was said of it is void before it is said again, and a failed end is an error', () => {
    const { effects, end } = replay('stream-cut');
    const superseded = effects.flatMap((effect) => (effect.kind === 'supersede' ? [effect.key] : []));
    expect(new Set(superseded).size).toBe(2);
    expect(kinds(effects).filter((kind) => kind === 'notice')).toHaveLength(1);
    for (const key of superseded) {
      const last = effects.findLastIndex((effect) => effect.kind === 'delta' && effect.key === key);
      expect(effects.findIndex((effect) => effect.kind === 'supersede' && effect.key === key)).toBeGreaterThan(last);
    }
    expect(end).toMatchObject({ isError: true, wasAborted: false });
    expect(kinds(effects)).not.toContain('whole');
  });

  it('a failed request looks like a success but for is_error, and its words are not the model’s', () => {
    const { effects, end } = replay('error');
    expect(kinds(effects)).toEqual(['session', 'end']);
    expect(end).toMatchObject({ isError: true, apiStatus: 400, text: 'API Error: 400 scripted failure 400' });
  });

  it('an overloaded model: a notice for each new attempt', () => {
    const { effects } = replay('error-overloaded');
    expect(effects.find((effect) => effect.kind === 'notice')).toMatchObject({
      code: 'retry',
      content: 'Claude Code tries again (1 of 1): overloaded, status 529.',
    });
  });

  it('a resumed session goes on counting its cost: only the difference is of this turn', () => {
    const first = replay('resume-1');
    const second = recordedMessages('resume-2');
    const result = second.findLast((message) => message.kind === 'result');
    expect(first.usage.cost).toBe(0.0008);
    expect(result?.kind === 'result' && usageOfTurn(new Map(), result.result, 800)).toMatchObject({
      usage: { cost: 0.0008 },
      costAfterMicros: 1600,
    });
  });
});

describe('what no recording shows', () => {
  const usage = { inputTokens: 10, outputTokens: 1, cacheReadTokens: 3, cacheWriteTokens: 2 };

  it('the last attempt after a cut stream is not streamed: its text comes whole', () => {
    const whole: ClaudeMessage = {
      kind: 'assistant',
      parent: '',
      messageId: 'm2',
      blocks: [{ kind: 'text', text: 'all of it' }],
      usage,
      isComplete: true,
      isApiError: false,
    };
    const start: ClaudeMessage = { kind: 'messageStart', parent: '', messageId: 'm1', usage };
    const delta: ClaudeMessage = { kind: 'delta', parent: '', index: 0, thinking: false, text: 'all' };
    const stop: ClaudeMessage = { kind: 'messageStop', parent: '', abandonedFrom: 0 };
    expect(play([start, delta, stop, whole]).effects).toEqual([
      { kind: 'delta', as: 'text', key: 'm1:0', content: 'all' },
      { kind: 'supersede', key: 'm1:0' },
      { kind: 'whole', as: 'text', key: 'whole:0', content: 'all of it' },
    ]);
  });

  it('counts a message once, though its usage is repeated with every block', () => {
    const block: ClaudeMessage = {
      kind: 'assistant',
      parent: '',
      messageId: 'm1',
      blocks: [],
      usage,
      isComplete: true,
      isApiError: false,
    };
    expect(play([block, block, block]).usage).toEqual({ ...usage, cost: null });
  });

  it('shows the calls of a subagent, not its text', () => {
    const message: ClaudeMessage = {
      kind: 'assistant',
      parent: 'toolu_1',
      messageId: 'm1',
      blocks: [
        { kind: 'text', text: 'to itself' },
        { kind: 'tool', id: 't', name: 'Read', input: {} },
      ],
      usage,
      isComplete: true,
      isApiError: false,
    };
    expect(kinds(play([message]).effects)).toEqual(['call']);
  });

  it.each(['', 'no json', '[]', '{"type":"new_thing"}', '{"type":"stream_event","event":{"type":"ping"}}'])(
    'passes over a line it has no use for: %j',
    (line) => expect(parseClaudeMessage(line)).toBeUndefined(),
  );
});
