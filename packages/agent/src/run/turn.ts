import type { AgentLine, DoneReason, Usage } from '@holdfast/protocol';
import type { Decision, ToolCall, ToolOutcome } from '../agents/provider.ts';

/*
 * One turn, from the prompt to its one `done`.
 *
 * running  the agent works. The clock of QUERY_TIMEOUT_MS runs, except while a call waits for a decision.
 * ending   the turn was aborted or ran out of time; the agent has been told to stop and has a grace to say that it did.
 * over     `done` is written; whatever still comes is dropped.
 *
 * Every open call is closed before `done`: one that waited was not carried out, of one that ran nobody knows.
 */
export type TurnState =
  | {
      readonly kind: 'running';
      readonly calls: OpenCalls;
      readonly spentMs: number;
      readonly since: number | undefined;
    }
  | { readonly kind: 'ending'; readonly calls: OpenCalls; readonly why: 'aborted' | 'timeout' }
  | { readonly kind: 'over' };

type OpenCalls = ReadonlyMap<string, { readonly call: ToolCall; readonly waits: boolean }>;

export type TurnEvent =
  | { readonly kind: 'running'; readonly call: ToolCall }
  | { readonly kind: 'asked'; readonly call: ToolCall }
  | { readonly kind: 'decided'; readonly toolId: string; readonly decision: Decision }
  | { readonly kind: 'finished'; readonly toolId: string; readonly outcome: ToolOutcome }
  | { readonly kind: 'abort' }
  /** The timer that an effect asked for went off. */
  | { readonly kind: 'timer' }
  | { readonly kind: 'ended'; readonly reason: 'completed' | 'aborted' | 'error'; readonly usage?: Usage };

export type TurnEffect =
  | { readonly kind: 'write'; readonly line: AgentLine }
  | { readonly kind: 'answer'; readonly toolId: string; readonly decision: Decision }
  /** Tell the agent to stop. */
  | { readonly kind: 'stop' }
  /** The one timer: set it anew, or (undefined) let it be. */
  | { readonly kind: 'timer'; readonly afterMs: number | undefined }
  /** The agent does not stop: this process cannot be used any more. */
  | { readonly kind: 'leave' };

export type TurnLimits = { readonly agent: string; readonly timeoutMs: number; readonly graceMs: number };
export type TurnStep = { readonly state: TurnState; readonly effects: readonly TurnEffect[] };

/** The state of a turn that begins now. */
export function beginTurn(limits: TurnLimits, now: number): TurnStep {
  return {
    state: { kind: 'running', calls: new Map(), spentMs: 0, since: now },
    effects: [{ kind: 'timer', afterMs: limits.timeoutMs }],
  };
}

/** What an event does to a turn. `now` is any clock in milliseconds that does not go backwards. */
export function stepTurn(state: TurnState, event: TurnEvent, limits: TurnLimits, now: number): TurnStep {
  if (state.kind === 'over') return { state, effects: [] };
  switch (event.kind) {
    case 'running':
    case 'asked':
      return openCall(state, event.call, event.kind === 'asked', limits, now);
    case 'decided':
      return decide(state, event.toolId, event.decision, limits, now);
    case 'finished':
      return finishCall(state, event.toolId, event.outcome, limits, now);
    case 'abort':
      return state.kind === 'running' ? stop(state, 'aborted', [], limits) : { state, effects: [] };
    case 'timer':
      return expire(state, limits, now);
    case 'ended':
      return end(state, event.reason, event.usage, limits);
  }
}

/** True when a decision about this call would be taken. */
export function waitsFor(state: TurnState, toolId: string): boolean {
  return state.kind === 'running' && state.calls.get(toolId)?.waits === true;
}

type Open = Exclude<TurnState, { kind: 'over' }>;

function openCall(state: Open, call: ToolCall, waits: boolean, limits: TurnLimits, now: number): TurnStep {
  // Too late to ask anybody: the answer is no, and the call counts as never begun.
  if (state.kind === 'ending' && waits) {
    return { state, effects: [{ kind: 'answer', toolId: call.id, decision: { kind: 'cancelled' } }] };
  }
  const calls = new Map(state.calls).set(call.id, { call, waits });
  return withCalls(state, calls, [show(call, waits ? 'pending' : 'running', limits)], limits, now);
}

