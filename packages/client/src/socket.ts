import { closedAbnormally, closeSentence } from './close-code.ts';

/** What is read of the events of any class. */
export type SocketEvent = {
  readonly type: string;
  readonly data?: unknown;
  readonly code?: number;
  readonly reason?: string;
  /** `ws` says here what went wrong; a browser keeps it to itself. */
  readonly message?: unknown;
};

/** As much of a WebSocket as the client uses; the browser's, Node's and `ws`'s all have it. */
export type WebSocketLike = {
  addEventListener(type: 'open' | 'message' | 'error' | 'close', listener: (event: SocketEvent) => void): void;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  /** `ws` has it: ends a connection whose other side no longer answers. */
  terminate?(): void;
};

export type WebSocketClass = new (url: string, protocols: string[]) => WebSocketLike;

export type SocketListener = {
  readonly onOpen: () => void;
  readonly onText: (text: string) => void;
  readonly onClose: (code: number, reason: string) => void;
};

export type Socket = {
  readonly send: (text: string) => void;
  /** Lets go of it: nothing is reported any more. Twice is fine. */
  readonly drop: () => void;
};

/** Opens a socket. Throws what the class throws (a URL or token that cannot be sent). After `onClose` nothing comes. */
export function openSocket(
  SocketClass: WebSocketClass,
  url: string,
  protocols: string[],
  listener: SocketListener,
): Socket {
  const socket = new SocketClass(url, protocols);
  let isHeld = true;
  let fault: string | undefined;

  socket.addEventListener('open', () => {
    if (isHeld) listener.onOpen();
  });
  socket.addEventListener('message', (event) => {
    if (isHeld && typeof event.data === 'string') listener.onText(event.data);
  });
  // Listened to for good: `ws` throws an error that nobody listens for.
  socket.addEventListener('error', (event) => {
    if (typeof event.message === 'string' && event.message !== '') fault = event.message;
  });
  socket.addEventListener('close', (event) => {
    if (!isHeld) return;
    isHeld = false;
    const code = event.code ?? closedAbnormally;
    listener.onClose(code, event.reason || fault || closeSentence(code));
  });

  return {
    send: (text) => socket.send(text),
    drop() {
      isHeld = false;
      if (socket.terminate === undefined) socket.close(1000);
      else socket.terminate();
    },
  };
}

/** The WebSocket of this runtime. Throws TypeError where there is none (Node 20). */
export function globalWebSocket(): WebSocketClass {
  const found = (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
  if (found === undefined) throw new TypeError('there is no global WebSocket; hand in the one of "ws" as webSocket');
  return found;
}
