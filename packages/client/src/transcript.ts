import type {
  ConversationStatus,
  DecisionMessage,
  DurableMessage,
  InitMessage,
  ServerMessage,
  TextMessage,
  Tool,
  ToolResultMessage,
  ToolStatus,
} from '@holdfast/protocol';

import { emptyTranscript, type ToolItem, type Transcript, type TranscriptItem } from './transcript-item.ts';

/**
 * The transcript after further messages, in the order in which a {@link Connection} gives them.
 *
 * Nothing that was handed out is changed. Cost: one copy of the list of items for a call, plus a constant for each message;
 * so hand in what has come since the last call together.
 */
export function readTranscript(transcript: Transcript, messages: readonly ServerMessage[]): Transcript {
  if (messages.length === 0) return transcript;
  const draft = openDraft(transcript);
  for (const message of messages) readMessage(draft, message);
  return closeDraft(draft);
}

type Draft = {
  /** A hole is left where an item was taken out, so that the positions of the others hold. */
  items: (TranscriptItem | undefined)[];
  hasHoles: boolean;
  /** Position of each item by key. */
  places: Map<string, number>;
  status: ConversationStatus;
  pending: Map<string, Tool>;
};

/**
 * The places of the items of a transcript that was made here: a cache, handed on to the transcript made from it. Whoever
 * reads on from the older one a second time gets a new one built.
 */
const places = new WeakMap<Transcript, Map<string, number>>();

function openDraft(transcript: Transcript): Draft {
  const known = places.get(transcript);
  places.delete(transcript);
  return {
    items: transcript.items.slice(),
    hasHoles: false,
    places: known ?? new Map(transcript.items.map((item, place) => [item.key, place])),
    status: transcript.status,
    pending: new Map(transcript.pending.map((tool) => [tool.id, tool])),
  };
}

function closeDraft(draft: Draft): Transcript {
  const { status } = draft;
  const items = draft.items.filter((item) => item !== undefined);
  // A call that stands before the part of the log that is kept has no place; it is the oldest.
  const placeOf = (tool: Tool): number => draft.places.get(toolKey(tool.id)) ?? -1;
  const pending = [...draft.pending.values()].toSorted((one, other) => placeOf(one) - placeOf(other));
  const transcript = { items, status, pending };
  if (!draft.hasHoles) places.set(transcript, draft.places);
  return transcript;
}

function readMessage(draft: Draft, message: ServerMessage): void {
  switch (message.type) {
    case 'init':
      return readInit(draft, message);
    case 'history':
      for (const stored of message.history) readDurable(draft, stored);
      return;
    case 'accepted':
    case 'heartbeat':
      return;
    default:
      return readDurable(draft, message);
  }
}

function readInit(draft: Draft, init: InitMessage): void {
  draft.status = init.status;
  // A replay goes on exactly where we are. A snapshot says all anew, and its pending calls may be older than its history.
  if (init.mode === 'replay') return;
  Object.assign(draft, openDraft({ ...emptyTranscript, status: init.status, pending: init.pending }));
}

/** A message without a number is an answer to one viewer and belongs to no transcript. */
function readDurable(draft: Draft, message: DurableMessage): void {
  const { seq, at = '' } = message;
  if (seq === undefined) return;
  const place = { seq, at };
  switch (message.type) {
    case 'text':
    case 'thinking':
      return readText(draft, message, place);
    case 'superseded':
      takeOut(draft, `text:${message.block}`);
      return takeOut(draft, `thinking:${message.block}`);
    case 'tool_use':
      return readToolUse(draft, message.tool, place);
    case 'decision':
      return readDecision(draft, message, place);
    case 'tool_result':
      return readToolResult(draft, message, place);
    case 'status':
      draft.status = message.status;
      return;
    case 'user': {
      const { id, userId, prompt, context } = message;
      const files = context === undefined ? {} : { context };
      return put(draft, { kind: 'user', key: `user:${id}`, ...place, id, userId, prompt, ...files });
    }
    case 'notice': {
      const { code, content } = message;
      return put(draft, { kind: 'notice', key: `notice:${seq}`, ...place, code, content });
    }
    case 'error': {
      const { code, error, retryAfter } = message;
      const after = retryAfter === undefined ? {} : { retryAfterMs: retryAfter };
      return put(draft, { kind: 'error', key: `error:${seq}`, ...place, code, error, ...after });
    }
    case 'checks': {
      const { runId, check, state, result } = message;
      const found = result === undefined ? {} : { result };
      return put(draft, { kind: 'checks', key: `checks:${runId}:${check}`, ...place, runId, check, state, ...found });
    }
    case 'done': {
      const usage = message.usage === undefined ? {} : { usage: message.usage };
      return put(draft, { kind: 'end', key: `end:${seq}`, ...place, reason: message.reason, ...usage });
    }
    default:
      // A type of a later version; it has its number, and no place here.
      message satisfies never;
  }
}

