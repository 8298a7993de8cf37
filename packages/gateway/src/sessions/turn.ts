import type {
  ApproveMessage,
  ConversationStatus,
  DoneReason,
  DurableMessage,
  ErrorCode,
  JournalLine,
  MessageId,
  PromptMessage,
  RejectMessage,
  Settings,
  Tool,
  UserId,
} from '@holdfast/protocol';
import type { CommandState, Decision, SessionState } from '../conversations/conversation.ts';

/*
 * The life of a turn as the gateway sees it; pure.
 *
 * Idle: `turn` is null. A prompt begins a turn (`beginTurn`); from then on the agent's lines move it (`applyLine`).
 * A tool call that asks makes the conversation wait; the first decision (`decide`) lets it go on. `done` ends the turn,
 * whatever is still open is closed before it. When the journal is lost the gateway itself ends the turn (`endTurn`).
 * Exactly one `done` gets into the log for each prompt: one without a turn
 * is dropped, and so is what a tool still has to say then.
 */

export type Step = {
  readonly state: SessionState;
  /** Messages to be logged before the line itself, and after it. */
  readonly before: readonly DurableMessage[];
  readonly after: readonly DurableMessage[];
  /** False: the line is for us and not for the log. */
  readonly isLogged: boolean;
  readonly commands: readonly { readonly id: MessageId; readonly state: CommandState }[];
};

const interrupted = 'interrupted, outcome unknown';

/** What a journal line does. `agent` is the name that our own messages carry. */
export function applyLine(state: SessionState, line: JournalLine, agent: string): Step {
  switch (line.type) {
    case 'init':
    case 'history':
      return step(state, { isLogged: false });
    case 'runner.accepted':
      return step(state, {
        isLogged: false,
        commands: [{ id: line.id, state: line.kind === 'prompt' ? 'taken' : 'done' }],
      });
    case 'tool_use':
      if (state.turn === null) return step(state, { isLogged: false });
      return withStatus(state, step(applyTool(state, line.tool)), agent);
    case 'tool_result':
      if (state.turn === null) return step(state, { isLogged: false });
      return withStatus(state, step(closeTool(state, line.toolId)), agent);
    case 'done':
      return applyDone(state, line.reason, agent);
    case 'text':
    case 'thinking':
    case 'superseded':
    case 'notice':
    case 'error':
      return step(state);
  }
}

/** The turn of a prompt begins. The caller hands the prompt to the runner after this is stored. */
export function beginTurn(
  state: SessionState,
  prompt: { readonly id: MessageId; readonly userId: UserId },
  runnerEpoch: string,
  agent: string,
): Step {
  const next: SessionState = { ...state, turn: { promptId: prompt.id, userId: prompt.userId, runnerEpoch } };
  return withStatus(state, step(next, { isLogged: false }), agent);
}

/** The gateway ends a turn that no runner can end any more (its journal is gone). */
export function endTurn(state: SessionState, reason: DoneReason, agent: string): Step {
  const ended = applyDone(state, reason, agent);
  if (!ended.isLogged) return ended;
  return { ...ended, before: [...ended.before, { type: 'done', agent, reason }], isLogged: false };
}

/** A prompt that never came to a turn: why, and its `done`. */
export function refusePrompt(
  prompt: { readonly id: MessageId },
  fault: { readonly code: ErrorCode; readonly error: string } | 'aborted',
  agent: string,
): readonly DurableMessage[] {
  if (fault === 'aborted') return [{ type: 'done', agent, reason: 'aborted' }];
  return [
    { type: 'error', agent, error: fault.error, code: fault.code, id: prompt.id },
    { type: 'done', agent, reason: 'error' },
  ];
}

export type Verdict =
  | { readonly kind: 'decided'; readonly step: Step; readonly decision: Decision }
  | { readonly kind: 'stands'; readonly decision: Decision }
  | { readonly kind: 'unknown' };

