import type { AgentLine } from '@holdfast/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { restingTurn, stepTurn, type ClosingLine, type Turn, type TurnEvent } from './turn.ts';

const agent = 'demo';

const line = (value: object): TurnEvent => ({ kind: 'line', line: { agent, ...value } as unknown as AgentLine });
const toolUse = (id: string, status: string): TurnEvent =>
  line({ type: 'tool_use', tool: { id, name: 'run', input: {}, status } });

const agentEvents: fc.Arbitrary<TurnEvent> = fc.oneof(
  fc.constantFrom('completed', 'aborted', 'error').map((reason) => line({ type: 'done', reason })),
  fc
    .record({ id: fc.constantFrom('a', 'b', 'c'), status: fc.constantFrom('pending', 'running', 'complete') })
    .map((tool) => toolUse(tool.id, tool.status)),
  fc.constantFrom('a', 'b', 'c').map((toolId) => line({ type: 'tool_result', toolId, result: 1 })),
  fc.constant(line({ type: 'error', error: 'x', code: 'internal' })),
);
const anyEvents: fc.Arbitrary<TurnEvent[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: agentEvents },
    {
      weight: 3,
      arbitrary: fc
        .constantFrom('prompt', 'abort', 'approve', 'reject', 'settings')
        .map((command): TurnEvent => ({ kind: 'accepted', id: command, command })),
    },
    fc.constant<TurnEvent>({ kind: 'abortExpired' }),
    fc.constant<TurnEvent>({ kind: 'agentGone' }),
    fc.constant<TurnEvent>({ kind: 'agentGone', error: { code: 'agent_crashed', error: 'gone' } }),
  ),
  { maxLength: 60 },
);

type Written = { readonly type: string; readonly toolId?: string; readonly id?: string };

/** What a journal would hold after these events; prompts get ids of their own. */
function play(events: readonly TurnEvent[]): { turn: Turn; journal: Written[] } {
  let turn = restingTurn;
  const journal: Written[] = [];
  let prompts = 0;
  for (const given of events) {
    const event = given.kind === 'accepted' ? { ...given, id: `p${(prompts += 1)}` } : given;
    const step = stepTurn(turn, event);
    turn = step.turn;
    const isDropped = step.effects.some((effect) => effect.kind === 'drop');
    if (event.kind === 'accepted' && event.command === 'prompt') journal.push({ type: 'prompt', id: event.id });
    if (event.kind === 'line' && !isDropped) journal.push(event.line);
    for (const effect of step.effects)
      if (effect.kind === 'close') journal.push(...(effect.lines as readonly Written[]));
  }
  return { turn, journal };
}

const count = (journal: readonly Written[], type: string): number =>
  journal.filter((entry) => entry.type === type).length;

test('there is exactly one done for each accepted prompt, whatever the agent says and whatever dies', () => {
  fc.assert(
    fc.property(anyEvents, (events) => {
      const { journal } = play([...events, { kind: 'agentGone' }]);
      expect(count(journal, 'done')).toBe(count(journal, 'prompt'));
      let open = 0;
      for (const entry of journal) {
        open += entry.type === 'prompt' ? 1 : entry.type === 'done' ? -1 : 0;
        expect(open).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});

test('after the agent is gone nothing is open and nothing dangles', () => {
  fc.assert(
    fc.property(anyEvents, (events) => {
      expect(play([...events, { kind: 'agentGone' }]).turn).toEqual(restingTurn);
    }),
  );
});

test('a journal that is read again leads to the same turn as the one that was lived', () => {
  fc.assert(
    fc.property(anyEvents, (events) => {
      const { turn, journal } = play(events);
      let again = restingTurn;
      for (const entry of journal) {
        const event: TurnEvent =
          entry.type === 'prompt' ? { kind: 'accepted', id: entry.id ?? '', command: 'prompt' } : line(entry);
        again = stepTurn(again, event).turn;
      }
      // Whether an abort runs stands in the journal too (runner.accepted), which this short form leaves out.
      expect({ ...again, isAborting: turn.isAborting }).toEqual(turn);
    }),
  );
});

test('a clock that was started is stopped, runs out, or the turn it is for is still open', () => {
  fc.assert(
    fc.property(anyEvents, (events) => {
      let turn = restingTurn;
      let isRunning = false;
      for (const event of events) {
        const step = stepTurn(turn, event);
        turn = step.turn;
        if (event.kind === 'abortExpired') isRunning = false;
        for (const effect of step.effects) {
          if (effect.kind === 'startAbortClock') isRunning = true;
          if (effect.kind === 'stopAbortClock') isRunning = false;
        }
        expect(isRunning).toBe(turn.isAborting);
        if (turn.isAborting) expect(turn.prompts.length).toBeGreaterThan(0);
      }
    }),
  );
});

function closingLines(events: readonly TurnEvent[], last: TurnEvent): readonly ClosingLine[] {
  const { effects } = stepTurn(play(events).turn, last);
  return effects.flatMap((effect) => (effect.kind === 'close' ? effect.lines : []));
}

const prompt: TurnEvent = { kind: 'accepted', id: 'p', command: 'prompt' };
const abort: TurnEvent = { kind: 'accepted', id: 'x', command: 'abort' };

test('an agent that dies in mid-turn leaves closed tool calls, one error, and a done for each prompt', () => {
  const error = { code: 'agent_crashed', error: 'it is gone' } as const;
  const events = [
    prompt,
    prompt,
    toolUse('a', 'pending'),
    toolUse('b', 'running'),
    line({ type: 'tool_result', toolId: 'a' }),
  ];
  expect(closingLines(events, { kind: 'agentGone', error })).toEqual([
    { type: 'tool_result', toolId: 'b', error: 'interrupted, outcome unknown' },
    { type: 'error', ...error },
    { type: 'done', reason: 'error' },
    { type: 'done', reason: 'error' },
  ]);
});

test('an agent that dies between turns owes nothing', () => {
  expect(closingLines([prompt, line({ type: 'done', reason: 'completed' })], { kind: 'agentGone' })).toEqual([]);
});

test('an abort that the agent does not obey ends the turn as aborted, and those behind it as interrupted', () => {
  expect(closingLines([prompt, prompt, abort], { kind: 'abortExpired' })).toEqual([
    { type: 'done', reason: 'aborted' },
    { type: 'done', reason: 'interrupted' },
  ]);
});

test('an abort with nothing running starts no clock', () => {
  expect(stepTurn(restingTurn, abort).effects).toEqual([]);
});

test('done and a waiting tool call are marked for the disk, a running one is not', () => {
  const running = play([prompt]).turn;
  expect(stepTurn(running, line({ type: 'done', reason: 'completed' })).effects).toEqual([{ kind: 'sync' }]);
  expect(stepTurn(running, toolUse('a', 'pending')).effects).toEqual([{ kind: 'sync' }]);
  expect(stepTurn(running, toolUse('a', 'running')).effects).toEqual([]);
});
