import { monitorEventLoopDelay } from 'node:perf_hooks';
import { readFastClock, timeOn } from '../fast-clock.ts';
import type { Client, ClientAnswer, ClientOrders } from './client.ts';
import { contenders, type ContenderName } from './contenders.ts';

/*
 * node client.process.ts CONTENDER, with a parent: its first message is the orders, its second says to begin.
 */

const clock = readFastClock(process.env);
process.on('disconnect', () => process.exit(1));
const orders = await nextMessage<ClientOrders>();
const { open } = await contenders[process.argv[2] as ContenderName]();
const client: Client = await open(orders);
// The first request of a process loads half of Node. Without a token it is answered at once and not counted.
await (await fetch(orders.url)).text();
const began = nextMessage();
tell({ kind: 'ready' });
await began;
tell(await run());
await client.close?.();
process.disconnect();

async function run(): Promise<ClientAnswer> {
  const waitsMs: number[] = [];
  const failed: Record<string, number> = {};
  let next = 0;
  let done = 0;
  const loop = monitorEventLoopDelay({ resolution: 5 });
  loop.enable();
  const caller = async (): Promise<void> => {
    for (let request = orders.requests[next++]; request !== undefined; request = orders.requests[next++]) {
      const askedAtMs = timeOn(clock);
      try {
        await client.call(request);
        done += 1;
      } catch (error) {
        const text = sentenceOf(error);
        failed[text] = (failed[text] ?? 0) + 1;
      }
      waitsMs.push(timeOn(clock) - askedAtMs);
    }
  };
  await Promise.all(Array.from({ length: orders.callers }, caller));
  const toSimulated = (ns: number): number => (ns / 1e6 - 5) * clock.speed;
  return {
    kind: 'finished',
    done,
    failed,
    waitsMs: waitsMs.sort((one, other) => one - other),
    endedAtMs: timeOn(clock),
    storeChanges: client.storeChanges?.() ?? 0,
    loopDelayMs: [toSimulated(loop.percentile(99)), toSimulated(loop.max)],
  };
}

/** Numbers out, so that equal faults count together. */
function sentenceOf(error: unknown): string {
  const { name, message } = error instanceof Error ? error : { name: 'thrown', message: String(error) };
  return `${name}: ${message}`.replaceAll(/\d+/g, 'N').slice(0, 90);
}

function nextMessage<Message>(): Promise<Message> {
  const { promise, resolve } = Promise.withResolvers<Message>();
  process.once('message', resolve as (message: unknown) => void);
  return promise;
}

function tell(message: ClientAnswer): void {
  process.send?.(message);
}
