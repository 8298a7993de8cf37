import type { AgentLine, ClientMessageKind, DoneReason, ErrorCode } from '@holdfast/protocol';

/**
 * What the runner knows of the turn, and what it owes to it. Pure: the journal's lines go in, also when an old journal is
 * read again, and what must be done comes out.
 *
 * At rest no prompt is open. An accepted prompt opens a turn; a further one waits behind it (the agent queues them, so
 * the first one is always the one that runs). The agent's `done` closes the first. A `done` for which no prompt is open
 * is dropped: there is exactly one for each accepted prompt, in the order of acceptance.
 *
 * While a turn runs, tool calls are open from their first `tool_use` until their `tool_result` (or the status
 * `complete`); a `done` closes all that are left.
 *
 * `abort` with an open turn starts a clock; the agent's `done` stops it. When it runs out, the agent is killed and the
 * runner closes the turn itself, as `aborted`; prompts that waited inside the agent die with it, as `interrupted`.
 *
 * When the agent is gone with turns open, the runner closes what dangles: a `tool_result` for every open call, an
 * `error` that says why (unless the runner itself was interrupted: then nobody knows more than that), and a `done` for
 * every prompt.
 */
export type Turn = {
  /** Ids of accepted prompts without `done`, oldest first. */
  readonly prompts: readonly string[];
  /** Ids of tool calls without result, oldest first. */
  readonly tools: readonly string[];
  /** An abort was accepted and the running turn has not ended. */
  readonly isAborting: boolean;
};

export type TurnEvent =
  | { readonly kind: 'accepted'; readonly id: string; readonly command: ClientMessageKind }
  | { readonly kind: 'line'; readonly line: AgentLine }
  | { readonly kind: 'abortExpired' }
  | { readonly kind: 'agentGone'; readonly error?: { readonly code: ErrorCode; readonly error: string } };

/** A line that the runner writes in the agent's stead; the agent's name is added by the writer. */
export type ClosingLine =
  | { readonly type: 'tool_result'; readonly toolId: string; readonly error: string }
  | { readonly type: 'error'; readonly error: string; readonly code: ErrorCode }
  | { readonly type: 'done'; readonly reason: DoneReason };

export type TurnEffect =
  /** The line that came is not to be journaled. */
  | { readonly kind: 'drop' }
  /** The line that came must be on the disk before anyone sees it. */
  | { readonly kind: 'sync' }
  | { readonly kind: 'startAbortClock' }
  | { readonly kind: 'stopAbortClock' }
  | { readonly kind: 'kill' }
  | { readonly kind: 'close'; readonly lines: readonly ClosingLine[] };

export type TurnStep = { readonly turn: Turn; readonly effects: readonly TurnEffect[] };

export const restingTurn: Turn = { prompts: [], tools: [], isAborting: false };

/** One step of the machine. */
export function stepTurn(turn: Turn, event: TurnEvent): TurnStep {
  switch (event.kind) {
    case 'accepted':
      return accept(turn, event.id, event.command);
    case 'line':
      return take(turn, event.line);
    case 'abortExpired':
      if (!turn.isAborting) return { turn, effects: [] };
      return { turn: restingTurn, effects: [{ kind: 'kill' }, { kind: 'close', lines: closeTurn(turn, 'aborted') }] };
    case 'agentGone': {
      const effects: TurnEffect[] = turn.isAborting ? [{ kind: 'stopAbortClock' }] : [];
      // Between turns an agent may go as it likes; only calls that it opened outside of a turn are closed.
      const error = turn.prompts.length === 0 ? undefined : event.error;
      const lines = error === undefined ? closeTurn(turn, 'interrupted') : closeTurn(turn, 'error', error);
      if (lines.length === 0) return { turn: restingTurn, effects };
      return { turn: restingTurn, effects: [...effects, { kind: 'close', lines }] };
    }
  }
}

function accept(turn: Turn, id: string, command: ClientMessageKind): TurnStep {
  if (command === 'prompt') return { turn: { ...turn, prompts: [...turn.prompts, id] }, effects: [] };
  if (command !== 'abort' || turn.prompts.length === 0 || turn.isAborting) return { turn, effects: [] };
  return { turn: { ...turn, isAborting: true }, effects: [{ kind: 'startAbortClock' }] };
}

function take(turn: Turn, line: AgentLine): TurnStep {
  if (line.type === 'done') {
    if (turn.prompts.length === 0) return { turn, effects: [{ kind: 'drop' }] };
    const effects: TurnEffect[] = [{ kind: 'sync' }];
    if (turn.isAborting) effects.push({ kind: 'stopAbortClock' });
    return { turn: { prompts: turn.prompts.slice(1), tools: [], isAborting: false }, effects };
  }
  if (line.type === 'tool_use') {
    const { id, status } = line.tool;
    const others = turn.tools.filter((open) => open !== id);
    if (status === 'complete') return { turn: { ...turn, tools: others }, effects: [] };
    const tools = others.length < turn.tools.length ? turn.tools : [...turn.tools, id];
    return { turn: { ...turn, tools }, effects: status === 'pending' ? [{ kind: 'sync' }] : [] };
  }
  if (line.type === 'tool_result') {
    return { turn: { ...turn, tools: turn.tools.filter((open) => open !== line.toolId) }, effects: [] };
  }
  return { turn, effects: [] };
}

function closeTurn(
  turn: Turn,
  reason: 'aborted' | 'error' | 'interrupted',
  error?: { readonly code: ErrorCode; readonly error: string },
): ClosingLine[] {
  const lines: ClosingLine[] = turn.tools.map((toolId) => ({
    type: 'tool_result',
    toolId,
    error: 'interrupted, outcome unknown',
  }));
  if (error !== undefined) lines.push({ type: 'error', ...error });
  // Only the turn that ran was aborted by somebody; those behind it never began.
  const waiting = reason === 'aborted' ? 'interrupted' : reason;
  for (const [index] of turn.prompts.entries()) lines.push({ type: 'done', reason: index === 0 ? reason : waiting });
  return lines;
}