/** The first decision on a call that waits wins; a later one learns what stands. */
export function decide(
  state: SessionState,
  message: ApproveMessage | RejectMessage,
  userId: UserId,
  agent: string,
): Verdict {
  const stands = standingDecision(state, message.toolId);
  if (!state.pending.some((tool) => tool.id === message.toolId)) {
    return stands === undefined ? { kind: 'unknown' } : { kind: 'stands', decision: stands };
  }
  const reason = message.type === 'reject' ? message.reason : undefined;
  const decision: Decision = {
    toolId: message.toolId,
    approved: message.type === 'approve',
    userId,
    ...(reason === undefined ? {} : { reason }),
  };
  const next: SessionState = {
    ...state,
    pending: state.pending.filter((tool) => tool.id !== message.toolId),
    decisions: [...state.decisions, decision].slice(-200),
  };
  const logged = step(next, { isLogged: false, before: [decisionMessage(decision, agent)] });
  return { kind: 'decided', decision, step: withStatus(state, logged, agent) };
}

export function standingDecision(state: SessionState, toolId: string): Decision | undefined {
  return state.decisions.findLast((decision) => decision.toolId === toolId);
}

export function decisionMessage(decision: Decision, agent: string): DurableMessage {
  return { type: 'decision', agent, ...decision };
}

/** New settings hold from the next prompt on; only what is given changes. */
export function changeSettings(state: SessionState, change: Settings, agent: string): Step {
  const settings = { ...state.settings, ...change };
  if (JSON.stringify(settings) === JSON.stringify(state.settings)) return step(state, { isLogged: false });
  const list = Object.entries(change).map(([name, value]) => `${name}: ${value}`);
  return step(
    { ...state, settings },
    {
      isLogged: false,
      before: [{ type: 'notice', agent, code: 'settings', content: `Settings: ${list.join(', ')}`, settings }],
    },
  );
}

/** The prompt as the agent gets it: with all settings that hold. */
export function effectivePrompt(message: PromptMessage, state: SessionState): PromptMessage {
  return { ...message, settings: state.settings };
}

/** The status of a conversation whose session is in this state. */
export function statusOf(state: SessionState): ConversationStatus {
  if (state.turn === null) return 'completed';
  return state.pending.length > 0 ? 'waiting' : 'in-progress';
}

function applyTool(state: SessionState, tool: Tool): SessionState {
  const others = state.pending.filter((other) => other.id !== tool.id);
  const isDecided = standingDecision(state, tool.id) !== undefined;
  return {
    ...state,
    pending: tool.status === 'pending' && !isDecided ? [...others, tool] : others,
    openTools: state.openTools.includes(tool.id) ? state.openTools : [...state.openTools, tool.id],
  };
}

function closeTool(state: SessionState, toolId: string): SessionState {
  return {
    ...state,
    pending: state.pending.filter((tool) => tool.id !== toolId),
    openTools: state.openTools.filter((id) => id !== toolId),
  };
}

function applyDone(state: SessionState, reason: DoneReason, agent: string): Step {
  if (state.turn === null) return step(state, { isLogged: false });
  const next: SessionState = { ...state, turn: null, pending: [], openTools: [] };
  return {
    state: next,
    before: state.openTools.map((toolId) => ({ type: 'tool_result', agent, toolId, error: interrupted })),
    after: [{ type: 'status', agent, status: reason === 'interrupted' ? 'interrupted' : 'completed' }],
    isLogged: true,
    commands: [{ id: state.turn.promptId, state: 'done' }],
  };
}

function withStatus(before: SessionState, made: Step, agent: string): Step {
  const status = statusOf(made.state);
  if (status === statusOf(before)) return made;
  return { ...made, after: [...made.after, { type: 'status', agent, status }] };
}

function step(state: SessionState, rest: Partial<Omit<Step, 'state'>> = {}): Step {
  return { state, before: [], after: [], isLogged: true, commands: [], ...rest };
}
