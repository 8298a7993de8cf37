import type { CheckName, CheckResult } from './check-result.ts';
import type { PromptContext, Settings } from './client-message.ts';
import type { ErrorCode } from './errors.ts';
import type { ConversationId, MessageId, UserId } from './ids.ts';
import { isRecord, parseJson, type Json } from './json.ts';

/** docs/protocol.md section 3. */
export const protocolVersion = 1;

export const conversationStatuses = ['in-progress', 'waiting', 'interrupted', 'completed', 'draft-preview'] as const;
export type ConversationStatus = (typeof conversationStatuses)[number];

export type ToolStatus = 'pending' | 'running' | 'complete';
export type Tool = { readonly id: string; readonly name: string; readonly input: Json; readonly status: ToolStatus };

export type DoneReason = 'completed' | 'aborted' | 'error' | 'timeout' | 'budget' | 'interrupted';

/** Tokens and money of one turn. `cost` is in US dollars, null when nobody knows it. */
export type Usage = {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
  readonly cost: number | null;
};

/** What every message has, and what a durable one has besides. */
type Common = { readonly agent: string; readonly seq?: number; readonly at?: string };

export type TextMessage = Common & {
  readonly type: 'text' | 'thinking';
  readonly content: string;
  readonly streaming: boolean;
  readonly block: string;
};
export type SupersededMessage = Common & { readonly type: 'superseded'; readonly block: string };
export type NoticeMessage = Common & {
  readonly type: 'notice';
  readonly code: string;
  readonly content: string;
  /** With code `settings`: all that hold from now on. */
  readonly settings?: Settings;
};
export type ToolUseMessage = Common & { readonly type: 'tool_use'; readonly tool: Tool };
export type ToolResultMessage = Common & {
  readonly type: 'tool_result';
  readonly toolId: string;
  readonly result?: Json;
  readonly error?: string;
};
export type DoneMessage = Common & { readonly type: 'done'; readonly reason: DoneReason; readonly usage?: Usage };
export type ErrorMessage = Common & {
  readonly type: 'error';
  readonly error: string;
  readonly code: ErrorCode;
  readonly retryAfter?: number;
  readonly id?: MessageId;
};
export type UserMessage = Common & {
  readonly type: 'user';
  readonly id: MessageId;
  readonly userId: UserId;
  readonly prompt: string;
  readonly context?: PromptContext;
};
export type DecisionMessage = Common & {
  readonly type: 'decision';
  readonly toolId: string;
  readonly approved: boolean;
  readonly userId: UserId;
  readonly reason?: string;
};
export type StatusMessage = Common & { readonly type: 'status'; readonly status: ConversationStatus };

/** A check of the project began, or ended with this result: `problems` and texts are cut to what a log should hold. */
export type ChecksMessage = Common & {
  readonly type: 'checks';
  readonly runId: string;
  readonly check: CheckName;
  readonly state: 'running' | 'finished';
  readonly result?: CheckResult;
};

/** A message that stands in the log. */
export type DurableMessage =
  | TextMessage
  | SupersededMessage
  | NoticeMessage
  | ToolUseMessage
  | ToolResultMessage
  | DoneMessage
  | ErrorMessage
  | UserMessage
  | DecisionMessage
  | ChecksMessage
  | StatusMessage;

/** A durable message as a `history` carries it (docs/protocol.md 3.3). */
export type StoredMessage = DurableMessage & { readonly seq: number; readonly at: string };

export type InitMessage = {
  readonly type: 'init';
  readonly agent: string;
  readonly conversationId: ConversationId;
  readonly sessionId: string;
  readonly epoch: string;
  readonly seq: number;
  readonly mode: 'snapshot' | 'replay';
  readonly status: ConversationStatus;
  readonly pending: readonly Tool[];
  readonly settings: Settings;
  readonly protocol: 1;
};
export type HistoryMessage = {
  readonly type: 'history';
  readonly agent: string;
  readonly history: readonly StoredMessage[];
  readonly seq: number;
  readonly more?: true;
};
export type AcceptedMessage = {
  readonly type: 'accepted';
  readonly agent: string;
  readonly id: MessageId;
  readonly duplicate?: true;
};
export type HeartbeatMessage = { readonly type: 'heartbeat'; readonly agent: string };

export type ServerMessage = DurableMessage | InitMessage | HistoryMessage | AcceptedMessage | HeartbeatMessage;

/**
 * Reads one server message. The sender is our own gateway, so only what a reader relies on to dispatch is checked
 * (`type`, and `seq` of a numbered one); undefined for anything that is not such an object.
 */
export function parseServerMessage(text: string): ServerMessage | undefined {
  const value = parseJson(text);
  if (!isRecord(value) || typeof value['type'] !== 'string') return undefined;
  const seq = value['seq'];
  if (seq !== undefined && !(typeof seq === 'number' && Number.isSafeInteger(seq) && seq >= 0)) return undefined;
  return value as unknown as ServerMessage;
}
