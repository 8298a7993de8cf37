import { LoadClient } from '../load-client.ts';
import type { Measure } from './measure.ts';

const missed = 10_000;

export const replay: Measure = {
  name: 'replay',
  question: `How long until a viewer that was away has the ${missed.toLocaleString('en')} lines that it missed? From its connect to the last line.`,
  figures: [{ name: 'until the last line', unit: 'ms' }],
  base: 'Socket.IO',
  rounds: 5,
  applies: (contender) => contender.replays,
  round: async (server) => {
    await using viewer = await LoadClient.open(server, 1);
    await viewer.expect(100, { latency: false });
    await server.feed('stream 100 0 200');
    await viewer.received();
    await server.drained();

    await viewer.cut();
    await server.feed(`stream ${missed} 0 200`);
    await server.drained();

    await viewer.expect(missed, { latency: false });
    await viewer.comeBack();
    const { expectedAt, lastAt } = await viewer.received();
    return [(lastAt - expectedAt) / 1000];
  },
};
