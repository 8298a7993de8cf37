import {
  HoldfastError,
  parseConversationId,
  type ConversationId,
  type ConversationStatus,
  type ProjectId,
  type UserId,
} from '@holdfast/protocol';
import type { ConversationSummary } from './record.ts';

/** Which conversations; every condition that is given must hold. */
export type ListFilter = {
  /** Any of these; undefined: all. An empty list finds nothing. */
  readonly statuses?: readonly ConversationStatus[];
  readonly userId?: UserId;
  readonly projectId?: ProjectId;
  readonly taskId?: string;
  /** `lastActivityAt` at least this, epoch milliseconds. */
  readonly since?: number;
  /** Only what this person may see: their own, and all of these projects. Undefined: everything. */
  readonly visibleTo?: { readonly userId: UserId; readonly projectIds: readonly ProjectId[] };
};

/** A place in the order of lists: newest activity first, of the same millisecond the greater id (by UTF-8 bytes) first. */
export type ListPosition = { readonly lastActivityAt: number; readonly conversationId: ConversationId };

export type ListQuery = ListFilter & {
  /** 1 to `maxListLimit`. */
  readonly limit: number;
  /** Only what stands after it. */
  readonly after?: ListPosition;
};

export type ListPage = {
  readonly conversations: readonly ConversationSummary[];
  /** Where the next page begins; null at the end. */
  readonly next: ListPosition | null;
};

export const defaultListLimit = 200;
export const maxListLimit = 1_000;

/** Less than 0 when `a` stands before `b` in lists. Ids are ASCII (docs/protocol.md 4.1). */
export function compareInList(a: ListPosition, b: ListPosition): number {
  if (a.lastActivityAt !== b.lastActivityAt) return b.lastActivityAt - a.lastActivityAt;
  if (a.conversationId === b.conversationId) return 0;
  return a.conversationId > b.conversationId ? -1 : 1;
}

/** Whether a summary fulfils the filter; expiry and position are not looked at. */
export function matches(filter: ListFilter, summary: ConversationSummary): boolean {
  const { statuses, userId, projectId, taskId, since, visibleTo } = filter;
  return (
    (statuses === undefined || statuses.includes(summary.status)) &&
    (userId === undefined || summary.userId === userId) &&
    (projectId === undefined || summary.projectId === projectId) &&
    (taskId === undefined || summary.taskId === taskId) &&
    (since === undefined || summary.lastActivityAt >= since) &&
    (visibleTo === undefined || summary.userId === visibleTo.userId || visibleTo.projectIds.includes(summary.projectId))
  );
}

/** A page out of summaries that are in order and may be one more than `limit`. */
export function pageOf(summaries: readonly ConversationSummary[], limit: number): ListPage {
  const conversations = summaries.slice(0, limit);
  const last = conversations.at(-1);
  const next = last !== undefined && summaries.length > limit ? positionOf(last) : null;
  return { conversations, next };
}

export function positionOf({ lastActivityAt, conversationId }: ConversationSummary): ListPosition {
  return { lastActivityAt, conversationId };
}

/** The position as a word that people hand back unread. */
export function writeCursor({ lastActivityAt, conversationId }: ListPosition): string {
  return Buffer.from(`${lastActivityAt}.${conversationId}`).toString('base64url');
}

/** Rejects what `writeCursor` did not make with `bad_message`. */
export function parseCursor(text: string): ListPosition {
  const [, time, id] = /^(\d{1,16})\.(.+)$/.exec(Buffer.from(text, 'base64url').toString('utf8')) ?? [];
  const conversationId = parseConversationId(id);
  if (time === undefined || conversationId === undefined) {
    throw new HoldfastError('bad_message', 'The cursor is not one that a list gave; begin without one.');
  }
  return { lastActivityAt: Number(time), conversationId };
}
