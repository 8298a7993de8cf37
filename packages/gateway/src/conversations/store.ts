import type { ConversationId, ConversationStatus, MessageId, ProjectId, UserId } from '@holdfast/protocol';
import type { Command, CommandState, Conversation, SessionState } from './conversation.ts';
import type { EntryStore } from './entry-store.ts';
import type { ListPage, ListQuery } from './list.ts';
import type { LogBatch } from './log-batch.ts';
import type { ConversationRecord, RecordFields } from './record.ts';

export type StoreOptions = {
  /** How long after its last activity a conversation is kept; null: for ever. */
  readonly ttlMs: number | null;
  /** Epoch milliseconds. */
  readonly now?: () => number;
};

/** One transaction on a conversation: messages, the journal offset they reach, the record's changes, commands' progress. */
export type LogWrite = {
  readonly conversationId: ConversationId;
  /** The writer's lease; any other than the newest is refused. One that ran out or was released is good until the next one. */
  readonly generation: number;
  /** Undefined: nothing is added to the log, only the rest is written. */
  readonly batch?: LogBatch;
  readonly runnerOffset?: number;
  readonly session?: SessionState;
  readonly status?: ConversationStatus;
  readonly title?: string;
  readonly commands?: readonly { readonly id: MessageId; readonly state: CommandState }[];
  /**
   * Epoch milliseconds; becomes `lastActivityAt` and raises the version, unless the write is neither durable nor changes session,
   * status or title.
   */
  readonly at: number;
  /** True: on disk before this resolves (a power cut loses nothing); false: a killed process loses nothing. */
  readonly durable: boolean;
};

export type LogWriteResult =
  | 'written'
  /** Somebody with a newer generation owns the conversation, or the log has other messages than the writer thought, or it is gone: deleted, cleaned up, expired. */
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
  /** Epoch milliseconds; `createdAt` (unless that is given) and `lastActivityAt`. */
  readonly at: number;
  readonly createdAt?: number;
  /** Default: no task, an empty title, `completed`. */
  readonly fields?: RecordFields;
};

export type CreateResult =
  | { readonly kind: 'created'; readonly conversation: Conversation }
  /** There is one with this id; it is unchanged. */
  | { readonly kind: 'known'; readonly conversation: Conversation }
  /** One with this id was deleted; its id is not used again. */
  | { readonly kind: 'deleted' };

export type SaveResult =
  | { readonly kind: 'saved'; readonly conversation: Conversation }
  /** Somebody changed it since it was read. */
  | { readonly kind: 'conflict'; readonly version: number }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'missing' };

export type Cleanup = {
  /** Deletes those whose last activity is not after this, epoch milliseconds. */
  readonly before: number;
  /** Only this person's own. */
  readonly userId?: UserId;
  /** Stops between two batches; what was deleted until then stays deleted. */
  readonly signal?: AbortSignal;
};

/**
 * The conversations: records, message logs, commands and leases; and beside them the small entries that gateways share. All verbs reject with a HoldfastError `unavailable` when the
 * engine does not answer and after `close`, and with `internal`, naming the conversation, when what is stored cannot be read:
 * corrupt. "Not there" is a result, never an error.
 *
 * A conversation is open while it has a turn or a command that is not done. One that is not open expires `ttlMs` after its last
 * activity; from then on it counts as not there, whether it was swept already or not.
 */
export interface ConversationStore extends RecordStore, LogStore, LeaseStore, EntryStore, StoreUpkeep {}

