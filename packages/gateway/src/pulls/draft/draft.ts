import type { ChangeSet, CheckRun, ConversationId, ProjectId, UserId } from '@holdfast/protocol';

/** What is asked for: one draft pull request. The same id again is the same draft, whatever else it says. */
export type Draft = {
  /** 1 to 100 of `A-Z a-z 0-9 . _ -`; the conversation's id where it has one draft only. */
  readonly draftId: string;
  readonly conversationId: ConversationId;
  readonly projectId: ProjectId;
  /** Who confirmed it. */
  readonly userId: UserId;
  /** One line. */
  readonly title: string;
  /** Markdown. */
  readonly body: string;
  readonly changeSet: ChangeSet;
  /** Of this change set; null when none were run. */
  readonly checks: CheckRun | null;
  /** Epoch milliseconds, set once: author and committer date, so that the commit made again is the same commit. */
  readonly createdAt: number;
};
