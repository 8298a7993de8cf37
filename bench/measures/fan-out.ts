import { processorSeconds } from '../machine.ts';
import { LoadClient } from '../load-client.ts';
import type { Measure } from './measure.ts';

const viewers = 500;
const perSecond = 200;
const seconds = 4;

export const fanOut: Measure = {
  name: 'fan-out',
  question: `What does an audience cost? ${viewers} viewers of one conversation with ${perSecond} lines a second.`,
  figures: [
    { name: 'processor of the server', unit: '%' },
    { name: 'p50', unit: 'ms' },
    { name: 'p99', unit: 'ms' },
  ],
  base: 'bare relay',
  rounds: 3,
  applies: () => true,
  round: async (server) => {
    await using audience = await LoadClient.open(server, viewers);
    await audience.expect(perSecond, { latency: true });
    await server.feed(`stream ${perSecond} ${1000 / perSecond} 200`);
    await audience.received();
    await server.drained();

    const lines = perSecond * seconds;
    await audience.expect(lines, { latency: true });
    const before = processorSeconds(server.pids);
    await server.feed(`stream ${lines} ${1000 / perSecond} 200`);
    const { latency, firstAt, lastAt } = await audience.received();
    const used = processorSeconds(server.pids) - before;
    return [
      (used / ((lastAt - firstAt) / 1e6)) * 100,
      (latency?.p50 ?? Number.NaN) / 1000,
      (latency?.p99 ?? Number.NaN) / 1000,
    ];
  },
};
