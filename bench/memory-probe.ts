/*
 * Loaded into a server with `--import` (and `--expose-gc`): tells its memory to the process that forked it, so that
 * a contender needs no door for it.
 */
export type MemoryOrder = { readonly kind: 'memory' };
export type MemoryAnswer = { readonly kind: 'memory'; readonly rssBytes: number; readonly heapBytes: number };

process.on('message', (order: MemoryOrder) => {
  if (order.kind !== 'memory') return;
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  process.send?.({ kind: 'memory', rssBytes: rss, heapBytes: heapUsed } satisfies MemoryAnswer);
});
// The server may end as it would without us.
process.channel?.unref();
