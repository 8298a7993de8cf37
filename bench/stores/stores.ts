import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { randomFrom } from '../../test/support/random.ts';
import { quantile } from '../stats.ts';
import { table } from '../table.ts';
import type { StoreContender } from './contender.ts';
import { holdfastSqlite } from './holdfast-sqlite.ts';
import { original } from './original.ts';

const weekMs = 7 * 24 * 3_600_000;
const seconds = 3;

/** Saves, reads, lists and cleanup with so many conversations in the store, beside the way of the guide. */
export async function stores(sizes: readonly number[]): Promise<string> {
  const rows: string[][] = [];
  for (const size of sizes) {
    for (const open of [holdfastSqlite, original]) {
      const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
      try {
        rows.push(await measure(open(join(folder, 'conversations.db')), size));
      } finally {
        rmSync(folder, { recursive: true });
      }
    }
  }
  const head = ['conversations', 'store', 'saves/s', 'one at a time/s', 'get p50 (p99), µs', 'list 200 p50 (p99), ms'];
  return table([...head, 'cleanup of half, /s', 'longest save meanwhile (without), ms'], rows);
}

async function measure(store: StoreContender, size: number): Promise<string[]> {
  const random = randomFrom(7);
  const anyOne = (): number => Math.floor(random() * size);
  // The older half stays old: it is what cleanup deletes.
  const newerOne = (): number => Math.floor((size + random() * size) / 2);
  const began = Date.now() - weekMs;
  await inParallel(size, 512, (index) => store.create(began + Math.floor((index / size) * (weekMs - 60_000)), index));
  const together = await perSecond(store.inFlight, () => store.save(newerOne()));
  const alone = await perSecond(1, () => store.save(newerOne()));
  const longestAlone = await longestOf(seconds * 1000, () => store.save(size - 1));
  const gets = await timesOf(3_000, () => store.get(anyOne()));
  const lists = await timesOf(size > 100_000 && store.inFlight === 1 ? 20 : 500, () => store.list());
  const { rate, longestMs } = await cleanupWhileSaving(store, began + weekMs / 2, () => store.save(size - 1));
  await store.close();
  return [
    size.toLocaleString('en'),
    store.name,
    round(together),
    round(alone),
    `${round(quantile(gets, 0.5) * 1000)} (${round(quantile(gets, 0.99) * 1000)})`,
    `${quantile(lists, 0.5).toFixed(2)} (${quantile(lists, 0.99).toFixed(2)})`,
    round(rate),
    `${longestMs.toFixed(1)} (${longestAlone.toFixed(1)})`,
  ];
}

async function cleanupWhileSaving(
  store: StoreContender,
  before: number,
  save: () => Promise<void>,
): Promise<{ rate: number; longestMs: number }> {
  const over = new AbortController();
  const saving = longestOf(Number.POSITIVE_INFINITY, save, over.signal);
  const began = performance.now();
  const deleted = await store.cleanup(before);
  const rate = deleted / ((performance.now() - began) / 1000);
  over.abort();
  return { rate, longestMs: await saving };
}

/** Milliseconds that the longest took, one after the other. */
async function longestOf(forMs: number, act: () => Promise<void>, signal?: AbortSignal): Promise<number> {
  const until = performance.now() + forMs;
  let longestMs = 0;
  const isOver = (): boolean => signal?.aborted === true || performance.now() >= until;
  while (!isOver()) {
    // From when the event loop could have got to it: a blocked loop counts as waiting.
    const asked = performance.now();
    await nextTurn();
    await act();
    longestMs = Math.max(longestMs, performance.now() - asked);
  }
  return longestMs;
}

async function perSecond(inFlight: number, act: () => Promise<void>): Promise<number> {
  const began = performance.now();
  const until = began + seconds * 1000;
  let count = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < until) {
      await act();
      count++;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return count / ((performance.now() - began) / 1000);
}

/** Milliseconds of each, sorted. */
async function timesOf(count: number, act: () => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let done = 0; done < count; done++) {
    const began = performance.now();
    await act();
    times.push(performance.now() - began);
    if (done % 50 === 0) await nextTurn();
  }
  return times.sort((a, b) => a - b);
}

async function inParallel(count: number, lanes: number, act: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

function round(value: number): string {
  return Math.round(value).toLocaleString('en');
}
