import type { InitMessage, Json, ServerMessage, StoredMessage, Tool } from '@holdfast/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readTranscript } from './transcript.ts';
import { emptyTranscript, type Transcript } from './transcript-item.ts';

type Entry = { readonly type: string } & Record<string, unknown>;

/** Numbered, as the log has them. */
function toLog(entries: readonly Entry[]): StoredMessage[] {
  return entries.map((entry, index) => {
    const at = new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString();
    return { seq: index + 1, at, agent: 'demo', ...entry } as unknown as StoredMessage;
  });
}

function read(...entries: readonly Entry[]): Transcript {
  return readTranscript(emptyTranscript, toLog(entries));
}

function contents(transcript: Transcript): unknown[] {
  return transcript.items.map((item) => {
    switch (item.kind) {
      case 'text':
      case 'thinking':
      case 'notice':
        return item.content;
      case 'user':
        return item.prompt;
      case 'tool':
        return item.tool.status;
      case 'error':
        return item.error;
      case 'checks':
        return `${item.check} ${item.result?.verdict ?? item.state}`;
      case 'end':
        return item.reason;
    }
  });
}

const text = (block: string, content: string, streaming = true): Entry => ({ type: 'text', block, content, streaming });
const thinking = (block: string, content: string): Entry => ({ type: 'thinking', block, content, streaming: true });
const tool = (id: string, status: Tool['status'], input: Json = {}): Entry => ({
  type: 'tool_use',
  tool: { id, name: 'run', input, status },
});
const decision = (toolId: string, approved: boolean, userId = 'ada'): Entry => ({
  type: 'decision',
  toolId,
  approved,
  userId,
});

describe('text', () => {
  test('streamed pieces are appended to their block, and a whole one replaces them', () => {
    expect(contents(read(text('a', 'Hel'), text('a', 'lo')))).toEqual(['Hello']);
    expect(contents(read(text('a', 'Hel'), text('a', 'Goodbye', false)))).toEqual(['Goodbye']);
  });

  test('blocks stand in order of first appearance, also when they grow in turn', () => {
    expect(contents(read(text('a', '1'), thinking('b', '2'), text('a', '3'), thinking('b', '4')))).toEqual([
      '13',
      '24',
    ]);
  });

  test('a superseded block is gone, and those behind it are still found', () => {
    const read1 = read(text('a', 'cut'), text('b', 'x'), { type: 'superseded', block: 'a' }, text('b', 'y'));
    expect(contents(read1)).toEqual(['xy']);
    expect(contents(readTranscript(read1, toLog([text('b', 'z')])))).toEqual(['xyz']);
  });
});

describe('checks', () => {
  const checks = (runId: string, check: string, verdict?: string): Entry => ({
    ...{ type: 'checks', runId, check, state: verdict === undefined ? 'running' : 'finished' },
    ...(verdict === undefined ? {} : { result: { verdict } }),
  });

  test('a check keeps its place when it finishes; those of another run are others', () => {
    const first = [checks('r1', 'lint'), checks('r1', 'test'), text('a', 'x'), checks('r1', 'lint', 'failed')];
    expect(contents(read(...first, checks('r2', 'lint')))).toEqual([
      'lint failed',
      'test running',
      'x',
      'lint running',
    ]);
  });
});

describe('tool calls', () => {
  test('a call keeps its place, its input, its decision and its result', () => {
    const { items, pending } = read(
      tool('t', 'pending', { command: 'ls' }),
      text('a', 'between'),
      decision('t', true),
      tool('t', 'running', { command: 'ls' }),
      { type: 'tool_result', toolId: 't', result: 'a.txt' },
      tool('t', 'complete', { command: 'ls' }),
    );
    expect(items[0]).toMatchObject({
      kind: 'tool',
      tool: { id: 't', name: 'run', input: { command: 'ls' }, status: 'complete' },
      decision: { approved: true, userId: 'ada' },
      result: 'a.txt',
    });
    expect(items).toHaveLength(2);
    expect(pending).toEqual([]);
  });

  test('pending are those that nobody has decided, the oldest first', () => {
    expect(
      read(tool('a', 'pending'), tool('b', 'pending'), tool('c', 'pending'), decision('b', false)).pending,
    ).toEqual([
      { id: 'a', name: 'run', input: {}, status: 'pending' },
      { id: 'c', name: 'run', input: {}, status: 'pending' },
    ]);
  });

  test('the first decision stands, and a call that is decided or done never waits again', () => {
    const decided = read(
      tool('t', 'pending'),
      decision('t', true),
      decision('t', false, 'grace'),
      tool('t', 'pending'),
    );
    expect(decided.items[0]).toMatchObject({ decision: { approved: true, userId: 'ada' } });
    expect(decided.pending).toEqual([]);
    const done = read(tool('t', 'running'), { type: 'tool_result', toolId: 't', error: 'no' }, tool('t', 'running'));
    expect(done.items[0]).toMatchObject({ tool: { status: 'complete' }, error: 'no' });
  });

  test('a call that was said to run may turn out to wait for a decision', () => {
    const waiting = read(tool('t', 'running'), tool('t', 'pending'));
    expect(waiting.items[0]).toMatchObject({ tool: { status: 'pending' } });
    expect(waiting.pending).toEqual([{ id: 't', name: 'run', input: {}, status: 'pending' }]);
  });

  test('what waited before the part of the log that is kept is known from init', () => {
    const waiting: Tool = { id: 'old', name: 'run', input: {}, status: 'pending' };
    const opened = readTranscript(emptyTranscript, [init('snapshot', 0, [waiting])]);
    expect(opened.pending).toEqual([waiting]);
    expect(readTranscript(opened, toLog([decision('old', true)])).pending).toEqual([]);
  });
});

