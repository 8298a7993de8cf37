import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Conversation } from '../conversations/conversation.ts';
import { batchAfter, type LogBatch } from '../conversations/log-batch.ts';
import type { ConversationStore } from '../conversations/store.ts';
import type { Feed, Watcher } from '../sessions/feed.ts';

/** Unsent bytes of a socket above which nothing more is pushed (docs/protocol.md 2.9). */
const maxUnsentBytes = 256 * 1024;
/** What is read from the log at a time while catching up. */
const pageBytes = 256 * 1024;

/**
 * One socket that watches one conversation: a cursor into the log. It is either live (directly at the end of the log, fed by
 * `push`) or catching up (reads the log from its cursor until it is at the end). The change from one to the other happens in
 * one synchronous step, so nothing falls between. The frames are shared with all other viewers and with the store; they go
 * straight to the TCP socket, which is allowed because `ws` never has a message half written here (no compression, no
 * fragments).
 */
export class Viewer implements Watcher {
  readonly ws: WebSocket;
  readonly socket: Socket;
  readonly agent: string;
  #store: ConversationStore;
  #feed: Feed | null = null;
  #cursor = 0;
  #isLive = false;
  #isReading = false;
  /** The conversation was deleted, and the close frame is out: nothing may follow it. */
  #isOver = false;
  /** Epoch milliseconds of the last frame that was handed to the socket. */
  lastSentAt = 0;
  /** Bytes that had left when it was last looked at, and since when none has. */
  #flushed = 0;
  #stuckSince = 0;

  constructor(ws: WebSocket, socket: Socket, agent: string, store: ConversationStore) {
    this.ws = ws;
    this.socket = socket;
    this.agent = agent;
    this.#store = store;
  }

  get feed(): Feed | null {
    return this.#feed;
  }

  /** Begins to watch, from `cursor` on. */
  follow(feed: Feed, cursor: number): void {
    this.#feed = feed;
    this.#cursor = cursor;
    this.wake();
  }

  push(batch: LogBatch): void {
    if (!this.#isLive) {
      // Before `follow` there is nothing to do: the log has the batch when the cursor gets there.
      if (this.#feed !== null && !this.#isReading && !this.#isFull) this.wake();
      return;
    }
    if (this.#isFull) {
      this.#isLive = false;
      return;
    }
    // While catching up it may have read further than the feed had shown.
    if (batch.lastSeq <= this.#cursor) return;
    this.sendFrames(batchAfter(batch, this.#cursor).bytes);
    this.#cursor = batch.lastSeq;
  }

  wake(): void {
    this.#isLive = false;
    if (this.#feed === null || this.#isReading) return;
    void this.#catchUp().catch(() => this.ws.close(1013, 'The message log cannot be read now; connect again.'));
  }

  gone(): void {
    this.ws.close(4404, 'The conversation was deleted.');
    this.#isOver = true;
  }

  /** The socket has drained. */
  drained(): void {
    if (!this.#isLive) this.wake();
  }

  sendFrames(frames: Buffer): void {
    if (this.#isOver || !this.socket.writable) return;
    this.lastSentAt = Date.now();
    this.socket.write(frames);
  }

  /** How long, in ms, nothing has left although something waits to. */
  stuckForMs(now: number): number {
    const unsent = this.socket.writableLength;
    const flushed = this.socket.bytesWritten - unsent;
    if (unsent === 0 || flushed !== this.#flushed || this.#stuckSince === 0) {
      this.#flushed = flushed;
      this.#stuckSince = now;
    }
    return now - this.#stuckSince;
  }

  get #isFull(): boolean {
    return this.socket.writableLength > maxUnsentBytes;
  }

  /** Ends live, or full, in the same step in which it sees that it is so. */
  async #catchUp(): Promise<void> {
    const feed = this.#feed as Feed;
    this.#isReading = true;
    while (this.socket.writable && !this.#isOver && !this.#isFull && this.#cursor < feed.lastSeq) {
      const batches = await this.#store.readLog(feed.conversationId, this.#cursor, pageBytes);
      if (batches.length === 0) break;
      for (const batch of batches) {
        this.sendFrames(batchAfter(batch, this.#cursor).bytes);
        this.#cursor = batch.lastSeq;
      }
    }
    this.#isReading = false;
    this.#isLive = this.#cursor >= feed.lastSeq;
  }
}

/** A conversation as `init` shows it. */
export function initMessage(conversation: Conversation, mode: 'snapshot' | 'replay'): object {
  return {
    type: 'init',
    agent: conversation.agent,
    conversationId: conversation.conversationId,
    sessionId: conversation.conversationId,
    epoch: conversation.epoch,
    seq: conversation.lastSeq,
    mode,
    status: conversation.status,
    pending: conversation.session.pending,
    settings: conversation.session.settings,
    protocol: 1,
  };
}
