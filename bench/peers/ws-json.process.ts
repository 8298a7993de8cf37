import { onLines } from './lines.ts';
import { runPeer, viewersOf } from './peer-server.ts';

// What most gateways do: parse the line, number it, write it out again for each viewer.
runPeer((http, lines) => {
  const viewers = viewersOf(http);
  let seq = 0;
  onLines(lines, (line) => {
    const message = JSON.parse(line.toString('utf8')) as object;
    seq += 1;
    const at = new Date().toISOString();
    for (const viewer of viewers) viewer.send(JSON.stringify({ seq, at, ...message }));
  });
});
