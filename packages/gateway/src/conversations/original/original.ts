import type { Json } from '@holdfast/protocol';

/**
 * A conversation as the original stored it: the fields of its document by their own names (`conversation_id`, `task_details` …),
 * what it keeps in columns among them.
 */
export type OriginalRow =
  | {
      readonly kind: 'read';
      /** How a person finds it: `row 12`, `item conv-1`. */
      readonly name: string;
      readonly fields: { readonly [name: string]: Json };
      /** Numbers that are kept as text, because JavaScript has no number that is the same. */
      readonly numbersAsText: number;
      /** About how large it is. */
      readonly bytes: number;
    }
  | { readonly kind: 'corrupt'; readonly name: string; readonly why: string };

/** The storage of the original (the guide's Backend Agent), for reading. It is never changed, and may be in use meanwhile. */
export interface OriginalStorage {
  /**
   * Every conversation that is there from beginning to end, once. One that cannot be read is told, and the others follow. Rejects
   * with `unavailable` when the storage as a whole cannot be read.
   */
  rows(): AsyncIterable<OriginalRow>;
  close(): Promise<void>;
}
