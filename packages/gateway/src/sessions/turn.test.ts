import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JournalLine, MessageId, Tool, UserId } from '@holdfast/protocol';
import { newSessionState, type SessionState } from '../conversations/conversation.ts';
import { applyLine, beginTurn, changeSettings, decide, endTurn, statusOf, type Step } from './turn.ts';

const agent = 'demo';
const ada = 'ada' as UserId;
const grace = 'grace' as UserId;
const p1 = 'p1' as MessageId;
const tool = (id: string, status: Tool['status']): Tool => ({ id, name: 'run', input: {}, status });
const inTurn: SessionState = beginTurn(newSessionState, { id: p1, userId: ada }, 'r1', agent).state;
const use = (id: string, status: Tool['status']): JournalLine => ({ type: 'tool_use', agent, tool: tool(id, status) });
const done: JournalLine = { type: 'done', agent, reason: 'completed' };

function run(state: SessionState, ...lines: JournalLine[]): SessionState {
  return lines.reduce((before, line) => applyLine(before, line, agent).state, state);
}

function statuses(step: Step): string[] {
  return [...step.before, ...step.after].flatMap((message) => (message.type === 'status' ? [message.status] : []));
}

describe('a turn', () => {
  test('begins with the status in-progress and ends with completed', () => {
    expect(statuses(beginTurn(newSessionState, { id: p1, userId: ada }, 'r1', agent))).toEqual(['in-progress']);
    const ended = applyLine(inTurn, done, agent);
    expect(statuses(ended)).toEqual(['completed']);
    expect(ended.state.turn).toBeNull();
    expect(ended.commands).toEqual([{ id: p1, state: 'done' }]);
  });

  test('waits while a tool call waits, and goes on when it is decided', () => {
    const asked = applyLine(inTurn, use('t', 'pending'), agent);
    expect(statuses(asked)).toEqual(['waiting']);
    const verdict = decide(asked.state, { type: 'approve', toolId: 't' }, grace, agent);
    if (verdict.kind !== 'decided') throw new Error(verdict.kind);
    expect(statuses(verdict.step)).toEqual(['in-progress']);
    expect(verdict.step.before).toEqual([{ type: 'decision', agent, toolId: 't', approved: true, userId: grace }]);
    expect(verdict.step.state.pending).toEqual([]);
  });

  test('the first decision wins and the later one learns what stands', () => {
    const asked = run(inTurn, use('t', 'pending'));
    const first = decide(asked, { type: 'reject', toolId: 't', reason: 'no' }, ada, agent);
    if (first.kind !== 'decided') throw new Error(first.kind);
    const second = decide(first.step.state, { type: 'approve', toolId: 't' }, grace, agent);
    expect(second).toEqual({
      kind: 'stands',
      decision: { toolId: 't', approved: false, userId: ada, reason: 'no' },
    });
    expect(decide(first.step.state, { type: 'approve', toolId: 'other' }, grace, agent).kind).toBe('unknown');
  });

  test('a decision stands after the turn has ended', () => {
    const asked = run(inTurn, use('t', 'pending'));
    const first = decide(asked, { type: 'approve', toolId: 't' }, ada, agent);
    if (first.kind !== 'decided') throw new Error(first.kind);
    expect(decide(run(first.step.state, done), { type: 'approve', toolId: 't' }, grace, agent).kind).toBe('stands');
  });

  test('a call that is announced again after its decision does not wait again', () => {
    const asked = run(inTurn, use('t', 'pending'));
    const first = decide(asked, { type: 'approve', toolId: 't' }, ada, agent);
    if (first.kind !== 'decided') throw new Error(first.kind);
    expect(run(first.step.state, use('t', 'pending')).pending).toEqual([]);
  });

  test('ends with its open tool calls closed as unknown, before done', () => {
    const open = run(inTurn, use('a', 'running'), use('b', 'pending'));
    const ended = applyLine(open, done, agent);
    expect(ended.before).toEqual([
      { type: 'tool_result', agent, toolId: 'a', error: 'interrupted, outcome unknown' },
      { type: 'tool_result', agent, toolId: 'b', error: 'interrupted, outcome unknown' },
    ]);
    expect(ended.state).toMatchObject({ pending: [], openTools: [] });
  });

  test('is ended by the gateway itself with the same closings and its own done', () => {
    const ended = endTurn(run(inTurn, use('a', 'running')), 'interrupted', agent);
    expect(ended.before.map(({ type }) => type)).toEqual(['tool_result', 'done']);
    expect(statuses(ended)).toEqual(['interrupted']);
    expect(endTurn(newSessionState, 'interrupted', agent).before).toEqual([]);
  });

  test('a done without a turn does not get into the log', () => {
    expect(applyLine(newSessionState, done, agent)).toMatchObject({ isLogged: false, after: [] });
  });

  test('has exactly one done in the log whatever lines come', () => {
    const line = fc.oneof(
      fc.constant(done),
      fc.constantFrom(use('a', 'pending'), use('a', 'running'), use('b', 'pending'), use('b', 'complete')),
      fc.constantFrom('a', 'b').map((toolId): JournalLine => ({ type: 'tool_result', agent, toolId, result: 'x' })),
      fc.constant<JournalLine>({ type: 'runner.accepted', id: p1, kind: 'prompt' }),
      fc.constant<JournalLine>({ type: 'init', agent, protocol: 1 }),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        let state = inTurn;
        let logged = 0;
        for (const next of [...lines, done]) {
          const step = applyLine(state, next, agent);
          if (next.type === 'done' && step.isLogged) logged++;
          state = step.state;
          expect(state.pending.every(({ id }) => state.openTools.includes(id))).toBe(true);
        }
        expect(logged).toBe(1);
        expect(statusOf(state)).toBe('completed');
        expect(state.openTools).toEqual([]);
      }),
    );
  });
});

describe('settings', () => {
  test('change only what is given, and are told once', () => {
    const first = changeSettings(newSessionState, { model: 'm' }, agent);
    const second = changeSettings(first.state, { permissionMode: 'plan' }, agent);
    expect(second.state.settings).toEqual({ model: 'm', permissionMode: 'plan' });
    expect(second.before).toMatchObject([{ type: 'notice', code: 'settings' }]);
    expect(changeSettings(second.state, { model: 'm' }, agent).before).toEqual([]);
  });
});
