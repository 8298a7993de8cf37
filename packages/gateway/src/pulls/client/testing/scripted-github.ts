import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A request as it arrived. */
export type Arrived = {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly token: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};

/** What the server does with a request. */
export type Answering = (arrived: Arrived, response: ServerResponse) => void;

export type ScriptedGitHub = AsyncDisposable & {
  readonly url: string;
  readonly arrived: readonly Arrived[];
  /** Resolves when this many requests have arrived in all. */
  untilArrived(count: number): Promise<void>;
  /** Resolves when no connection is left. */
  untilNoConnection(): Promise<void>;
};

/** An HTTP server on loopback that does with the first request what the first step says, with the next the second; the last one stays. */
export async function startScriptedGitHub(...steps: readonly Answering[]): Promise<ScriptedGitHub> {
  const arrived: Arrived[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => waiting.forEach((look) => look());
  let connections = 0;
  const answer = (request: IncomingMessage, response: ServerResponse, body: string): void => {
    const { method = '', url = '', headers } = request;
    const one = { method, url, headers, body, token: (headers.authorization ?? '').replace('Bearer ', '') };
    arrived.push(one);
    (steps[arrived.length - 1] ?? steps.at(-1) ?? json({}))(one, response);
    wake();
  };
  const server = createServer((request, response) => {
    text(request).then(
      (body) => answer(request, response, body),
      // Cut while it was sent: nobody waits for an answer.
      () => response.destroy(),
    );
  });
  server.on('connection', (socket) => {
    connections += 1;
    socket.on('close', () => {
      connections -= 1;
      wake();
    });
  });
  const until = (holds: () => boolean): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (holds()) resolve();
    };
    waiting.add(look);
    look();
    return promise.finally(() => waiting.delete(look));
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrived,
    untilArrived: (count) => until(() => arrived.length >= count),
    untilNoConnection: () => until(() => connections === 0),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Answers with JSON. */
export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answering {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(JSON.stringify(body));
  };
}

/** Answers with a status, headers and a text of that type. */
export function plain(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body = '',
  type = 'text/plain',
): Answering {
  return (_, response) => {
    response.writeHead(status, { 'content-type': type, ...headers });
    response.end(body);
  };
}

/** Cuts the connection before anything is answered. */
export const cutAtOnce: Answering = (_, response) => {
  response.socket?.destroy();
};

/** Answers the head and half of a body, then cuts the connection. */
export const cutInBody: Answering = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{"id": 1', () => response.socket?.destroy());
};

/** Answers the head and half of a body, and no more. */
export const stallInBody: Answering = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{"id": 1');
};

/** Never answers. */
export const silence: Answering = () => {};
