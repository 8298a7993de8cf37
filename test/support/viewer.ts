import { once } from 'node:events';
import { WebSocket } from 'ws';
import {
  newId,
  parseServerMessage,
  type InitMessage,
  type ServerMessage,
  type StoredMessage,
} from '@holdfast/protocol';

export type ViewerOptions = {
  readonly url: string;
  readonly token?: string | null;
  readonly project?: string;
  readonly agent?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
};

/**
 * A viewer that trusts nobody: it speaks the wire itself (no client library) and throws when a numbered message comes twice,
 * out of order, or leaves a hole.
 */
export class TestViewer {
  readonly ws: WebSocket;
  readonly messages: ServerMessage[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  fault: Error | undefined;
  #newest: number | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(options: ViewerOptions) {
    const { url, token = 'ada-token', project = 'shop', agent = 'demo', query = {}, headers = {} } = options;
    const address = new URL(`/projects/${project}/agent/${agent}`, url.replace('http', 'ws'));
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
    this.ws = new WebSocket(address, token === null ? [] : ['bearer', token], { headers, perMessageDeflate: false });
    this.ws.on('message', (data: Buffer) => this.#hear(data.toString('utf8')));
    this.ws.on('error', () => undefined);
    this.closed = once(this.ws, 'close').then(([code, reason]) => {
      for (const wake of this.#waiting) wake();
      return { code: Number(code), reason: String(reason) };
    });
  }

  /** A viewer that has its `init`. */
  static async open(options: ViewerOptions): Promise<TestViewer> {
    const viewer = new TestViewer(options);
    const init = await viewer.until<InitMessage>((message) => message.type === 'init');
    if (init.mode === 'snapshot')
      await viewer.until((message) => message.type === 'history' && message.more === undefined);
    return viewer;
  }

  get init(): InitMessage {
    return this.messages.find((message) => message.type === 'init') as InitMessage;
  }

  /** Number of the newest message that it has. */
  get seq(): number {
    return this.#newest ?? 0;
  }

  /** Numbered messages, those of the history among them. */
  get log(): readonly StoredMessage[] {
    return this.messages.flatMap((message) => {
      if (message.type === 'history') return message.history;
      return 'seq' in message && message.type !== 'init' ? [message as StoredMessage] : [];
    });
  }

  /** All text of the log, in order. */
  get text(): string {
    return this.log.map((message) => (message.type === 'text' ? message.content : '')).join('');
  }

  count(type: ServerMessage['type']): number {
    return this.log.filter((message) => message.type === type).length;
  }

  send(message: object): string {
    const id = newId();
    this.ws.send(JSON.stringify({ id, ...message }));
    return 'id' in message ? String(message.id) : id;
  }

  /** The first message from number `from` of those received on that satisfies. Rejects when the connection ends first. */
  async until<Found extends ServerMessage>(
    satisfies: (message: ServerMessage) => boolean,
    options: { from?: number; patienceMs?: number } = {},
  ): Promise<Found> {
    let seen = options.from ?? 0;
    const deadline = Date.now() + (options.patienceMs ?? 30_000);
    for (;;) {
      for (; seen < this.messages.length; seen++) {
        const message = this.messages[seen] as ServerMessage;
        if (satisfies(message)) return message as Found;
      }
      if (this.fault !== undefined) throw this.fault;
      if (this.ws.readyState === WebSocket.CLOSED) throw new Error('the connection ended first');
      if (Date.now() > deadline) throw new Error(`in vain; newest: ${JSON.stringify(this.messages.slice(-3))}`);
      await this.#news();
    }
  }

  /** Sends a prompt and waits for its `done`. */
  async turn(prompt: string): Promise<ServerMessage> {
    const from = this.messages.length;
    this.send({ type: 'prompt', prompt });
    return this.until((message) => message.type === 'done', { from });
  }

  async close(): Promise<void> {
    this.ws.close();
    await this.closed;
  }

  /** Where a next viewer goes on. */
  get cursor(): { after: string; epoch: string; conversation: string } {
    return { after: String(this.seq), epoch: this.init.epoch, conversation: this.init.conversationId };
  }

  #hear(text: string): void {
    const message = parseServerMessage(text);
    if (message === undefined) this.fault = new Error(`not a server message: ${text.slice(0, 200)}`);
    else {
      this.messages.push(message);
      this.#checkOrder(message);
    }
    for (const wake of this.#waiting) wake();
  }

  #checkOrder(message: ServerMessage): void {
    if (message.type === 'init') {
      if (message.mode === 'replay') this.#newest = Number(new URL(this.ws.url).searchParams.get('after'));
    } else if (message.type === 'history') {
      this.#newest = message.seq;
    } else if ('seq' in message && message.seq !== undefined) {
      if (message.seq !== this.seq + 1) {
        this.fault ??= new Error(`message ${message.seq} came after ${this.seq}`);
      }
      this.#newest = message.seq;
    }
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, 1_000);
      this.#waiting.add(wake);
    });
  }
}
