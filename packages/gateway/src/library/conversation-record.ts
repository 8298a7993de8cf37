import type { ConversationStatus, Json } from '@holdfast/protocol';
import type { Conversation } from '../conversations/conversation.ts';
import type { TaskDocument } from '../conversations/record.ts';

/** The fields of a conversation that are not part of its task document. */
export const recordFieldNames = [
  'conversationId',
  'userId',
  'projectId',
  'agent',
  'taskId',
  'status',
  'createdAt',
  'lastActivityAt',
  'version',
  'title',
] as const;

/**
 * A durable conversation. Beside the fields named here it has those of the task flow (`taskDetails`, `proposedChanges`,
 * `migrationPlan`, `previewMessage`, `checkResults`, `confirmed`, `needsClarification`, `clarificationQuestions`, `contextFiles`,
 * `draftPrPayload`, `artifactsUrls`) and any others that were saved with it, as JSON, exactly as they were saved.
 */
export type ConversationRecord = {
  readonly conversationId: string;
  readonly userId: string;
  readonly projectId: string;
  readonly agent: string;
  /** Null when it is about no task. */
  readonly taskId: string | null;
  readonly status: ConversationStatus;
  /** ISO 8601, UTC, milliseconds. */
  readonly createdAt: string;
  /** ISO 8601, UTC, milliseconds. What the time to live counts from. */
  readonly lastActivityAt: string;
  /** Rises with every change; a save that names it succeeds only while it is current. */
  readonly version: number;
  readonly title: string;
} & TaskDocument;

/** A point in time: a Date, ISO 8601 (without a zone: UTC), or epoch milliseconds. Between 1970 and 9999. */
export type TimeInput = Date | string | number;

/**
 * What `saveConversation` takes: a conversation as a whole. Whatever is not among the fields named here belongs to the task
 * document and may be any JSON; a field that is left out, or undefined, is not there afterwards.
 */
export type ConversationInput = {
  /** 1–64 letters, digits, `_` and `-`. The id of a deleted conversation is not used again. */
  readonly conversationId: string;
  readonly userId: string;
  /** `[a-z0-9-]`, 1–64 characters; default `default`. With `userId` and `agent`, cannot be changed later. */
  readonly projectId?: string | undefined;
  /** Default `claude`. */
  readonly agent?: string | undefined;
  readonly taskId?: string | null | undefined;
  readonly status: ConversationStatus;
  /** Default now. Counts when the conversation is new; later saves leave it as it is. */
  readonly createdAt?: TimeInput | undefined;
  /** Default now. */
  readonly lastActivityAt?: TimeInput | undefined;
  /** Absent or 0: the conversation is new. Otherwise the version that was read and is to be replaced. */
  readonly version?: number | undefined;
  readonly title?: string | undefined;
} & { readonly [field: string]: unknown };

/** A row of `listConversations`: what a list shows, without the task document. */
export type ConversationListItem = {
  readonly conversationId: string;
  readonly userId: string;
  readonly projectId: string;
  readonly taskId: string | null;
  /** The task's name, else the title; null when there is neither. */
  readonly taskName: string | null;
  readonly taskType: string | null;
  readonly assignedAgent: string;
  readonly status: ConversationStatus;
  readonly title: string;
  readonly previewReady: boolean;
  readonly checksStatus: 'none' | 'passed' | 'failed';
  readonly draftPrPayloadExists: boolean;
  readonly artifactsUrls: readonly string[];
  /** ISO 8601, UTC, milliseconds. */
  readonly createdAt: string;
  readonly lastActivityAt: string;
  readonly version: number;
};

/** The record of a stored conversation and its task document. */
export function toRecord(stored: Conversation, task: TaskDocument): ConversationRecord {
  const { conversationId, userId, projectId, agent, taskId, status, version, title } = stored;
  const fields: Readonly<Record<string, Json>> = {
    conversationId,
    userId,
    projectId,
    agent,
    taskId,
    status,
    createdAt: new Date(stored.createdAt).toISOString(),
    lastActivityAt: new Date(stored.lastActivityAt).toISOString(),
    version,
    title,
  };
  // The record's own fields win over a task document's of the same name, which only another way in could have written.
  return { ...fields, ...withoutRecordFields(task) } as ConversationRecord;
}

function withoutRecordFields(task: TaskDocument): TaskDocument {
  const isOwn = (name: string): boolean => (recordFieldNames as readonly string[]).includes(name);
  return Object.fromEntries(Object.entries(task).filter(([name]) => !isOwn(name)));
}
