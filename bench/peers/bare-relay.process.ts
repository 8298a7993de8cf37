import { onLines } from './lines.ts';
import { runPeer, viewersOf } from './peer-server.ts';

// One message a line, nothing read, numbered or kept.
runPeer((http, lines) => {
  const viewers = viewersOf(http);
  onLines(lines, (line) => {
    for (const viewer of viewers) viewer.send(line, { binary: false });
  });
});
