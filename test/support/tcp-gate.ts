import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A port of loopback that leads to another one, until it is shut. */
export type TcpGate = AsyncDisposable & {
  readonly port: number;
  /** Breaks what is open and refuses what comes; the result opens it again, on the same port. */
  readonly shut: () => Promise<() => Promise<void>>;
};

export async function openTcpGate(target: number): Promise<TcpGate> {
  const sockets = new Set<Socket>();
  const server = createServer((inner) => {
    const outer = connect(target, '127.0.0.1');
    for (const [socket, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true).pipe(other);
      // A peer that leaves is what this is for.
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    shut: async () => {
      await close();
      return () => listen(port);
    },
    [Symbol.asyncDispose]: close,
  };
}
