import type { Client, ClientOrders } from './client.ts';
import { openOctokit } from './octokit.ts';

/** Limits are waited for as often as they come. */
export function open(orders: ClientOrders): Promise<Client> {
  return openOctokit(orders, () => true);
}
