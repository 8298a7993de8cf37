import type {
  CheckName,
  CheckResult,
  ConversationStatus,
  DoneReason,
  ErrorCode,
  Json,
  MessageId,
  PromptContext,
  Tool,
  Usage,
  UserId,
} from '@holdfast/protocol';

type Place = {
  /** Unique in its transcript, and the same for every viewer. */
  readonly key: string;
  /** Number and time of the last message that changed the item. */
  readonly seq: number;
  readonly at: string;
};

export type UserItem = Place & {
  readonly kind: 'user';
  readonly id: MessageId;
  readonly userId: UserId;
  readonly prompt: string;
  readonly context?: PromptContext;
};
export type TextItem = Place & { readonly kind: 'text' | 'thinking'; readonly block: string; readonly content: string };
export type ToolDecision = { readonly approved: boolean; readonly userId: UserId; readonly reason?: string };
export type ToolItem = Place & {
  readonly kind: 'tool';
  readonly tool: Tool;
  readonly decision?: ToolDecision;
  readonly result?: Json;
  readonly error?: string;
};
export type NoticeItem = Place & { readonly kind: 'notice'; readonly code: string; readonly content: string };
export type ErrorItem = Place & {
  readonly kind: 'error';
  readonly code: ErrorCode;
  readonly error: string;
  readonly retryAfterMs?: number;
};
/** The end of a turn; the n-th one ends the turn of the n-th `user` item. */
export type EndItem = Place & { readonly kind: 'end'; readonly reason: DoneReason; readonly usage?: Usage };

/** A check of the project; `result` when it has finished. */
export type ChecksItem = Place & {
  readonly kind: 'checks';
  readonly runId: string;
  readonly check: CheckName;
  readonly state: 'running' | 'finished';
  readonly result?: CheckResult;
};

export type TranscriptItem = UserItem | TextItem | ToolItem | NoticeItem | ErrorItem | ChecksItem | EndItem;

/** What a conversation's messages come to (docs/protocol.md 3.6); two viewers who read as far have equal ones. */
export type Transcript = {
  /** In order of first appearance. */
  readonly items: readonly TranscriptItem[];
  readonly status: ConversationStatus;
  /** Tool calls that wait for a decision, the oldest first. */
  readonly pending: readonly Tool[];
};

export const emptyTranscript: Transcript = { items: [], status: 'completed', pending: [] };
