import { parseServerMessage, type ConversationId, type StoredMessage } from '@holdfast/protocol';
import { textsOf, type LogBatch } from './log-batch.ts';
import type { ConversationStore } from './store.ts';

/** Of a block that is longer several pieces are made, so that a page can hold them (docs/protocol.md 3.4). */
const maxJoinedLength = 262_144;

/** Messages as a `history` carries them, joined (docs/protocol.md 3.3). Feed it batches in order, then take `messages`. */
class HistoryJoiner {
  readonly #messages: StoredMessage[] = [];
  readonly #superseded = new Set<string>();
  /** Contents of the block that is being joined; joined once, at its end. */
  #parts: string[] = [];
  #joinedLength = 0;

  /** Adds the messages of a batch up to number `seq`. */
  add(batch: LogBatch, seq: number = Number.POSITIVE_INFINITY): void {
    for (const text of textsOf(batch)) {
      const message = parseServerMessage(text) as StoredMessage | undefined;
      if (message !== undefined && message.seq <= seq) this.#addMessage(message);
    }
  }

  messages(): readonly StoredMessage[] {
    this.#endBlock();
    return this.#messages.filter(
      (message) => !((message.type === 'text' || message.type === 'thinking') && this.#superseded.has(message.block)),
    );
  }

  #addMessage(message: StoredMessage): void {
    const last = this.#messages.at(-1);
    if ((message.type === 'text' || message.type === 'thinking') && message.streaming) {
      if (last?.type === message.type && last.block === message.block && last.streaming && !this.#isLong) {
        if (this.#parts.length === 0) this.#addPart(last.content);
        this.#addPart(message.content);
        this.#messages[this.#messages.length - 1] = message;
        return;
      }
    }
    this.#endBlock();
    if (message.type === 'superseded') this.#superseded.add(message.block);
    this.#messages.push(message);
  }

  get #isLong(): boolean {
    return this.#joinedLength >= maxJoinedLength;
  }

  #addPart(content: string): void {
    this.#parts.push(content);
    this.#joinedLength += content.length;
  }

  #endBlock(): void {
    this.#joinedLength = 0;
    if (this.#parts.length === 0) return;
    const last = this.#messages.at(-1);
    if (last?.type === 'text' || last?.type === 'thinking') {
      this.#messages[this.#messages.length - 1] = { ...last, content: this.#parts.join('') };
    }
    this.#parts = [];
  }
}

/** The joined history up to message `seq`. Reads the log in pages, so that other work gets its turns. */
export async function readHistory(
  store: Pick<ConversationStore, 'readLog'>,
  id: ConversationId,
  seq: number,
): Promise<readonly StoredMessage[]> {
  const joiner = new HistoryJoiner();
  for (let cursor = 0; cursor < seq;) {
    const batches = await store.readLog(id, cursor, 256 * 1024);
    if (batches.length === 0) break;
    for (const batch of batches) joiner.add(batch, seq);
    cursor = batches.at(-1)?.lastSeq ?? seq;
  }
  return joiner.messages();
}

/** Cuts a history into parts of about `maxBytes` of JSON each; at least one part, perhaps empty. */
export function pagesOf(history: readonly StoredMessage[], maxBytes: number): StoredMessage[][] {
  const pages: StoredMessage[][] = [[]];
  let bytes = 0;
  for (const message of history) {
    const size = Buffer.byteLength(JSON.stringify(message));
    if (bytes > 0 && bytes + size > maxBytes) {
      pages.push([]);
      bytes = 0;
    }
    pages.at(-1)?.push(message);
    bytes += size;
  }
  return pages;
}
