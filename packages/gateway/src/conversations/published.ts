import type { ConversationId, ConversationStatus, Json, ProjectId, Tool, UserId } from '@holdfast/protocol';
import type { ConversationRecord, ConversationSummary, TaskDigest } from './record.ts';

/** A row of a list, as the outside sees it (contract section 8); times are ISO 8601. */
export type PublishedSummary = TaskDigest & {
  readonly conversationId: ConversationId;
  readonly userId: UserId;
  readonly projectId: ProjectId;
  readonly taskId: string | null;
  readonly title: string;
  readonly assignedAgent: string;
  readonly status: ConversationStatus;
  readonly createdAt: string;
  readonly lastActivityAt: string;
  readonly version: number;
};

/** A whole record, as the outside sees it: the fields of the task beside its own, which go before those of the same name. */
export type PublishedRecord = { readonly [name: string]: Json | undefined } & Omit<
  PublishedSummary,
  keyof TaskDigest | 'assignedAgent'
> & {
    readonly agent: string;
    readonly epoch: string;
    readonly lastSeq: number;
    /** Tool calls that wait for a decision. */
    readonly pending: readonly Tool[];
  };

export function publishedSummary({ agent, createdAt, lastActivityAt, ...rest }: ConversationSummary): PublishedSummary {
  return { ...rest, assignedAgent: agent, createdAt: isoOf(createdAt), lastActivityAt: isoOf(lastActivityAt) };
}

/** What a session keeps for itself stays inside, but for the approvals that wait. */
export function publishedRecord(record: ConversationRecord): PublishedRecord {
  const { task, session, runnerOffset: _inner, createdAt, lastActivityAt, ...rest } = record;
  const times = { createdAt: isoOf(createdAt), lastActivityAt: isoOf(lastActivityAt) };
  return { ...task, ...rest, ...times, pending: session.pending };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
