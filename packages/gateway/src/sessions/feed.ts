import type { ConversationId } from '@holdfast/protocol';
import type { LogBatch } from '../conversations/log-batch.ts';

/** One who watches a conversation. `push` and `wake` are called in the same turn of the event loop in which the log has grown. */
export interface Watcher {
  /** The log has grown by this batch, which follows directly on what the feed had. */
  push(batch: LogBatch): void;
  /** The log has grown (by another process); read it. */
  wake(): void;
  /** The conversation was deleted; nothing comes any more. */
  gone(): void;
}

/** Up to so many watchers are shown everything at once. */
const smallAudience = 32;
/** Showing something to a large audience may take one part in so many of the time. */
const rest = 3;

/**
 * The newest end of one conversation's log and those who watch it. What is published is shown at once, unless many watch:
 * then what comes within a few times of how long the last showing took is shown together, so that a crowded conversation
 * costs fewer writes and leaves the others their time.
 */
export class Feed {
  readonly conversationId: ConversationId;
  readonly watchers: Set<Watcher> = new Set();
  #lastSeq: number;
  #waiting: LogBatch[] = [];
  #timer: NodeJS.Timeout | null = null;
  /** Until then (performance.now) the next showing to a large audience waits. */
  #restUntil = 0;

  constructor(conversationId: ConversationId, lastSeq: number) {
    this.conversationId = conversationId;
    this.#lastSeq = lastSeq;
  }

  /** Number of the newest message that was shown; the log may have more. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Called after the commit, never before. */
  publish(batch: LogBatch): void {
    this.#waiting.push(batch);
    if (this.#timer !== null) return;
    const waitMs = this.watchers.size <= smallAudience ? 0 : this.#restUntil - performance.now();
    if (waitMs <= 0) this.#show();
    else this.#timer = setTimeout(() => this.#show(), waitMs);
  }

  /** The log has grown up to here, by another process. */
  advance(lastSeq: number): void {
    this.#show();
    if (lastSeq <= this.#lastSeq) return;
    this.#lastSeq = lastSeq;
    for (const watcher of this.watchers) watcher.wake();
  }

  /** The conversation was deleted: everybody is told, and who tells is left by them in their own time. */
  end(): void {
    this.#show();
    for (const watcher of this.watchers) watcher.gone();
  }

  #show(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    const batch = joined(waiting);
    const isNext = batch.firstSeq === this.#lastSeq + 1;
    this.#lastSeq = Math.max(this.#lastSeq, batch.lastSeq);
    const began = performance.now();
    for (const watcher of this.watchers) {
      if (isNext) watcher.push(batch);
      else watcher.wake();
    }
    this.#restUntil = began + rest * (performance.now() - began);
  }
}

function joined(batches: readonly LogBatch[]): LogBatch {
  const [first, last] = [batches[0], batches.at(-1)] as [LogBatch, LogBatch];
  if (first === last) return first;
  const bytes = Buffer.concat(batches.map((batch) => batch.bytes));
  return { firstSeq: first.firstSeq, lastSeq: last.lastSeq, bytes };
}
