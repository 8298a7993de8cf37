import { LoadClient } from '../load-client.ts';
import type { Measure } from './measure.ts';

const lines = 300_000;

export const throughput: Measure = {
  name: 'throughput',
  question: `How many lines a second reach one viewer? ${lines.toLocaleString('en')} lines of 200 bytes, as fast as they go.`,
  figures: [{ name: 'lines', unit: '1/s' }],
  base: 'bare pipe',
  rounds: 5,
  applies: () => true,
  round: async (server) => {
    await using viewer = await LoadClient.open(server, 1);
    // Once before, so that both sides have compiled what they run.
    await viewer.expect(lines / 6, { latency: false });
    await server.feed(`stream ${lines / 6} 0 200`);
    await viewer.received();
    await server.drained();

    await viewer.expect(lines, { latency: false });
    await server.feed(`stream ${lines} 0 200`);
    const { firstAt, lastAt } = await viewer.received();
    return [(lines / (lastAt - firstAt)) * 1e6];
  },
};
