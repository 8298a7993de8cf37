import type { ProjectId, UserId } from '@holdfast/protocol';
import type { Conversation } from './conversation.ts';

/** Somebody who is signed in, with the projects that they are a member of. */
export type Person = { readonly userId: UserId; readonly projectIds: readonly ProjectId[] };

/**
 * One sees one's own conversations, also those in a project that one has left, and all of the projects one is a member of.
 * What one may not see is told nobody apart from what is not there. `ListFilter.visibleTo` says the same of lists.
 */
export function maySee(
  { userId, projectIds }: Person,
  conversation: Pick<Conversation, 'userId' | 'projectId'>,
): boolean {
  return conversation.userId === userId || projectIds.includes(conversation.projectId);
}

/** Only the one whose conversation it is deletes it. */
export function mayDelete({ userId }: Pick<Person, 'userId'>, conversation: Pick<Conversation, 'userId'>): boolean {
  return conversation.userId === userId;
}
