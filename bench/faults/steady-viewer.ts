import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket, type RawData } from 'ws';
import { parseServerMessage, type InitMessage, type ServerMessage, type StoredMessage } from '@holdfast/protocol';
import type { Tally } from './tally.ts';

const retryMs = 50;

/** A person who comes back after every cut, with the cursor, and sends again what was not accepted. */
export class SteadyViewer {
  readonly #url: string;
  readonly #token: string;
  readonly #tally: Tally;
  #socket: WebSocket | undefined;
  readonly #conversation: string;
  #init: InitMessage | undefined;
  /** What is sent again on each connection, until it is accepted. */
  #unaccepted: { readonly id: string; readonly text: string } | undefined;
  #isClosed = false;
  #wake: () => void = () => undefined;
  connections = 0;
  /** Connections that began with something else than the messages after the cursor. */
  snapshots = 0;

  /** `conversation`: its id, or `new`. */
  constructor(options: { url: string; token: string; tally: Tally; conversation: string }) {
    this.#url = options.url;
    this.#token = options.token;
    this.#tally = options.tally;
    this.#conversation = options.conversation;
    void this.#stay();
  }

  /** The conversation's id, when there has been a connection. */
  get conversation(): string | undefined {
    return this.#init?.conversationId;
  }

  /** Resolves when the turn of this prompt has ended, whatever happens meanwhile. It is the `count`th of all. */
  async turn(id: string, prompt: string, count: number): Promise<void> {
    this.#unaccepted = { id, text: JSON.stringify({ type: 'prompt', id, prompt }) };
    this.#sendUnaccepted();
    await this.#until(() => this.#unaccepted === undefined && this.#tally.done >= count);
  }

  /** Resolves when this is so; looked at after each message. */
  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  close(): void {
    this.#isClosed = true;
    this.#socket?.terminate();
  }

  async #stay(): Promise<void> {
    while (!this.#isClosed) {
      await this.#connectOnce();
      if (!this.#isClosed) await delay(retryMs);
    }
  }

  /** Resolves when the connection has ended. */
  #connectOnce(): Promise<void> {
    const query =
      this.#init === undefined
        ? `conversation=${this.#conversation}`
        : `conversation=${this.#init.conversationId}&after=${this.#tally.seq}&epoch=${this.#init.epoch}`;
    const socket = new WebSocket(`${this.#url}?${query}`, ['bearer', this.#token], { perMessageDeflate: false });
    this.#socket = socket;
    socket.on('message', (data: RawData) => this.#hear((data as Buffer).toString('utf8')));
    socket.on('error', () => undefined);
    return new Promise((resolve) => socket.once('close', () => resolve()));
  }

  #hear(text: string): void {
    const message = parseServerMessage(text);
    if (message === undefined) throw new Error(`not a server message: ${text.slice(0, 200)}`);
    this.#take(message);
    this.#wake();
  }

  #take(message: ServerMessage): void {
    if (message.type === 'init') {
      this.connections++;
      if (this.#init !== undefined && message.mode !== 'replay') this.snapshots++;
      this.#init = message;
      this.#sendUnaccepted();
    } else if (message.type === 'accepted') {
      if (message.id === this.#unaccepted?.id) this.#unaccepted = undefined;
    } else if (message.type === 'history') {
      for (const stored of message.history) this.#tally.add(stored);
    } else if ('seq' in message) {
      this.#tally.add(message as StoredMessage);
    }
  }

  #sendUnaccepted(): void {
    if (this.#unaccepted === undefined || this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(this.#unaccepted.text);
  }
}
