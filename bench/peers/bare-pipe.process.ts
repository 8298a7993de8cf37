import { runPeer, viewersOf } from './peer-server.ts';

// The least that can be done: what the child wrote goes out as it came, unread.
runPeer((http, lines) => {
  const viewers = viewersOf(http);
  lines.on('data', (chunk: Buffer) => {
    for (const viewer of viewers) viewer.send(chunk);
  });
});
