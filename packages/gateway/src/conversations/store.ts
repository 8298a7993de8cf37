import type { ConversationId, ConversationStatus, MessageId, ProjectId, UserId } from '@holdfast/protocol';
import type { Command, CommandState, Conversation, SessionState } from './conversation.ts';
import type { LogBatch } from './log-batch.ts';

/** One transaction on a conversation: messages, the journal offset they reach, the record's changes, commands' progress. */
export type LogWrite = {
  readonly conversationId: ConversationId;
  /** The writer's lease; an older one than the store's is refused. */
  readonly generation: number;
  /** Undefined: nothing is added to the log, only the rest is written. */
  readonly batch?: LogBatch;
  readonly runnerOffset?: number;
  readonly session?: SessionState;
  readonly status?: ConversationStatus;
  readonly title?: string;
  readonly commands?: readonly { readonly id: MessageId; readonly state: CommandState }[];
  /** Epoch milliseconds; becomes `lastActivityAt`, unless the write is neither durable nor changes session, status or title. */
  readonly at: number;
  /** True: on disk before this resolves (a power cut loses nothing); false: a killed process loses nothing. */
  readonly durable: boolean;
};

export type LogWriteResult =
  | 'written'
  /** Somebody with a newer generation owns the conversation, or the log has other messages than the writer thought, or it is gone. */
  | 'fenced';

export type LeaseResult =
  | { readonly kind: 'acquired'; readonly generation: number; readonly conversation: Conversation }
  | { readonly kind: 'held'; readonly owner: string; readonly until: number }
  | { readonly kind: 'missing' };

export type LeaseRequest = {
  readonly owner: string;
  readonly until: number;
  readonly now: number;
  /** Take it from this owner even if its lease has not run out (the caller knows that it is dead). */
  readonly takeFrom?: string;
  /** The generation will be at least this. */
  readonly minGeneration?: number;
};

export type Head = { readonly lastSeq: number; readonly hasNewCommands: boolean };

export type NewConversation = Pick<Conversation, 'conversationId' | 'userId' | 'projectId' | 'agent' | 'epoch'> & {
  readonly at: number;
};

/**
 * The conversations: records, message logs, commands and leases. All verbs reject with a HoldfastError `unavailable` when the
 * engine does not answer and after `close`; "not there" is a result, never an error.
 */
export interface ConversationStore {
  /** True when other processes may write to the same store, so that looking again now and then makes sense. */
  readonly isShared: boolean;
  /** Twice with the same id: the one that is there is returned unchanged. */
  create(conversation: NewConversation): Promise<Conversation>;
  get(id: ConversationId): Promise<Conversation | undefined>;
  /** The user's conversation with the newest activity in this project with this agent. */
  newest(of: { userId: UserId; projectId: ProjectId; agent: string }): Promise<Conversation | undefined>;

  /** All or nothing, in the order of the calls; several calls may share one commit. */
  write(write: LogWrite): Promise<LogWriteResult>;
  /** Whole batches, in order, that hold the messages after `seq`, about `maxBytes` (at least one batch); none at the end. */
  readLog(id: ConversationId, seq: number, maxBytes: number): Promise<readonly LogBatch[]>;

  /** Stores a command once: `new` as it came, or the one that is there under this id. `missing`: no such conversation. */
  addCommand(
    id: ConversationId,
    command: Omit<Command, 'state'>,
  ): Promise<{ kind: 'added' } | { kind: 'known'; command: Command } | { kind: 'missing' }>;
  /** Commands that are not `done`, in the order in which they were added. */
  openCommands(id: ConversationId): Promise<readonly Command[]>;

  /** Free, run out, one's own, or taken from `takeFrom`: acquired, with a higher generation unless it was one's own already. */
  acquire(id: ConversationId, request: LeaseRequest): Promise<LeaseResult>;
  /** Moves the end of all leases of this owner. */
  renew(owner: string, until: number): Promise<void>;
  /** Nothing happens when the generation is not the current one. */
  release(id: ConversationId, owner: string, generation: number): Promise<void>;
  /** Conversations with a running turn or open commands, with the owner of their lease (also a lease that ran out), oldest first. */
  unfinished(limit: number): Promise<readonly { id: ConversationId; owner: string | null; until: number }[]>;
  /** How these conversations stand, for those who share the store with another process. One that is not there is left out. */
  heads(ids: readonly ConversationId[]): Promise<ReadonlyMap<ConversationId, Head>>;

  /** Writes, reads back and deletes a probe. */
  check(): Promise<void>;
  /** Waits for what was begun. Twice is fine. */
  close(): Promise<void>;
}