/** Records: what a conversation is about and how it stands. */
export interface RecordStore {
  /** Once for each id. The id of an expired one is free again: the new one has nothing of it, and who drove it is fenced. */
  create(conversation: NewConversation): Promise<CreateResult>;
  get(id: ConversationId): Promise<Conversation | undefined>;
  /** With its task document. */
  read(id: ConversationId): Promise<ConversationRecord | undefined>;
  /**
   * Compare and set: replaces the fields if the record still has this version. `at` becomes `lastActivityAt`. Log, session,
   * commands and lease stay as they are.
   */
  save(id: ConversationId, version: number, fields: RecordFields, at: number): Promise<SaveResult>;
  /**
   * Newest activity first. Pages that follow each other by `next` show no conversation twice that has not changed meanwhile.
   * A damaged document or session does not keep its conversation, nor others, out of the list.
   */
  list(query: ListQuery): Promise<ListPage>;
  /** The user's conversation with the newest activity in this project with this agent. */
  newest(of: { userId: UserId; projectId: ProjectId; agent: string }): Promise<Conversation | undefined>;
  /**
   * Deletes record, log and commands, damaged ones too; only the id is remembered, for 30 days, so that nothing late brings it
   * back. Then it is free again, swept or not. An open one is left alone (`open`) unless `force`; who drives it is then refused
   * (`fenced`).
   */
  delete(id: ConversationId, options?: { readonly force?: boolean }): Promise<'deleted' | 'missing' | 'open'>;
}

/** Message logs, and the commands that people send. */
export interface LogStore {
  /** All or nothing, in the order of the calls; several calls may share one commit. */
  write(write: LogWrite): Promise<LogWriteResult>;
  /** Whole batches, in order, that hold the messages after `seq`, about `maxBytes` (at least one batch); none at the end. */
  readLog(id: ConversationId, seq: number, maxBytes: number): Promise<readonly LogBatch[]>;
  /**
   * Stores a command once: `new` as it came, or the one that is there under this id. `missing`: no such conversation. The record
   * is not changed by it, version and `lastActivityAt` stay.
   */
  addCommand(
    id: ConversationId,
    command: Omit<Command, 'state'>,
  ): Promise<{ kind: 'added' } | { kind: 'known'; command: Command } | { kind: 'missing' }>;
  /** Commands that are not `done`, in the order in which they were added. */
  openCommands(id: ConversationId): Promise<readonly Command[]>;
}

/** Who drives which conversation, and what is to be driven. */
export interface LeaseStore {
  /** How often to look for what other processes wrote to the same store, in milliseconds; null: there are none. */
  readonly pollEveryMs: number | null;
  /**
   * Free, run out, one's own, or taken from `takeFrom`: acquired, with a higher generation unless it was one's own already (also
   * one's own that ran out and that nobody took). Leases change no record.
   */
  acquire(id: ConversationId, request: LeaseRequest): Promise<LeaseResult>;
  /** Moves the end of all leases that this owner acquired from this store. */
  renew(owner: string, until: number): Promise<void>;
  /** Nothing happens when the generation is not the current one. */
  release(id: ConversationId, owner: string, generation: number): Promise<void>;
  /** Open conversations, with the owner of their lease (also a lease that ran out), oldest activity first. */
  unfinished(limit: number): Promise<readonly { id: ConversationId; owner: string | null; until: number }[]>;
  /** How these conversations stand, for those who share the store with another process. One that is not there is left out. */
  heads(ids: readonly ConversationId[]): Promise<ReadonlyMap<ConversationId, Head>>;
  /**
   * True: it is this owner's turn to do the regular work of this name, until `until`. Only one caller is told so (the same owner
   * is not told twice), and not before `everyMs` have gone by since it was last ended; one that was begun and not ended is given
   * away from its `until` on.
   */
  beginWork(name: string, turn: { owner: string; now: number; until: number; everyMs: number }): Promise<boolean>;
  /** It was done at `now`. Nothing happens when another owner has begun it since. */
  endWork(name: string, owner: string, now: number): Promise<void>;
}

/** What an operator sees to. */
export interface StoreUpkeep {
  /**
   * Deletes conversations that are not open and had their last activity long ago, damaged ones too, in batches between which
   * others get on; then what an interrupted deletion left, and ids of the deleted after 30 days. The ids of those that it deletes
   * are free again. Returns how many conversations were deleted; of two at once each counts its own.
   */
  cleanup(which: Cleanup): Promise<number>;
  /** Writes, reads back and deletes a probe that no user sees. */
  check(): Promise<void>;
  /** Waits for what was begun. Twice is fine. */
  close(): Promise<void>;
}
