import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket, type RawData } from 'ws';
import { newId, parseServerMessage, type InitMessage, type ServerMessage } from '@holdfast/protocol';

/**
 * Prompts a conversation and asks how far it is, and watches nothing: it is connected only for as long as that takes,
 * and with a cursor so near to the end of the log that next to nothing is replayed to it.
 */
export class ControlViewer {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  #init: InitMessage;
  /** A number that the log reaches when all lines of the last prompt are in it. */
  #expectedSeq = 0;

  private constructor(url: string, headers: Readonly<Record<string, string>>, init: InitMessage) {
    this.#url = url;
    this.#headers = headers;
    this.#init = init;
  }

  static async start(url: string, headers: Readonly<Record<string, string>>): Promise<ControlViewer> {
    const { socket, init } = await connect(`${url}?conversation=new`, headers);
    socket.terminate();
    return new ControlViewer(url, headers, init);
  }

  get conversation(): string {
    return this.#init.conversationId;
  }

  /** Resolves when it is accepted. */
  async prompt(prompt: string): Promise<void> {
    const socket = await this.#connect();
    const accepted = nextOf(socket, 'accepted');
    socket.send(JSON.stringify({ type: 'prompt', id: newId(), prompt }));
    await accepted;
    socket.terminate();
    this.#expectedSeq = this.#init.seq + Number(prompt.split(' ')[1]);
  }

  /** Resolves when nothing runs and every line is in the log. */
  async drained(): Promise<void> {
    const deadline = AbortSignal.timeout(60_000);
    for (;;) {
      deadline.throwIfAborted();
      const socket = await this.#connect();
      socket.terminate();
      if (this.#init.status === 'completed' && this.#init.seq >= this.#expectedSeq) return;
      await delay(20);
    }
  }

  async #connect(): Promise<WebSocket> {
    const { conversationId, epoch, seq } = this.#init;
    const query = `?conversation=${conversationId}&after=${seq}&epoch=${epoch}`;
    const { socket, init } = await connect(this.#url + query, this.#headers);
    this.#init = init;
    return socket;
  }
}

async function connect(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ socket: WebSocket; init: InitMessage }> {
  const socket = new WebSocket(url, { headers, perMessageDeflate: false });
  const init = await nextOf(socket, 'init');
  return { socket, init };
}

function nextOf<Kind extends ServerMessage['type']>(
  socket: WebSocket,
  kind: Kind,
): Promise<Extract<ServerMessage, { type: Kind }>> {
  const { promise, resolve, reject } = Promise.withResolvers<Extract<ServerMessage, { type: Kind }>>();
  const onMessage = (data: RawData): void => {
    const message = parseServerMessage((data as Buffer).toString('utf8'));
    if (message?.type !== kind) return;
    socket.off('message', onMessage);
    resolve(message as Extract<ServerMessage, { type: Kind }>);
  };
  socket.on('message', onMessage);
  socket.once('error', reject);
  socket.once('close', (code, reason) => reject(new Error(`closed with ${code} ${reason.toString()}`)));
  return promise;
}