test('prompts, notices, errors, ends of turns and the status are in it; answers to one viewer are not', () => {
  const transcript = readTranscript(emptyTranscript, [
    ...toLog([
      { type: 'user', id: 'p1', userId: 'ada', prompt: 'hi' },
      { type: 'status', status: 'in-progress' },
      { type: 'notice', code: 'retry', content: 'Trying again.' },
      { type: 'error', code: 'agent_crashed', error: 'It crashed.' },
      { type: 'done', reason: 'error', usage: { inputTokens: 1, outputTokens: 2, cost: null } },
    ]),
    { type: 'accepted', agent: 'demo', id: 'p1' } as ServerMessage,
    { type: 'error', agent: 'demo', code: 'bad_message', error: 'Not for all.' },
    { type: 'decision', agent: 'demo', toolId: 'x', approved: true, userId: 'ada' } as ServerMessage,
    { type: 'heartbeat', agent: 'demo' },
  ]);
  expect(contents(transcript)).toEqual(['hi', 'Trying again.', 'It crashed.', 'error']);
  expect(transcript.items.at(-1)).toMatchObject({ usage: { inputTokens: 1, outputTokens: 2, cost: null } });
  expect(transcript.status).toBe('in-progress');
});

test('nothing that was handed out is changed, and one may read on from it twice', () => {
  const base = read(text('a', '1'), tool('t', 'pending'));
  const copy = structuredClone(base);
  const one = readTranscript(base, toLog([text('a', 'x'), text('c', 'new')]));
  const two = readTranscript(base, toLog([text('b', 'y'), text('a', 'z')]));
  const three = readTranscript(one, toLog([text('c', '!')]));
  expect(base).toEqual(copy);
  expect([one, two, three].map(contents)).toEqual([
    ['1x', 'pending', 'new'],
    ['1z', 'pending', 'y'],
    ['1x', 'pending', 'new!'],
  ]);
});

function init(mode: InitMessage['mode'], seq: number, pending: readonly Tool[] = []): InitMessage {
  return {
    ...{ type: 'init', agent: 'demo', conversationId: 'c1' as InitMessage['conversationId'], sessionId: 'c1' },
    ...{ epoch: 'e', seq, mode, status: 'completed', pending, settings: {}, protocol: 1 },
  };
}

/** docs/protocol.md 3.3: neighbours of one block joined, superseded blocks left out. */
function join(log: readonly StoredMessage[]): StoredMessage[] {
  const voided = new Set(log.flatMap((message) => (message.type === 'superseded' ? [message.block] : [])));
  const joined: StoredMessage[] = [];
  for (const message of log) {
    if ('block' in message && voided.has(message.block)) continue;
    const last = joined.at(-1);
    const isText = message.type === 'text' || message.type === 'thinking';
    if (isText && message.streaming && last?.type === message.type && last.block === message.block) {
      joined[joined.length - 1] = { ...message, streaming: last.streaming, content: last.content + message.content };
    } else joined.push(message);
  }
  return joined;
}

