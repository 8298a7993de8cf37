import type {
  ChecksMessage,
  ClientMessage,
  ConversationId,
  ConversationStatus,
  MessageId,
  ProjectId,
  Settings,
  Tool,
  UserId,
} from '@holdfast/protocol';

/** What a conversation's session has to remember to go on after anything was killed. Written in the log's transactions. */
export type SessionState = {
  /** The prompt that the agent works on, and the journal epoch in which it was handed over. */
  readonly turn: { readonly promptId: MessageId; readonly runnerEpoch: string; readonly userId: UserId } | null;
  /** Tool calls that wait for a decision, oldest first. */
  readonly pending: readonly Tool[];
  /** Tool calls that were begun and have no result yet (the pending ones among them). */
  readonly openTools: readonly string[];
  /** Decisions that stand, newest last, at most 200. */
  readonly decisions: readonly Decision[];
  readonly settings: Settings;
  /** The journal that was read, and how far: lines before `runnerOffset` are in the log. */
  readonly runnerEpoch: string | null;
};

export type Decision = {
  readonly toolId: string;
  readonly approved: boolean;
  readonly userId: UserId;
  readonly reason?: string;
};

export const newSessionState: SessionState = {
  turn: null,
  pending: [],
  openTools: [],
  decisions: [],
  settings: {},
  runnerEpoch: null,
};

export type Conversation = {
  readonly conversationId: ConversationId;
  readonly userId: UserId;
  readonly projectId: ProjectId;
  readonly agent: string;
  /** The task that the conversation is about; null when it is about none. */
  readonly taskId: string | null;
  readonly title: string;
  readonly status: ConversationStatus;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly lastActivityAt: number;
  /** Optimistic lock of the record; rises by one with every change of it (more messages alone are no change). */
  readonly version: number;
  /** Name of this log's numbering (docs/protocol.md 5). */
  readonly epoch: string;
  /** Number of the newest message; 0 when there is none. */
  readonly lastSeq: number;
  readonly runnerOffset: number;
  readonly session: SessionState;
};

/**
 * How far a client's command has come: `new` stored and not looked at, `logged` in the log and to be handed to the runner,
 * `taken` the runner has journaled it. One that is finished or refused is kept as `done`, so that its id is recognised again.
 */
export type CommandState = 'new' | 'logged' | 'taken' | 'done';

/** What a command asks for: a person's message, or something that the gateway itself has to say in the conversation. */
export type CommandMessage = ClientMessage | PostMessage;

/** A message for the log, once; it waits among the commands until the conversation's owner writes it. No client can send one. */
export type PostMessage = { readonly type: 'post'; readonly id: MessageId; readonly post: Post };
export type Post = Omit<ChecksMessage, 'agent' | 'seq' | 'at'>;

export type Command = {
  readonly id: MessageId;
  readonly userId: UserId;
  readonly message: CommandMessage;
  readonly state: CommandState;
};

/** First line of the first prompt, at most 80 characters. */
export function titleOf(prompt: string): string {
  const line = prompt.trimStart().split('\n', 1)[0] ?? '';
  if (line.length <= 80) return line.toWellFormed();
  // Half of an emoji is no text: not every engine stores it.
  return `${line
    .slice(0, 79)
    .replace(/[\ud800-\udbff]$/, '')
    .toWellFormed()}…`;
}
