import type { ToolCall, ToolOutcome } from '../provider.ts';
import type { ClaudeBlock, ClaudeMessage, ClaudeResult } from './message.ts';
import { countMessage, type MessageCounts } from './usage.ts';

/*
 * What Claude Code prints during a turn, in our words. The state is the message that streams now, and what was counted.
 *
 * A text comes twice: as deltas, and whole when its block is finished; the whole one counts only for a message that was not
 * streamed (the last attempt after a cut stream is not). A cut stream leaves blocks that the next message says again: the
 * vendor names them as abandoned, and whatever of an unfinished message is left when it tries again is void as well.
 */
export type ClaudeTurn = {
  readonly streaming: { readonly messageId: string; readonly keys: readonly string[] } | undefined;
  readonly streamed: ReadonlySet<string>;
  readonly counts: MessageCounts;
  readonly wholeBlocks: number;
};

/** `key` names a block within the turn. */
export type ClaudeEffect =
  | {
      readonly kind: 'delta' | 'whole';
      readonly as: 'text' | 'thinking';
      readonly key: string;
      readonly content: string;
    }
  | { readonly kind: 'supersede'; readonly key: string }
  | { readonly kind: 'notice'; readonly code: string; readonly content: string }
  /** A call was made; whether it will be asked about is not known yet. */
  | { readonly kind: 'call'; readonly call: ToolCall }
  | { readonly kind: 'ask'; readonly requestId: string; readonly call: ToolCall }
  | { readonly kind: 'withdraw'; readonly requestId: string }
  | { readonly kind: 'finish'; readonly toolId: string; readonly outcome: ToolOutcome }
  | { readonly kind: 'session'; readonly sessionId: string }
  | { readonly kind: 'refused'; readonly requestId: string; readonly why: string }
  | { readonly kind: 'end'; readonly result: ClaudeResult };

export type ClaudeStep = { readonly turn: ClaudeTurn; readonly effects: readonly ClaudeEffect[] };

export const freshTurn: ClaudeTurn = { streaming: undefined, streamed: new Set(), counts: new Map(), wholeBlocks: 0 };

/** What a message means for the turn. */
export function translate(turn: ClaudeTurn, message: ClaudeMessage): ClaudeStep {
  switch (message.kind) {
    case 'init':
      return { turn, effects: [{ kind: 'session', sessionId: message.sessionId }] };
    case 'messageStart':
      return begin(turn, message);
    case 'delta':
      return append(turn, message);
    case 'messageDelta':
      return countStreaming(turn, message);
    case 'messageStop':
      return finish(turn, message);
    case 'assistant':
      return takeWhole(turn, message);
    case 'toolResults':
      return { turn, effects: message.results.map(finished) };
    case 'ask':
      return { turn, effects: [{ kind: 'ask', requestId: message.requestId, call: message.call }] };
    case 'cancelAsk':
      return { turn, effects: [{ kind: 'withdraw', requestId: message.requestId }] };
    case 'answer':
      if (message.error === undefined) return { turn, effects: [] };
      return { turn, effects: [{ kind: 'refused', requestId: message.requestId, why: message.error }] };
    case 'retry':
      return retry(turn, message);
    case 'result':
      return { turn, effects: [{ kind: 'end', result: message.result }] };
  }
}

type Message<Kind extends ClaudeMessage['kind']> = Extract<ClaudeMessage, { kind: Kind }>;

/** What a subagent says belongs to its call and is not shown; its tokens count all the same. */
function begin(turn: ClaudeTurn, message: Message<'messageStart'>): ClaudeStep {
  const counts = countMessage(turn.counts, message.messageId, message.usage, false);
  if (message.parent !== '') return { turn: { ...turn, counts }, effects: [] };
  const streamed = new Set(turn.streamed).add(message.messageId);
  return { turn: { ...turn, counts, streamed, streaming: { messageId: message.messageId, keys: [] } }, effects: [] };
}

function append(turn: ClaudeTurn, message: Message<'delta'>): ClaudeStep {
  const { streaming } = turn;
  if (message.parent !== '' || streaming === undefined || message.text === '') return { turn, effects: [] };
  const key = `${streaming.messageId}:${message.index}`;
  const effect = { kind: 'delta', as: message.thinking ? 'thinking' : 'text', key, content: message.text } as const;
  if (streaming.keys[message.index] === key) return { turn, effects: [effect] };
  const keys = [...streaming.keys];
  keys[message.index] = key;
  return { turn: { ...turn, streaming: { ...streaming, keys } }, effects: [effect] };
}

function countStreaming(turn: ClaudeTurn, message: Message<'messageDelta'>): ClaudeStep {
  if (turn.streaming === undefined || message.parent !== '') return { turn, effects: [] };
  const counts = countMessage(turn.counts, turn.streaming.messageId, message.usage, message.isComplete);
  return { turn: { ...turn, counts }, effects: [] };
}

function finish(turn: ClaudeTurn, message: Message<'messageStop'>): ClaudeStep {
  if (turn.streaming === undefined || message.parent !== '') return { turn, effects: [] };
  if (message.abandonedFrom !== undefined) return abandon(turn, message.abandonedFrom);
  // One that stopped without an end stays known until it is clear whether the vendor tries again.
  const isComplete = turn.counts.get(turn.streaming.messageId)?.isComplete === true;
  return { turn: isComplete ? { ...turn, streaming: undefined } : turn, effects: [] };
}

function abandon(turn: ClaudeTurn, from: number): ClaudeStep {
  const { streaming } = turn;
  if (streaming === undefined) return { turn, effects: [] };
  const isVoid = (_key: string, index: number): boolean => index >= from;
  const effects = streaming.keys.filter(isVoid).map((key) => ({ kind: 'supersede', key }) as const);
  const streamed = new Set(turn.streamed);
  if (from === 0) streamed.delete(streaming.messageId);
  return { turn: { ...turn, streamed, streaming: undefined }, effects };
}

function retry(turn: ClaudeTurn, message: Message<'retry'>): ClaudeStep {
  const abandoned = abandon(turn, 0);
  const content = `Claude Code tries again (${message.attempt} of ${message.attempts}): ${message.why}.`;
  return { turn: abandoned.turn, effects: [...abandoned.effects, { kind: 'notice', code: 'retry', content }] };
}

function takeWhole(turn: ClaudeTurn, message: Message<'assistant'>): ClaudeStep {
  const counts = countMessage(turn.counts, message.messageId, message.usage, message.isComplete || message.isApiError);
  const isSilent = message.isApiError || message.parent !== '' || turn.streamed.has(message.messageId);
  const shown = message.blocks.filter((block) => block.kind === 'tool' || (!isSilent && block.text !== ''));
  const effects = shown.map((block, index) => wholeBlock(block, `whole:${turn.wholeBlocks + index}`));
  return { turn: { ...turn, counts, wholeBlocks: turn.wholeBlocks + shown.length }, effects };
}

function wholeBlock(block: ClaudeBlock, key: string): ClaudeEffect {
  if (block.kind !== 'tool') return { kind: 'whole', as: block.kind, key, content: block.text };
  return { kind: 'call', call: { id: block.id, name: block.name, input: block.input } };
}

function finished(result: Message<'toolResults'>['results'][number]): ClaudeEffect {
  const { content } = result;
  const outcome = result.isError
    ? { error: typeof content === 'string' ? content : JSON.stringify(content) }
    : { result: content };
  return { kind: 'finish', toolId: result.toolId, outcome };
}
