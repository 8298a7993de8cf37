import { LoadClient } from '../load-client.ts';
import type { Measure } from './measure.ts';

const viewers = 2000;

export const memory: Measure = {
  name: 'memory',
  question: `What does an idle viewer cost the server? ${viewers.toLocaleString('en')} of them, after a garbage collection.`,
  figures: [
    { name: 'RSS per viewer', unit: 'KiB' },
    { name: 'heap per viewer', unit: 'KiB' },
  ],
  base: 'bare relay',
  rounds: 3,
  applies: () => true,
  round: async (server) => {
    // A few first: what is loaded and compiled once is not the viewers'.
    await using first = await LoadClient.open(server, 50);
    const before = await server.memory();
    await using rest = await LoadClient.open(server, viewers);
    const after = await server.memory();
    return [after.rssBytes - before.rssBytes, after.heapBytes - before.heapBytes].map(
      (bytes) => bytes / viewers / 1024,
    );
  },
};
