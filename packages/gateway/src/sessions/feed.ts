import type { ConversationId } from '@holdfast/protocol';
import type { LogBatch } from '../conversations/log-batch.ts';

/** One who watches a conversation. Both verbs are called in the same turn of the event loop in which the log has grown. */
export interface Watcher {
  /** The log has grown by this batch, which follows directly on what the feed had. */
  push(batch: LogBatch): void;
  /** The log has grown (by another process); read it. */
  wake(): void;
}

/** The newest end of one conversation's log and those who watch it. */
export class Feed {
  readonly conversationId: ConversationId;
  readonly watchers: Set<Watcher> = new Set();
  #lastSeq: number;

  constructor(conversationId: ConversationId, lastSeq: number) {
    this.conversationId = conversationId;
    this.#lastSeq = lastSeq;
  }

  /** Number of the newest message that is known to be in the log. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Called after the commit, never before. */
  publish(batch: LogBatch): void {
    if (batch.firstSeq !== this.#lastSeq + 1) {
      this.advance(batch.lastSeq);
      return;
    }
    this.#lastSeq = batch.lastSeq;
    for (const watcher of this.watchers) watcher.push(batch);
  }

  advance(lastSeq: number): void {
    if (lastSeq <= this.#lastSeq) return;
    this.#lastSeq = lastSeq;
    for (const watcher of this.watchers) watcher.wake();
  }
}
