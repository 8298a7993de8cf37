import type { ConversationStatus } from '@holdfast/protocol';
import type { EntryStore } from '../conversations/entry-store.ts';
import type { ConversationInput, ConversationListItem, ConversationRecord, TimeInput } from './conversation-record.ts';

/** Which conversations; every condition that is given must hold. */
export type ConversationFilters = {
  /** One status, or any of several. */
  readonly status?: ConversationStatus | readonly ConversationStatus[] | undefined;
  readonly userId?: string | undefined;
  readonly projectId?: string | undefined;
  readonly taskId?: string | undefined;
  /** `lastActivityAt` at least this. */
  readonly since?: TimeInput | undefined;
};

/** Options that every adapter takes. */
export type AdapterOptions = {
  /** How many hours after its last activity a conversation counts as not there any more. Default 168; null: it never expires. */
  readonly ttlHours?: number | null | undefined;
};

/**
 * Durable conversations, whatever keeps them. All verbs reject with a HoldfastError: `bad_message` names every fault of the
 * arguments and changes nothing, `unavailable` when the engine does not answer or the adapter is closed, `internal` when what is
 * stored cannot be read. "Not there" is a result, never an error.
 *
 * A conversation expires `ttlHours` after its last activity, unless an agent works in it: from then on it is neither read nor
 * listed, whether it was cleaned up already or not.
 */
export interface PersistenceAdapter extends AsyncDisposable {
  /**
   * Saves a conversation as a whole and resolves, once it is durable, with what stands there now.
   *
   * Without a `version` it must be new; with one it replaces exactly that version. Otherwise nothing is stored and it rejects
   * with `conflict`: somebody else has saved it (the message names the current version) or it was deleted. `not_found` when the
   * version to be replaced is not there, or no longer. With `overwrite` the version is not looked at and the last one to save
   * wins; also then a deleted one is not brought back.
   */
  saveConversation(
    conversation: ConversationInput,
    options?: { readonly overwrite?: boolean },
  ): Promise<ConversationRecord>;
  getConversation(conversationId: string): Promise<ConversationRecord | undefined>;
  /**
   * Deletes it with its messages; false when there is none. One that an agent works in is refused with `conflict`, unless `force`.
   */
  deleteConversation(conversationId: string, options?: { readonly force?: boolean }): Promise<boolean>;
  /** At most `maxResults` (default 200; Infinity: all), newest activity first. */
  listConversations(filters?: ConversationFilters, maxResults?: number): Promise<readonly ConversationListItem[]>;
  /** The same one after the other, read in pages as they are asked for. One that changes meanwhile may be missed. */
  iterateConversations(filters?: ConversationFilters): AsyncIterableIterator<ConversationListItem>;
  /**
   * Deletes conversations whose last activity is `ttlHours` ago or more (default 168) and in which no agent works. Resolves with
   * how many.
   */
  cleanupExpired(ttlHours?: number): Promise<number>;
  /**
   * What programs that use this store share beside the conversations: `new RetryableGitHubClient({ entries: adapter.entries })` keeps to one
   * budget with all of them, gateways included. It ends with the adapter; its keys are Holdfast's own.
   */
  readonly entries: EntryStore;
  /** Writes, reads back and deletes a probe that nobody sees; rejects when that fails. */
  check(): Promise<void>;
  /** Waits for what was begun and lets the engine go. Twice is fine. */
  close(): Promise<void>;
}
