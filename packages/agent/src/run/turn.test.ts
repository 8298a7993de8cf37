import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginTurn, stepTurn, waitsFor, type TurnEffect, type TurnEvent, type TurnState } from './turn.ts';

const limits = { agent: 'demo', timeoutMs: 1000, graceMs: 100 };
const call = (id: string) => ({ id, name: 'write', input: {} });

/** Plays events at their times and gives the end state and all effects. */
function play(events: readonly { readonly at: number; readonly event: TurnEvent }[]) {
  const begun = beginTurn(limits, 0);
  let state: TurnState = begun.state;
  const effects: TurnEffect[] = [...begun.effects];
  for (const { at, event } of events) {
    const step = stepTurn(state, event, limits, at);
    state = step.state;
    effects.push(...step.effects);
  }
  return { state, effects, lines: effects.flatMap((effect) => (effect.kind === 'write' ? [effect.line] : [])) };
}

const ended = { kind: 'ended', reason: 'completed' } as const;

describe('a turn', () => {
  it('ends with the reason that the agent gives', () => {
    expect(play([{ at: 5, event: ended }]).lines).toEqual([{ type: 'done', agent: 'demo', reason: 'completed' }]);
  });

  it('shows a call as pending, running and complete, and passes the decision on', () => {
    const { lines, effects } = play([
      { at: 1, event: { kind: 'asked', call: call('a') } },
      { at: 2, event: { kind: 'decided', toolId: 'a', decision: { kind: 'approved' } } },
      { at: 3, event: { kind: 'finished', toolId: 'a', outcome: { result: 'ok' } } },
      { at: 4, event: ended },
    ]);
    expect(lines.map((line) => (line.type === 'tool_use' ? line.tool.status : line.type))).toEqual([
      'pending',
      'running',
      'complete',
      'tool_result',
      'done',
    ]);
    expect(effects).toContainEqual({ kind: 'answer', toolId: 'a', decision: { kind: 'approved' } });
  });

  it('takes the first decision on a call and no other', () => {
    const { effects } = play([
      { at: 1, event: { kind: 'asked', call: call('a') } },
      { at: 2, event: { kind: 'decided', toolId: 'a', decision: { kind: 'rejected' } } },
      { at: 3, event: { kind: 'decided', toolId: 'a', decision: { kind: 'approved' } } },
    ]);
    expect(effects.filter((effect) => effect.kind === 'answer')).toEqual([
      { kind: 'answer', toolId: 'a', decision: { kind: 'rejected' } },
    ]);
  });

  it('times out with an error, stops the agent, and ends with timeout whatever the agent says', () => {
    const { lines, effects } = play([
      { at: 1000, event: { kind: 'timer' } },
      { at: 1010, event: { ...ended, reason: 'aborted' } },
    ]);
    expect(lines).toEqual([
      { type: 'error', agent: 'demo', error: 'Query timed out', code: 'timeout' },
      { type: 'done', agent: 'demo', reason: 'timeout' },
    ]);
    expect(effects).toContainEqual({ kind: 'stop' });
  });

  it('does not count the time in which a call waits for a person', () => {
    const waiting = play([
      { at: 400, event: { kind: 'asked', call: call('a') } },
      { at: 500, event: { kind: 'asked', call: call('b') } },
      { at: 50_000, event: { kind: 'decided', toolId: 'a', decision: { kind: 'approved' } } },
      { at: 50_001, event: { kind: 'timer' } },
      { at: 90_000, event: { kind: 'decided', toolId: 'b', decision: { kind: 'approved' } } },
    ]);
    expect(waiting.effects.at(-1)).toEqual({ kind: 'timer', afterMs: 600 });
    expect(waiting.lines.some((line) => line.type === 'error')).toBe(false);
  });

  it('sets the timer anew when it goes off too early', () => {
    expect(play([{ at: 998, event: { kind: 'timer' } }]).effects.at(-1)).toEqual({ kind: 'timer', afterMs: 2 });
  });

  it('closes calls that are open at an abort: one that waited was not carried out, of one that ran nobody knows', () => {
    const { lines } = play([
      { at: 1, event: { kind: 'running', call: call('ran') } },
      { at: 2, event: { kind: 'asked', call: call('waited') } },
      { at: 3, event: { kind: 'abort' } },
      { at: 4, event: { ...ended, reason: 'aborted' } },
    ]);
    const results = lines.filter((line) => line.type === 'tool_result');
    expect(results.map((line) => [line.toolId, line.error])).toEqual([
      ['ran', 'interrupted, outcome unknown'],
      ['waited', 'the turn ended before anybody decided; it was not carried out'],
    ]);
    expect(lines.at(-1)).toEqual({ type: 'done', agent: 'demo', reason: 'aborted' });
  });

  it('writes done itself and asks to leave when the agent does not stop in the grace', () => {
    const { effects } = play([
      { at: 1, event: { kind: 'abort' } },
      { at: 101, event: { kind: 'timer' } },
    ]);
    expect(effects.slice(-2)).toEqual([
      { kind: 'write', line: { type: 'done', agent: 'demo', reason: 'aborted' } },
      { kind: 'leave' },
    ]);
  });

  it('asks nobody any more once it is ending', () => {
    const { effects } = play([
      { at: 1, event: { kind: 'abort' } },
      { at: 2, event: { kind: 'asked', call: call('late') } },
    ]);
    expect(effects.at(-1)).toEqual({ kind: 'answer', toolId: 'late', decision: { kind: 'cancelled' } });
  });

  it('has one done, answers every question once, and closes every call it has shown, whatever happens in whatever order', () => {
    const id = fc.constantFrom('a', 'b', 'c');
    const event: fc.Arbitrary<TurnEvent> = fc.oneof(
      id.map((name) => ({ kind: 'running', call: call(name) }) as const),
      id.map((name) => ({ kind: 'asked', call: call(name) }) as const),
      fc.record({
        kind: fc.constant('decided' as const),
        toolId: id,
        decision: fc.constantFrom(
          { kind: 'approved' } as const,
          { kind: 'rejected' } as const,
          { kind: 'cancelled' } as const,
        ),
      }),
      id.map((toolId) => ({ kind: 'finished', toolId, outcome: { result: '' } }) as const),
      fc.constant({ kind: 'abort' } as const),
      fc.constant({ kind: 'timer' } as const),
    );
    fc.assert(
      fc.property(fc.array(fc.record({ event, wait: fc.nat(400) }), { maxLength: 40 }), (events) => {
        let at = 0;
        const timed = events.map(({ event: each, wait }) => ({ at: (at += wait), event: each }));
        const { state, lines } = play([...timed, { at, event: ended }, { at, event: ended }]);
        expect(state.kind).toBe('over');
        expect(lines.filter((line) => line.type === 'done')).toHaveLength(1);
        expect(lines.at(-1)?.type).toBe('done');
        const shown = lines.flatMap((line) => (line.type === 'tool_use' ? [line.tool] : []));
        for (const name of new Set(shown.map((tool) => tool.id))) {
          expect(shown.findLast((tool) => tool.id === name)?.status).toBe('complete');
        }
        expect(waitsFor(state, 'a')).toBe(false);
      }),
    );
  });
});
