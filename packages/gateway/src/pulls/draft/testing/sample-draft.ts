import type { ChangeSet, ConversationId, ProjectId, UserId } from '@holdfast/protocol';
import type { Draft } from '../draft.ts';
import type { DraftPolicy } from '../policy/policy.ts';

export const samplePolicy: DraftPolicy = {
  base: null,
  branchPrefix: 'holdfast/',
  protectedPaths: [],
  maxFiles: 100,
  maxBytes: 1_000_000,
  labels: ['holdfast'],
  author: { name: 'Holdfast', email: 'holdfast@example.org' },
};

const changeSet: ChangeSet = { baseSha: 'b'.repeat(40), files: [], deletions: [] };

/** A draft of one conversation; what a test cares about comes on top. */
export function draftWith(rest: Partial<Draft> = {}): Draft {
  return {
    draftId: 'draft-1',
    conversationId: 'conversation-1' as ConversationId,
    projectId: 'shop' as ProjectId,
    userId: 'ada' as UserId,
    title: 'A better shop',
    body: 'It sells more.',
    changeSet,
    checks: null,
    createdAt: Date.parse('2025-01-02T03:04:05.678Z'),
    ...rest,
  };
}