type Place = { readonly seq: number; readonly at: string };

function readText(draft: Draft, message: TextMessage, place: Place): void {
  const { type: kind, block } = message;
  const key = `${kind}:${block}`;
  const before = message.streaming ? find(draft, key) : undefined;
  const content = before?.kind === kind ? before.content + message.content : message.content;
  put(draft, { kind, key, ...place, block, content });
}

function readToolUse(draft: Draft, tool: Tool, place: Place): void {
  const before = findTool(draft, tool.id);
  // A late `pending` or `running` must not ask again for what is decided or done; else one that runs may turn out to wait.
  const isSettled = before?.decision !== undefined || before?.tool.status === 'complete';
  const status = isSettled ? later(before.tool.status, tool.status) : tool.status;
  const isPending = status === 'pending' && before?.decision === undefined;
  put(draft, { ...before, kind: 'tool', key: toolKey(tool.id), ...place, tool: { ...tool, status } });
  if (isPending) draft.pending.set(tool.id, tool);
  else draft.pending.delete(tool.id);
}

function readDecision(draft: Draft, message: DecisionMessage, place: Place): void {
  const { toolId, approved, userId, reason } = message;
  draft.pending.delete(toolId);
  const before = findTool(draft, toolId);
  if (before === undefined || before.decision !== undefined) return;
  put(draft, { ...before, ...place, decision: { approved, userId, ...(reason === undefined ? {} : { reason }) } });
}

function readToolResult(draft: Draft, message: ToolResultMessage, place: Place): void {
  const { toolId, result, error } = message;
  draft.pending.delete(toolId);
  const before = findTool(draft, toolId);
  if (before === undefined) return;
  put(draft, {
    ...before,
    ...place,
    tool: { ...before.tool, status: 'complete' },
    ...(result === undefined ? {} : { result }),
    ...(error === undefined ? {} : { error }),
  });
}

function toolKey(id: string): string {
  return `tool:${id}`;
}

function findTool(draft: Draft, id: string): ToolItem | undefined {
  const item = find(draft, toolKey(id));
  return item?.kind === 'tool' ? item : undefined;
}

const toolStatusOrder: Readonly<Record<ToolStatus, number>> = { pending: 0, running: 1, complete: 2 };

function later(one: ToolStatus, other: ToolStatus): ToolStatus {
  return toolStatusOrder[other] > toolStatusOrder[one] ? other : one;
}

function find(draft: Draft, key: string): TranscriptItem | undefined {
  const place = draft.places.get(key);
  return place === undefined ? undefined : draft.items[place];
}

/** Replaces the item with this key where it stands, or appends it. */
function put(draft: Draft, item: TranscriptItem): void {
  const place = draft.places.get(item.key);
  if (place !== undefined) {
    draft.items[place] = item;
    return;
  }
  draft.places.set(item.key, draft.items.length);
  draft.items.push(item);
}

function takeOut(draft: Draft, key: string): void {
  const place = draft.places.get(key);
  if (place === undefined) return;
  draft.items[place] = undefined;
  draft.places.delete(key);
  draft.hasHoles = true;
}
