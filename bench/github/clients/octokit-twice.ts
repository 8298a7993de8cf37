import type { Client, ClientOrders } from './client.ts';
import { openOctokit } from './octokit.ts';

/** Limits are waited for twice, in the way of the plugin's own page (which waits once, and for a secondary limit not at all). */
export function open(orders: ClientOrders): Promise<Client> {
  return openOctokit(orders, (_retryAfter, _options, _octokit, retryCount) => retryCount < 2);
}
