import type { Client, ClientOrders } from './client.ts';
import { loadPackage, openOctokit } from './octokit.ts';

type Redis = { disconnect(): void };
type Bottleneck = { readonly IORedisConnection: new (options: object) => unknown };

/** Limits are waited for as often as they come, and all processes share the plugin's queues through Redis: its "Clustering". */
export async function open(orders: ClientOrders): Promise<Client> {
  const { Redis } = await loadPackage<{ Redis: new (url: string) => Redis }>(orders, 'ioredis');
  const { default: Bottleneck } = await loadPackage<{ default: Bottleneck }>(orders, 'bottleneck');
  const redis = new Redis(orders.redisUrl ?? '');
  const connection = new Bottleneck.IORedisConnection({ Redis, client: redis });
  const client = await openOctokit(orders, () => true, { connection, Bottleneck });
  return { ...client, close: async () => redis.disconnect() };
}