/** Logs as agents write them: a block or a call may come up again at any time, but a voided block is not used again. */
const anyLog: fc.Arbitrary<StoredMessage[]> = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.tuple(fc.constantFrom('text', 'thinking'), fc.nat(3), fc.string(), fc.boolean()) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('superseded'), fc.nat(3)) },
      { weight: 2, arbitrary: fc.tuple(fc.constantFrom('pending', 'running', 'complete'), fc.nat(2)) },
      { weight: 1, arbitrary: fc.tuple(fc.constantFrom('decision', 'result'), fc.nat(2), fc.boolean()) },
      { weight: 2, arbitrary: fc.tuple(fc.constantFrom('user', 'notice', 'error', 'done', 'status')) },
    ),
    { maxLength: 60, size: 'max' },
  )
  .map((steps) => {
    const generation: Record<string, number> = {};
    return toLog(
      steps.map(([kind, n = 0, extra, isStreaming], index): Entry => {
        const block = (type: string): string => `${type}${n}.${generation[`${type}${n}`] ?? 0}`;
        switch (kind) {
          case 'text':
          case 'thinking':
            return { type: kind, block: block(kind), content: extra, streaming: isStreaming };
          case 'superseded': {
            const voided = block('text');
            generation[`text${n}`] = (generation[`text${n}`] ?? 0) + 1;
            return { type: kind, block: voided };
          }
          case 'pending':
          case 'running':
          case 'complete':
            return tool(`t${n}`, kind, { n: index });
          case 'decision':
            return decision(`t${n}`, extra);
          case 'result':
            return { type: 'tool_result', toolId: `t${n}`, ...(extra ? { result: index } : { error: 'no' }) };
          case 'user':
            return { type: 'user', id: `p${index}`, userId: 'ada', prompt: 'do it' };
          case 'status':
            return { type: 'status', status: index % 2 === 0 ? 'in-progress' : 'completed' };
          case 'done':
            return { type: 'done', reason: 'completed' };
          default:
            return { type: kind, code: 'internal', content: 'n', error: 'e' };
        }
      }),
    );
  });

function history(log: readonly StoredMessage[], isLast = true): ServerMessage {
  const more = isLast ? {} : { more: true as const };
  return { type: 'history', agent: 'demo', history: log, seq: log.at(-1)?.seq ?? 0, ...more };
}

function pendingOf(log: readonly StoredMessage[]): readonly Tool[] {
  return readTranscript(emptyTranscript, log).pending;
}

describe('whatever the log', () => {
  test('the joined history reads like every message by itself', () => {
    fc.assert(
      fc.property(anyLog, (log) => {
        const live = log.reduce((transcript, message) => readTranscript(transcript, [message]), emptyTranscript);
        const joined = readTranscript(emptyTranscript, [
          init('snapshot', log.length, live.pending),
          history(join(log)),
        ]);
        expect(joined).toEqual(live);
      }),
    );
  });

  test('two viewers who came at different moments, one cut off on the way, have equal transcripts', () => {
    fc.assert(
      fc.property(anyLog, fc.nat(60), fc.nat(60), fc.nat(60), (log, a, b, c) => {
        const [joins, cut, split] = [a, b, c].map((n) => n % (log.length + 1)).toSorted((x, y) => x - y) as [
          number,
          number,
          number,
        ];
        const early = readTranscript(emptyTranscript, [init('snapshot', 0), history([]), ...log]);
        const before = log.slice(0, joins);
        const opened = readTranscript(emptyTranscript, [
          init('snapshot', joins, pendingOf(before)),
          history(join(before)),
          ...log.slice(joins, cut),
        ]);
        const resumed = readTranscript(opened, [init('replay', log.length, pendingOf(log)), ...log.slice(cut, split)]);
        const late = readTranscript(resumed, log.slice(split));
        expect(late.items).toEqual(early.items);
        expect(late.pending).toEqual(early.pending);
      }),
    );
  });

  test('a later snapshot replaces all that was read before', () => {
    fc.assert(
      fc.property(anyLog, anyLog, (old, log) => {
        const fresh = [init('snapshot', log.length, pendingOf(log)), history(join(log))];
        const before = readTranscript(emptyTranscript, old);
        expect(readTranscript(before, fresh)).toEqual(readTranscript(emptyTranscript, fresh));
      }),
    );
  });
});

test('100,000 pieces of one block among 2,000 items are read in well under a second a batch at a time', () => {
  const items = Array.from({ length: 2_000 }, (_, n) => text(`b${n}`, 'x', false));
  const pieces = Array.from({ length: 100_000 }, (_, n) => text('long', `token ${n} `));
  const log = toLog([...items, ...pieces]);
  const started = performance.now();
  let transcript = emptyTranscript;
  for (let at = 0; at < log.length; at += 100) transcript = readTranscript(transcript, log.slice(at, at + 100));
  const tookMs = performance.now() - started;
  expect(transcript.items).toHaveLength(2_001);
  expect(contents(transcript).at(-1)).toHaveLength(
    pieces.reduce((sum, piece) => sum + String(piece['content']).length, 0),
  );
  // Measured at about 0.1 s; copying the text or the items for each piece takes tens of seconds.
  expect(tookMs).toBeLessThan(3_000);
});
