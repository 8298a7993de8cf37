import type { ServerMessage, StoredMessage } from '@holdfast/protocol';
import { expect, test } from 'vitest';

import { ChatRenderer } from './render.ts';

type Entry = { readonly type: string } & Record<string, unknown>;

function toLog(entries: readonly Entry[], from = 1): StoredMessage[] {
  return entries.map((entry, index) => {
    return { seq: from + index, at: '2026-01-01T00:00:00.000Z', agent: 'demo', ...entry } as unknown as StoredMessage;
  });
}

function init(mode: 'snapshot' | 'replay'): ServerMessage {
  return {
    ...{ type: 'init', agent: 'demo', conversationId: 'c1', sessionId: 'c1', epoch: 'e', seq: 0, mode },
    ...{ status: 'completed', pending: [], settings: {}, protocol: 1 },
  } as unknown as ServerMessage;
}

function history(log: readonly StoredMessage[]): ServerMessage[] {
  return [init('snapshot'), { type: 'history', agent: 'demo', history: log, seq: log.length }];
}

const prompt = (id: string, text: string): Entry => ({ type: 'user', id, userId: 'ada', prompt: text });
const text = (block: string, content: string): Entry => ({ type: 'text', block, content, streaming: true });
const done: Entry = { type: 'done', reason: 'completed', usage: { inputTokens: 5, outputTokens: 2, cost: 0.5 } };
const run = (status: string): Entry => ({
  type: 'tool_use',
  tool: { id: 't', name: 'run', input: { command: 'npm test' }, status },
});

function live(...entries: readonly Entry[]): string {
  return new ChatRenderer(false).read(toLog(entries));
}

const turn: readonly Entry[] = [
  prompt('p1', 'test it\nplease'),
  { type: 'status', status: 'in-progress' },
  { type: 'thinking', block: 'b0', content: 'Hm.', streaming: true },
  text('b1', 'I run the '),
  text('b1', 'tests.'),
  run('pending'),
  { type: 'decision', toolId: 't', approved: true, userId: 'ada' },
  run('running'),
  { type: 'tool_result', toolId: 't', result: '3 passed\n' },
  run('complete'),
  text('b2', 'All green.'),
  done,
  { type: 'status', status: 'completed' },
];
const shownTurn = `› test it
  please

Hm.

I run the tests.

● run  $ npm test
  ✓ allowed by ada
  ⎿ 3 passed

All green.

— done · 5 in · 2 out · $0.50
`;

test('a turn reads like a conversation', () => {
  expect(live(...turn)).toBe(shownTurn);
});

test('a history looks like what was shown live', () => {
  expect(new ChatRenderer(false).read(history(toLog(turn)))).toBe(shownTurn);
});

test('of a long history only the end is shown, and what follows it fits', () => {
  const turns = Array.from({ length: 50 }, (_, n) => [
    prompt(`p${n}`, `prompt ${n}`),
    text(`b${n}`, `answer ${n}`),
    done,
  ]);
  const renderer = new ChatRenderer(false);
  const shown = renderer.read(history(toLog(turns.flat())));
  expect(shown.startsWith('· 120 earlier entries are not shown\n\n› prompt 40\n')).toBe(true);
  expect(shown.endsWith('answer 49\n\n— done · 5 in · 2 out · $0.50\n')).toBe(true);
  expect(renderer.isTurnRunning).toBe(false);
});

test('a prompt that waits is shown when its turn comes, not in the middle of an answer', () => {
  const renderer = new ChatRenderer(false);
  const shown = renderer.read(toLog([prompt('p1', 'one'), text('a', 'an'), prompt('p2', 'two'), text('a', 'swer')]));
  expect(shown).toBe('› one\n\nanswer');
  expect(renderer.queued).toBe(1);
  expect(renderer.read(toLog([done], 5))).toBe('\n\n— done · 5 in · 2 out · $0.50\n\n› two\n');
  expect(renderer.queued).toBe(0);
});

test('an answer goes on in its own paragraph after a remark', () => {
  const renderer = new ChatRenderer(false);
  const first = renderer.read(toLog([text('a', 'Hel')]));
  const notes = renderer.note('the connection is lost') + renderer.note('connected again');
  expect(first + notes + renderer.read(toLog([text('a', 'lo')], 2))).toBe(
    'Hel\n\n· the connection is lost\n· connected again\n\nlo',
  );
});

test('results of calls that ran side by side carry their names', () => {
  const tool = (id: string, command: string): Entry => ({
    type: 'tool_use',
    tool: { id, name: 'run', input: { command }, status: 'running' },
  });
  const result = (toolId: string): Entry => ({ type: 'tool_result', toolId, result: `of ${toolId}` });
  expect(live(tool('t1', 'one'), tool('t2', 'two'), result('t1'), result('t2'))).toBe(
    '● run  $ one\n\n● run  $ two\n\nrun one\n  ⎿ of t1\n\nrun two\n  ⎿ of t2\n',
  );
});

test('a refusal is said once, with its reason; a failure of the call is an error', () => {
  const refused = { type: 'decision', toolId: 't', approved: false, userId: 'ada', reason: 'not now' };
  const error = { type: 'tool_result', toolId: 't', error: 'Rejected' };
  expect(live(run('pending'), refused, error)).toBe('● run  $ npm test\n  ✗ refused by ada: not now\n');
  expect(live(run('running'), error)).toBe('● run  $ npm test\n  ⎿ Rejected\n');
});

test('a whole block that repeats what was streamed adds only what is new; another one is shown again', () => {
  const whole = (content: string): Entry => ({ type: 'text', block: 'a', content, streaming: false });
  expect(live(text('a', 'Hel'), whole('Hello'))).toBe('Hello');
  expect(live(text('a', 'Hel'), whole('Bye'))).toBe('Hel\n\nBye');
});

test('a block that was cut is called void before it comes again', () => {
  expect(live(text('a', 'It is f'), { type: 'superseded', block: 'a' }, text('b', 'It is five.'))).toBe(
    'It is f\n\n· the text above is void; the agent begins it again\n\nIt is five.',
  );
});

test('what an agent writes cannot move the cursor', () => {
  expect(live(text('a', 'safe\u001b[2J\u001b]0;title\u0007\rtext\u0008'))).toBe('safetext');
});

test('answers to one viewer are not shown', () => {
  const renderer = new ChatRenderer(false);
  expect(
    renderer.read([
      { type: 'error', agent: 'demo', error: 'Only for one.', code: 'bad_message' },
      { type: 'accepted', agent: 'demo', id: 'p1' } as ServerMessage,
      { type: 'heartbeat', agent: 'demo' },
      init('replay'),
    ]),
  ).toBe('');
});
