import { setTimeout as wait } from 'node:timers/promises';
import { markOf, type WantedRequest } from '../request-mix.ts';
import type { Client, ClientOrders } from './client.ts';

const tries = 5;

/** fetch in a loop: whatever fails is tried again after 1, 2, 4, 8 seconds, whatever the answer says. */
export async function open({ url, tokens }: ClientOrders): Promise<Client> {
  let turn = 0;
  return {
    call: async (request) => {
      const token = tokens[turn++ % tokens.length] ?? '';
      for (let attempt = 1; ; attempt += 1) {
        const response = await fetch(...fetchOf(url, token, request));
        await response.arrayBuffer();
        if (response.ok) return;
        if (attempt === tries) throw new Error(`answered ${response.status} at last`);
        await wait(1000 * 2 ** (attempt - 1));
      }
    },
  };
}

function fetchOf(url: string, token: string, { id, kind, issue }: WantedRequest): [string, RequestInit] {
  const headers = { authorization: `Bearer ${token}` };
  const repository = `${url}/repos/acme/shop`;
  if (kind === 'read') return [`${repository}/issues/${issue}`, { headers }];
  const path = kind === 'write' ? 'git/blobs' : `issues/${issue}/comments`;
  const body = JSON.stringify(kind === 'write' ? { content: markOf(id) } : { body: markOf(id) });
  return [`${repository}/${path}`, { method: 'POST', headers, body }];
}
