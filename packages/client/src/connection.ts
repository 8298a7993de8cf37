import { newId, parseServerMessage, type Cursor, type MessageId, type ServerMessage } from '@holdfast/protocol';

import { socketUrl, type Address } from './address.ts';
import type { ClientStorage, SavedConnection } from './client-storage.ts';
import { systemClock, type Clock } from './clock.ts';
import { closedAbnormally, meaningOf } from './close-code.ts';
import { stepConnection, type ConnectionEvent, type ConnectionState } from './connection-state.ts';
import { readAt } from './cursor.ts';
import { notify } from './notify.ts';
import { Outbox, type NewMessage, type OutboxMessage, type Settlement } from './outbox.ts';
import { Saver } from './saver.ts';
import { SilenceWatch } from './silence-watch.ts';
import { globalWebSocket, openSocket, type Socket, type WebSocketClass } from './socket.ts';
import { readToken, type TokenSource } from './token.ts';
import { browserWake, type WakeSource } from './wake.ts';

/** The gateway says something at least every 15 s (docs/protocol.md 2.8). */
const silenceLimitMs = 45_000;
/** On waking, a connection that has been quieter than this is taken for dead. */
const suspiciousSilenceMs = 20_000;
/** For the token and the upgrade, which a gateway accepts at once. */
const dialLimitMs = 15_000;

export type ConnectionOptions = Address & {
  readonly token?: TokenSource;
  /** Default: the global one (browsers, Node 22 and newer). Node 20: hand in the one of `ws`. */
  readonly webSocket?: WebSocketClass;
  readonly storage?: ClientStorage;
  /**
   * With `storage`. True: go on behind the saved cursor; the caller has kept what came before it. False (default): only
   * the conversation and the unanswered messages are taken from there, and the conversation is read from its start.
   */
  readonly fromSavedCursor?: boolean;
  readonly clock?: Clock;
  readonly wake?: WakeSource;
};

export type ConnectionListener = {
  readonly onState?: (state: ConnectionState) => void;
  /** Every server message; the numbered ones in order, none twice, none missing. */
  readonly onMessage?: (message: ServerMessage) => void;
  /** How a message of ours ended; called once for each. */
  readonly onSettled?: (message: OutboxMessage, settlement: Settlement) => void;
};

export type Sent = {
  readonly id: MessageId;
  /** Never rejects. */
  readonly settled: Promise<Settlement>;
};