function decide(state: Open, toolId: string, decision: Decision, limits: TurnLimits, now: number): TurnStep {
  const open = state.calls.get(toolId);
  if (open?.waits !== true) return { state, effects: [] };
  const calls = new Map(state.calls).set(toolId, { call: open.call, waits: false });
  const shown = decision.kind === 'approved' ? [show(open.call, 'running', limits)] : [];
  return withCalls(state, calls, [...shown, { kind: 'answer', toolId, decision }], limits, now);
}

function finishCall(state: Open, toolId: string, outcome: ToolOutcome, limits: TurnLimits, now: number): TurnStep {
  const open = state.calls.get(toolId);
  if (open === undefined) return { state, effects: [] };
  const calls = new Map(state.calls);
  calls.delete(toolId);
  const unasked: readonly TurnEffect[] = open.waits
    ? [{ kind: 'answer', toolId, decision: { kind: 'cancelled' } }]
    : [];
  return withCalls(state, calls, [...closing(open.call, outcome, limits), ...unasked], limits, now);
}

/** Puts the calls in, and starts or stops the clock when the first call begins, or the last one ceases, to wait. */
function withCalls(
  state: Open,
  calls: OpenCalls,
  effects: readonly TurnEffect[],
  limits: TurnLimits,
  now: number,
): TurnStep {
  if (state.kind === 'ending') return { state: { ...state, calls }, effects };
  const waits = [...calls.values()].some((open) => open.waits);
  if (waits === (state.since === undefined)) return { state: { ...state, calls }, effects };
  const spentMs = state.since === undefined ? state.spentMs : state.spentMs + (now - state.since);
  const afterMs = waits ? undefined : Math.max(0, limits.timeoutMs - spentMs);
  return {
    state: { kind: 'running', calls, spentMs, since: waits ? undefined : now },
    effects: [...effects, { kind: 'timer', afterMs }],
  };
}

function stop(
  state: Extract<TurnState, { kind: 'running' }>,
  why: 'aborted' | 'timeout',
  before: readonly TurnEffect[],
  limits: TurnLimits,
): TurnStep {
  const waiting = [...state.calls.values()].filter((open) => open.waits);
  return {
    // They stay open until the end, so that their results come in one place.
    state: { kind: 'ending', calls: state.calls, why },
    effects: [
      ...before,
      ...waiting.map(({ call }) => ({ kind: 'answer', toolId: call.id, decision: { kind: 'cancelled' } }) as const),
      { kind: 'stop' },
      { kind: 'timer', afterMs: limits.graceMs },
    ],
  };
}

function expire(state: Open, limits: TurnLimits, now: number): TurnStep {
  if (state.kind === 'ending') {
    const ended = end(state, 'aborted', undefined, limits);
    return { state: ended.state, effects: [...ended.effects, { kind: 'leave' }] };
  }
  if (state.since === undefined) return { state, effects: [] };
  const leftMs = limits.timeoutMs - state.spentMs - (now - state.since);
  // A timer may go off a little early.
  if (leftMs > 0) return { state, effects: [{ kind: 'timer', afterMs: leftMs }] };
  const line = { type: 'error', agent: limits.agent, error: 'Query timed out', code: 'timeout' } as const;
  return stop(state, 'timeout', [{ kind: 'write', line }], limits);
}

function end(
  state: Open,
  said: 'completed' | 'aborted' | 'error',
  usage: Usage | undefined,
  limits: TurnLimits,
): TurnStep {
  const reason: DoneReason = state.kind === 'ending' ? state.why : said;
  const effects: TurnEffect[] = [];
  for (const { call, waits } of state.calls.values()) {
    const error = waits
      ? 'the turn ended before anybody decided; it was not carried out'
      : 'interrupted, outcome unknown';
    effects.push(...closing(call, { error }, limits));
    if (waits) effects.push({ kind: 'answer', toolId: call.id, decision: { kind: 'cancelled' } });
  }
  const done = { type: 'done', agent: limits.agent, reason, ...(usage === undefined ? {} : { usage }) } as const;
  effects.push({ kind: 'timer', afterMs: undefined }, { kind: 'write', line: done });
  return { state: { kind: 'over' }, effects };
}

function show(call: ToolCall, status: 'pending' | 'running' | 'complete', limits: TurnLimits): TurnEffect {
  const tool = { id: call.id, name: call.name, input: call.input, status };
  return { kind: 'write', line: { type: 'tool_use', agent: limits.agent, tool } };
}

function closing(call: ToolCall, outcome: ToolOutcome, limits: TurnLimits): readonly TurnEffect[] {
  const line = { type: 'tool_result', agent: limits.agent, toolId: call.id, ...outcome } as const;
  return [show(call, 'complete', limits), { kind: 'write', line }];
}
