import { Server } from 'socket.io';
import { onLines } from './lines.ts';
import { runPeer } from './peer-server.ts';

// Socket.IO with connection state recovery: it numbers, keeps and replays what a viewer missed, in memory.
runPeer((http, lines) => {
  const io = new Server(http, {
    transports: ['websocket'],
    connectionStateRecovery: { maxDisconnectionDuration: 120_000, skipMiddlewares: true },
  });
  let seq = 0;
  onLines(lines, (line) => {
    const message = JSON.parse(line.toString('utf8')) as object;
    seq += 1;
    io.emit('message', { seq, at: new Date().toISOString(), ...message });
  });
});
