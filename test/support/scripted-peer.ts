import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { WebSocketServer, type WebSocket } from 'ws';

import { Seen } from './seen.ts';

/** One socket of a client, under the test's control. */
export type PeerSocket = {
  readonly path: string;
  readonly query: URLSearchParams;
  /** From the subprotocols or the header. */
  readonly token: string | undefined;
  /** The client's messages. */
  readonly received: Seen<Record<string, unknown>>;
  readonly closed: Promise<number>;
  readonly send: (message: object) => void;
  readonly sendText: (text: string) => void;
  readonly close: (code: number, reason?: string) => void;
  /** Cuts the connection without a word. */
  readonly cut: () => void;
};

/** A WebSocket server on loopback that says only what a test tells it to. */
export class ScriptedPeer {
  readonly sockets: Seen<PeerSocket> = new Seen();
  readonly url: string;
  readonly #http: Server;
  readonly #ws: WebSocketServer;

  static async listen(options: { port?: number; answer?: (path: string) => unknown } = {}): Promise<ScriptedPeer> {
    const http = createServer((request, response) => {
      const body = options.answer?.(request.url ?? '/');
      response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body ?? { error: { code: 'not_found', message: 'There is no such page.' } }));
    });
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    return new ScriptedPeer(http);
  }

  private constructor(http: Server) {
    this.#http = http;
    this.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    this.#ws = new WebSocketServer({ server: http, handleProtocols: selectBearer, maxPayload: 1_048_576 });
    this.#ws.on('connection', (socket, request) => this.sockets.add(toPeerSocket(socket, request)));
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  async close(): Promise<void> {
    for (const socket of this.#ws.clients) socket.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#ws.close(resolve));
    await new Promise((resolve) => this.#http.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function selectBearer(protocols: Set<string>): string | false {
  return protocols.has('bearer') && 'bearer';
}

function toPeerSocket(socket: WebSocket, request: IncomingMessage): PeerSocket {
  const url = new URL(request.url ?? '/', 'http://peer');
  const received = new Seen<Record<string, unknown>>();
  socket.on('message', (bytes: Buffer) => received.add(JSON.parse(bytes.toString()) as Record<string, unknown>));
  socket.on('error', () => {});
  return {
    path: url.pathname,
    query: url.searchParams,
    token: request.headers['sec-websocket-protocol']?.split(/,\s*/)[1],
    received,
    closed: new Promise((resolve) => socket.once('close', resolve)),
    send: (message) => socket.send(JSON.stringify(message)),
    sendText: (text) => socket.send(text),
    close: (code, reason) => socket.close(code, reason),
    cut: () => socket.terminate(),
  };
}
