import { maxClientMessageBytes, type ClientMessage, type ErrorCode, type MessageId } from '@holdfast/protocol';

/** A client message without its id, as a caller writes it. */
export type NewMessage = ClientMessage extends infer Message
  ? Message extends ClientMessage
    ? Omit<Message, 'id'>
    : never
  : never;

/** A message that has its id and waits for its answer. */
export type OutboxMessage = ClientMessage & { readonly id: MessageId };

/** How a message ended. */
export type Settlement =
  /** It is stored and will be carried out exactly once; `duplicate`: an earlier copy already was. */
  | { readonly kind: 'accepted'; readonly duplicate: boolean }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly error: string; readonly retryAfterMs?: number }
  /** The connection was closed before an answer came. */
  | { readonly kind: 'unknown' };

/** Called once for each message, with how it ended. */
export type OnSettled = (message: OutboxMessage, settlement: Settlement) => void;

type Entry = {
  readonly message: OutboxMessage;
  readonly text: string;
  /** On the connection there is now. */
  isSent: boolean;
};

/** Most messages that may wait; one more is refused at once. */
const maxOutboxMessages = 200;

const encoder = new TextEncoder();

/** Client messages in the order in which they were given, each until it is answered (docs/protocol.md 4.2). */
export class Outbox {
  readonly #entries = new Map<MessageId, Entry>();
  readonly #onSettled: OnSettled;

  constructor(onSettled: OnSettled) {
    this.#onSettled = onSettled;
  }

  get messages(): readonly OutboxMessage[] {
    return Array.from(this.#entries.values(), (entry) => entry.message);
  }

  /** Gives the message a place; one that is too big, or one too many, is settled at once. A known id is not taken twice. */
  add(message: OutboxMessage): void {
    if (this.#entries.has(message.id)) return;
    const text = JSON.stringify(message);
    if (isTooBig(text)) return this.#onSettled(message, tooBig);
    if (this.#entries.size >= maxOutboxMessages) return this.#onSettled(message, full);
    this.#entries.set(message.id, { message, text, isSent: false });
  }

  /** The texts that have not gone out on this connection, in order; they count as sent from now on. */
  takeUnsent(): readonly string[] {
    const texts: string[] = [];
    for (const entry of this.#entries.values()) {
      if (!entry.isSent) texts.push(entry.text);
      entry.isSent = true;
    }
    return texts;
  }

  /** The connection is gone: all that waits has to go out again. */
  forgetSent(): void {
    for (const entry of this.#entries.values()) entry.isSent = false;
  }

  /** The message was answered. An answer to a message that does not wait means nothing. */
  settle(id: MessageId, settlement: Settlement): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#onSettled(entry.message, settlement);
  }

  /** The connection was closed with 1009. The code does not say for which message: the longest one sent must be it. */
  dropBiggestSent(): void {
    let biggest: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.isSent && entry.text.length > (biggest?.text.length ?? 0)) biggest = entry;
    }
    if (biggest !== undefined) this.settle(biggest.message.id, tooBig);
  }

  /** All that waits ends this way. */
  settleAll(settlement: Settlement): void {
    for (const { id } of this.messages) this.settle(id, settlement);
  }
}

const tooBig: Settlement = {
  kind: 'refused',
  code: 'bad_message',
  error: 'The message is too big; a message may have 1 MiB, so name files in its context instead of pasting them.',
};
const full: Settlement = {
  kind: 'refused',
  code: 'unavailable',
  error: `${maxOutboxMessages} messages wait to be sent already; try again when the connection is back.`,
};

function isTooBig(text: string): boolean {
  // A character has one to three bytes in UTF-8, so most texts need not be encoded to know.
  if (text.length > maxClientMessageBytes) return true;
  return text.length * 3 > maxClientMessageBytes && encoder.encode(text).length > maxClientMessageBytes;
}