/** One connection to one conversation that comes back, resumes behind the last message and sends again what was not answered. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #listener: ConnectionListener;
  readonly #clock: Clock;
  readonly #watch: SilenceWatch;
  readonly #outbox: Outbox;
  readonly #waiting = new Map<MessageId, (settlement: Settlement) => void>();
  readonly #saver: Saver | undefined;
  #state: ConnectionState = { kind: 'idle' };
  #conversationId: string | undefined;
  #cursor: Cursor | undefined;
  #socket: Socket | undefined;
  /** Tells the newest dial from one that still waits for its token. */
  #dials = 0;
  #timer: unknown;
  #stopWake: (() => void) | undefined;

  constructor(options: ConnectionOptions, listener: ConnectionListener = {}) {
    this.#options = options;
    this.#listener = listener;
    this.#clock = options.clock ?? systemClock;
    this.#watch = new SilenceWatch(this.#clock, () => this.#lost(closedAbnormally, 'The gateway does not answer.'));
    this.#outbox = new Outbox((message, settlement) => this.#onSettled(message, settlement));
    this.#saver = options.storage && new Saver(options.storage, this.#clock, () => this.#toSave());
    this.#restore();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Known from the first `init` on, or from the storage. */
  get conversationId(): string | undefined {
    return this.#conversationId;
  }

  /** Behind which message the next connection resumes. */
  get cursor(): Cursor | undefined {
    return this.#cursor;
  }

  /** What has not been answered, in order. */
  get outbox(): readonly OutboxMessage[] {
    return this.#outbox.messages;
  }

  /** Connects; does nothing when it was called before. */
  open(): void {
    this.#stopWake ??= (this.#options.wake ?? browserWake)(() => this.#onWake());
    this.#step({ kind: 'open' });
  }

  /** Sends the message, now or as soon as there is a connection; again after each reconnect, until it is answered. */
  send(message: NewMessage): Sent {
    const id = newId<MessageId>();
    const settled = new Promise<Settlement>((resolve) => this.#waiting.set(id, resolve));
    this.#outbox.add({ ...message, id });
    if (this.#state.kind === 'closed') this.#outbox.settleAll({ kind: 'unknown' });
    this.#saver?.saveNow();
    this.#flush();
    return { id, settled };
  }

  /** Dials at once, whatever the state; attempts count from zero. */
  reconnect(): void {
    this.#step({ kind: 'reconnect' });
  }

  /** Ends it for good. What was not answered is settled as `unknown`, and stays in the storage. */
  close(): void {
    this.#saver?.close();
    this.#stopWake?.();
    this.#step({ kind: 'close' });
    this.#outbox.settleAll({ kind: 'unknown' });
  }

  #step(event: ConnectionEvent): void {
    const { state, effects } = stepConnection(this.#state, event);
    const isChanged = state !== this.#state;
    this.#state = state;
    for (const effect of effects) {
      this.#hangUp();
      if (effect.kind === 'dial') void this.#dial();
      if (effect.kind === 'wait') {
        this.#timer = this.#clock.setTimeout(() => this.#step({ kind: 'elapsed' }), effect.delayMs);
      }
    }
    if (isChanged) notify(() => this.#listener.onState?.(state));
  }

  #hangUp(): void {
    this.#dials += 1;
    this.#watch.stop();
    this.#clock.clearTimeout(this.#timer);
    this.#socket?.drop();
    this.#socket = undefined;
    this.#outbox.forgetSent();
  }

  async #dial(): Promise<void> {
    const dial = this.#dials;
    this.#watch.start(dialLimitMs);
    let token: string | undefined;
    try {
      token = await readToken(this.#options.token);
    } catch (thrown) {
      if (dial === this.#dials) this.#lost(closedAbnormally, sentenceOf(thrown));
      return;
    }
    if (dial !== this.#dials) return;
    try {
      this.#socket = this.#openSocket(token);
    } catch (thrown) {
      // The class refused the URL or the token itself: no other attempt would fare better.
      this.#lost(4400, `The connection cannot be opened: ${sentenceOf(thrown)}`);
    }
  }

  #openSocket(token: string | undefined): Socket {
    const { url, project, agent } = this.#options;
    const conversation = this.#conversationId ?? this.#options.conversation;
    const address = { url, project, agent, ...(conversation === undefined ? {} : { conversation }) };
    const protocols = token === undefined ? [] : ['bearer', token];
    return openSocket(this.#options.webSocket ?? globalWebSocket(), socketUrl(address, this.#cursor), protocols, {
      onOpen: () => this.#watch.start(silenceLimitMs),
      onText: (text) => this.#onText(text),
      onClose: (code, reason) => this.#lost(code, reason),
    });
  }

  #lost(code: number, reason: string): void {
    if (meaningOf(code) === 'too-big') this.#outbox.dropBiggestSent();
    if (code === 4404) this.#forgetConversation(reason);
    this.#step({ kind: 'lost', code, reason });
  }

  /** It is not there: nothing saved may lead to it again, and what was meant for it must not reach another one. */
  #forgetConversation(reason: string): void {
    this.#conversationId = undefined;
    this.#cursor = undefined;
    this.#outbox.settleAll({ kind: 'refused', code: 'not_found', error: reason });
    this.#saver?.clear();
  }

  #onWake(): void {
    const isDead = this.#state.kind === 'open' && this.#watch.silentMs > suspiciousSilenceMs;
    this.#step({ kind: isDead ? 'reconnect' : 'wake' });
  }

  #onText(text: string): void {
    this.#watch.heard();
    const message = parseServerMessage(text);
    // What comes before `init` has no place in any numbering.
    if (message === undefined || (message.type !== 'init' && this.#state.kind !== 'open')) return;
    const reading = readAt(this.#cursor, message);
    if (reading.kind === 'duplicate') return;
    if (reading.kind === 'broken') {
      if (message.type === 'init') this.#cursor = undefined;
      return this.#lost(closedAbnormally, reading.reason);
    }
    if (reading.cursor !== this.#cursor) {
      this.#cursor = reading.cursor;
      this.#saver?.saveSoon();
    }
    if (message.type === 'init') this.#welcome(message.conversationId);
    notify(() => this.#listener.onMessage?.(message));
    this.#readAnswer(message);
  }

  #welcome(conversationId: string): void {
    this.#conversationId = conversationId;
    this.#step({ kind: 'ready' });
    this.#saver?.saveNow();
    this.#flush();
  }

  #readAnswer(message: ServerMessage): void {
    if (message.type === 'accepted') {
      this.#outbox.settle(message.id, { kind: 'accepted', duplicate: message.duplicate === true });
    } else if (message.type === 'error' && message.seq === undefined && message.id !== undefined) {
      const { id, code, error, retryAfter } = message;
      const after = retryAfter === undefined ? {} : { retryAfterMs: retryAfter };
      this.#outbox.settle(id, { kind: 'refused', code, error, ...after });
    }
  }

  #onSettled(message: OutboxMessage, settlement: Settlement): void {
    this.#saver?.saveNow();
    this.#waiting.get(message.id)?.(settlement);
    this.#waiting.delete(message.id);
    notify(() => this.#listener.onSettled?.(message, settlement));
  }

  /** Nothing is sent before `init`: a refusal comes after the upgrade, and only `init` shows whose conversation it is. */
  #flush(): void {
    if (this.#state.kind !== 'open' || this.#socket === undefined) return;
    for (const text of this.#outbox.takeUnsent()) this.#socket.send(text);
  }

  #toSave(): SavedConnection {
    return {
      ...(this.#conversationId === undefined ? {} : { conversationId: this.#conversationId }),
      ...(this.#cursor === undefined ? {} : { cursor: this.#cursor }),
      outbox: this.#outbox.messages,
    };
  }

  #restore(): void {
    const saved = this.#options.storage?.load();
    const asked = this.#options.conversation;
    // Another conversation was asked for by name: the saved one is not the one to go on with.
    if (saved === undefined || (asked !== undefined && asked !== 'new' && asked !== saved.conversationId)) return;
    this.#conversationId = saved.conversationId;
    if (this.#options.fromSavedCursor === true) this.#cursor = saved.cursor;
    for (const message of saved.outbox) this.#outbox.add(message);
  }
}

function sentenceOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
