import { fileURLToPath } from 'node:url';
import type { Contender, RunningContender } from '../contender.ts';
import type { DialectName } from '../load/dialect.ts';
import { memoryOf, nextMessage, startServer, stopServer } from '../server-process.ts';
import type { PeerAnswer, PeerOrder } from './peer-orders.ts';

type Listening = Extract<PeerAnswer, { kind: 'listening' }>;

/** The peers, from the least work to the most. */
export const peers: readonly Contender[] = [
  peer('bare pipe', 'chunks of the child as they come; nothing parsed, numbered or stored', 'bare-pipe'),
  peer('bare relay', 'one message a line; nothing parsed, numbered or stored', 'bare-relay'),
  peer('ws + JSON', 'JSON.parse a line, JSON.stringify with seq and at for each viewer', 'ws-json'),
  peer('Socket.IO', 'the same with connection state recovery (in memory)', 'socket-io', 'socket.io'),
];

function peer(name: string, work: string, file: string, dialect: DialectName = 'plain'): Contender {
  const path = fileURLToPath(new URL(`${file}.process.ts`, import.meta.url));
  return { name, work, replays: dialect === 'socket.io', start: () => startPeer(path, dialect) };
}

async function startPeer(path: string, dialect: DialectName): Promise<RunningContender> {
  const server = startServer(path, []);
  const { port } = await nextMessage<Listening>(server, 'listening');
  let drained: Promise<PeerAnswer> | undefined;
  return {
    wsUrl: `ws://127.0.0.1:${port}/${dialect === 'socket.io' ? 'socket.io/' : ''}`,
    dialect,
    headers: {},
    pids: [server.pid ?? 0],
    feed: async (prompt) => {
      drained = nextMessage<PeerAnswer>(server, 'drained');
      const fed = nextMessage<PeerAnswer>(server, 'fed');
      server.send({ kind: 'feed', prompt } satisfies PeerOrder);
      await fed;
    },
    drained: async () => {
      await drained;
    },
    memory: () => memoryOf(server),
    stop: () => stopServer(server),
  };
}
