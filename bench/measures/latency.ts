import { LoadClient } from '../load-client.ts';
import type { Measure } from './measure.ts';

const lines = 4000;

export const latency: Measure = {
  name: 'latency',
  question: `How long is a line under way? ${lines.toLocaleString('en')} lines of 200 bytes, one each ms, one viewer; from the source's write to the viewer's read.`,
  figures: [
    { name: 'p50', unit: 'µs' },
    { name: 'p99', unit: 'µs' },
  ],
  base: 'bare relay',
  rounds: 5,
  applies: () => true,
  round: async (server) => {
    await using viewer = await LoadClient.open(server, 1);
    await viewer.expect(1000, { latency: true });
    await server.feed('stream 1000 1 200');
    await viewer.received();
    await server.drained();

    await viewer.expect(lines, { latency: true });
    await server.feed(`stream ${lines} 1 200`);
    const { latency: micros } = await viewer.received();
    return [micros?.p50 ?? Number.NaN, micros?.p99 ?? Number.NaN];
  },
};
