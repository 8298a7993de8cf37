import { readFastClock, timeOn } from './fast-clock.ts';
import { benchHeaders } from './server/orders.ts';

/*
 * Loaded with `--import` into a client: each request of fetch says when it was sent and which limits this process has been told of. Nothing
 * else is changed, and the client does not see it.
 */

const clock = readFastClock(process.env);
const realFetch = globalThis.fetch;
const told = new Set<string>();

globalThis.fetch = async (input, init) => {
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
  headers.set(benchHeaders.knows, [...told].join(','));
  headers.set(benchHeaders.sentAt, String(timeOn(clock)));
  const response = await realFetch(input, { ...init, headers });
  const limit = response.headers.get(benchHeaders.tells);
  if (limit !== null) told.add(limit);
  return response;
};
