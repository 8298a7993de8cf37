import type { ConversationId } from '@holdfast/protocol';

/** A durable store of conversations, as the bench asks it. Each verb resolves when its effect is on disk. */
export type StoreContender = {
  readonly name: string;
  /** How many saves are under way at once; 1 where the store does one after the other anyway. */
  readonly inFlight: number;
  readonly create: (at: number, index: number) => Promise<void>;
  readonly save: (index: number) => Promise<void>;
  readonly get: (index: number) => Promise<boolean>;
  /** Newest 200 of one status; the number of rows. */
  readonly list: () => Promise<number>;
  /** Deletes those with their last activity before; the number of deleted. */
  readonly cleanup: (before: number) => Promise<number>;
  readonly close: () => Promise<void>;
};

export const statuses = ['in-progress', 'waiting', 'interrupted', 'completed', 'draft-preview'] as const;

export function idOf(index: number): ConversationId {
  return `conversation-${index}` as ConversationId;
}

/** About 2 KB, as the task flow keeps them. */
export function documentOf(index: number): Readonly<Record<string, string | { name: string; type: string }>> {
  return {
    taskDetails: { name: `Task ${index}`, type: 'feature' },
    previewMessage: `Preview of ${index}`,
    migrationPlan: 'plan '.repeat(380),
  };
}
