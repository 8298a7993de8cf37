import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MemoryEntries } from '../../conversations/entries.memory.ts';
import { SQLiteConversationStore } from '../../conversations/store.sqlite.ts';
import type { Permit } from './admission.ts';
import { readSharedAccount } from './admission-entry.ts';
import { flyingFor } from './budget.ts';
import { answer, content, doorOf, get, minuteMs, permitOf, quota, read } from './testing/door.ts';
import { askAll, gateways, hourMs, know, type Door } from './testing/gateways.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('gateways that share a token', () => {
  test('have a hundred requests under way together', async () => {
    const doors = gateways(8);
    await know(doors[0] as Door);
    const { permits } = askAll(doors, 50);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(permits).toHaveLength(100);
    for (const permit of permits.slice(0, 30)) permit.ended(get, answer());
    await vi.advanceTimersByTimeAsync(1_000);
    expect(permits).toHaveLength(130);
  });

  test('send no more than the points of a minute in any minute, and all of them', async () => {
    const doors = gateways(8);
    await know(doors[0] as Door);
    const sentAtMs: number[] = [];
    for (const door of doors) {
      for (let one = 0; one < 500; one += 1) {
        void permitOf(door.ask()).then((permit) => {
          sentAtMs.push(Date.now());
          setTimeout(() => permit.ended(get, answer()), 50 + (one % 7) * 100);
        });
      }
    }
    await vi.advanceTimersByTimeAsync(5 * minuteMs);
    expect(sentAtMs).toHaveLength(4_000);
    const most = sentAtMs.map((atMs) => sentAtMs.filter((other) => other >= atMs && other < atMs + minuteMs).length);
    expect(Math.max(...most)).toBeLessThanOrEqual(900);
    // 900 at once, and as many each minute from then on: the last of them after four.
    expect(Math.max(...sentAtMs)).toBeLessThan(4 * minuteMs * 1.05);
  });

  test('create content a second apart', async () => {
    const doors = gateways(3);
    await know(doors[0] as Door);
    const { permits } = askAll(doors, 2, content);
    await vi.advanceTimersByTimeAsync(500);
    expect(permits).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(permits).toHaveLength(5);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(permits).toHaveLength(6);
  });

  test('keep points back for content-creating writes that wait at one of them, and lose none by it', async () => {
    const [writing, reading] = gateways(2) as [Door, Door];
    await know(writing);
    const writes: number[] = [];
    for (let one = 0; one < 11; one += 1) {
      void permitOf(writing.ask(content)).then((permit) => {
        writes.push(Date.now());
        permit.ended(get, answer());
      });
    }
    await vi.advanceTimersByTimeAsync(0);
    let reads = 0;
    for (let one = 0; one < 1_000; one += 1) {
      reading.ask().then(
        (admitted) => {
          if (admitted.kind !== 'permit') return;
          reads += 1;
          setTimeout(() => admitted.ended(get, answer()), 50);
        },
        () => undefined,
      );
    }
    await vi.advanceTimersByTimeAsync(20_000);
    expect(writes).toHaveLength(11);
    expect((writes.at(-1) ?? 0) - (writes[0] ?? 0)).toBeLessThan(12_000);
    // One read found out the quota.
    expect(reads).toBe(900 - 1 - 11 * 5);
    reading.abort();
  });

  test('keep nothing back for those that waited at one that died', async () => {
    const [dead, reading] = gateways(2) as [Door, Door];
    await know(dead);
    askAll([dead], 100, content);
    await vi.advanceTimersByTimeAsync(0);
    vi.clearAllTimers();
    let reads = 0;
    for (let one = 0; one < 1_000; one += 1) {
      void permitOf(reading.ask()).then((permit) => {
        reads += 1;
        setTimeout(() => permit.ended(get, answer()), 50);
      });
    }
    await vi.advanceTimersByTimeAsync(20_000);
    // 59 writes are waited for: one flies.
    expect(reads).toBe(900 - 1 - 5 - 59 * 5);
    await vi.advanceTimersByTimeAsync(90_000);
    expect(reads).toBe(1_000);
  });

  test('understand what gateways of an older version wrote, which say nothing of who waits', async () => {
    const { budget, ...others } = readSharedAccount(undefined);
    const { waiting: _, ...older } = { seenAtMs: 5, flying: flyingFor(budget, 'a'), waiting: 0 };
    const body = JSON.stringify({ v: 1, ...others, budget: { ...budget, atMs: 5, members: { a: older } } });
    expect(readSharedAccount({ body, list: null, expiresAt: null }).budget).toEqual({
      ...budget,
      atMs: 5,
      members: { a: { ...older, waiting: 0 } },
    });
  });

  test('hear of a limit before their next request', async () => {
    const [one, other] = gateways(2) as [Door, Door];
    await know(one);
    await know(other);
    const limited = await permitOf(one.ask());
    limited.ended(get, answer(403, { 'retry-after': '120' }));
    await vi.advanceTimersByTimeAsync(0);
    expect(await other.ask(read, Date.now() + minuteMs)).toMatchObject({ kind: 'too_late' });
    expect(other.pool.status()).toMatchObject([{ coolingUntilMs: { core: expect.any(Number) as number } }]);
  });

  test('know together what is left of the quota', async () => {
    const [one, other] = gateways(2) as [Door, Door];
    (await permitOf(one.ask())).ended(get, answer(200, quota(5_000, 3, hourMs)));
    await vi.advanceTimersByTimeAsync(1_000);
    const { permits } = askAll([other, one], 5);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(permits).toHaveLength(3);
    one.abort();
    other.abort();
  });

  test('get back the places of one that died', async () => {
    const [dead, other] = gateways(2) as [Door, Door];
    await know(dead);
    const flying = askAll([dead], 100);
    await vi.advanceTimersByTimeAsync(0);
    expect(flying.permits).toHaveLength(100);
    // Nothing of it ever runs again.
    vi.clearAllTimers();
    const waiting = askAll([other], 10);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(waiting.permits).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(waiting.permits).toHaveLength(10);
  });

  test('keep the places of one that lives, however long its requests take', async () => {
    const [slow, other] = gateways(2) as [Door, Door];
    await know(slow);
    askAll([slow], 100);
    await vi.advanceTimersByTimeAsync(0);
    const waiting = askAll([other], 10);
    await vi.advanceTimersByTimeAsync(5 * minuteMs);
    expect(waiting.permits).toHaveLength(0);
    slow.abort();
    other.abort();
  });

  test('get the places of one that stops at once', async () => {
    const [stopping, other] = gateways(2) as [Door, Door];
    await know(stopping);
    const { permits } = askAll([stopping], 100);
    await vi.advanceTimersByTimeAsync(0);
    for (const permit of permits) permit.ended(get, answer());
    await stopping.admission[Symbol.asyncDispose]();
    const waiting = askAll([other], 10);
    await vi.advanceTimersByTimeAsync(0);
    expect(waiting.permits).toHaveLength(10);
  });

  test('change the store once for all that wait, and once at a time', async () => {
    const entries = new MemoryEntries();
    const changes = vi.spyOn(entries, 'changeEntry');
    const [door] = gateways(1, entries) as [Door];
    await know(door);
    changes.mockClear();
    const { permits } = askAll([door], 100);
    await vi.advanceTimersByTimeAsync(0);
    expect(permits).toHaveLength(100);
    // The first that asks does not wait for others; they are asked for together.
    expect(changes).toHaveBeenCalledTimes(2);
    for (const permit of permits) permit.ended(get, answer());
    await vi.advanceTimersByTimeAsync(1_000);
    expect(changes).toHaveBeenCalledTimes(3);
    await vi.advanceTimersByTimeAsync(hourMs);
    expect(changes).toHaveBeenCalledTimes(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('write nothing of a token into the store', async () => {
    const entries = new MemoryEntries();
    const keys: string[] = [];
    const change = entries.changeEntry.bind(entries);
    vi.spyOn(entries, 'changeEntry').mockImplementation((key, to) => {
      keys.push(key);
      return change(key, to);
    });
    const [door] = gateways(1, entries) as [Door];
    await know(door);
    expect(keys[0]).toMatch(/^github\/token\/[0-9a-f]{16}$/);
    expect((await entries.readEntry(keys[0] ?? ''))?.body).not.toContain('ghp_');
  });
});

test('gateways with a SQLite file each open on its own keep to the places together', async () => {
  vi.useRealTimers();
  const dir = mkdtempSync(join(tmpdir(), 'shared-door-'));
  const stores = [0, 1, 2].map(() => new SQLiteConversationStore(join(dir, 'holdfast.db'), { ttlMs: null }));
  try {
    const doors = stores.map((store) => doorOf({ entries: store }));
    const reset = quota(5_000, 4_999, Math.floor(Date.now() / 1_000) * 1_000 + hourMs);
    const flying = new Set<Permit>();
    let most = 0;
    const all = doors.flatMap((door) =>
      Array.from({ length: 100 }, async (_, index) => {
        const permit = await permitOf(door.ask());
        flying.add(permit);
        most = Math.max(most, flying.size);
        await new Promise((resolve) => setTimeout(resolve, index % 5));
        flying.delete(permit);
        permit.ended(get, answer(200, reset));
      }),
    );
    await Promise.all(all);
    expect(most).toBeGreaterThan(20);
    expect(most).toBeLessThanOrEqual(100);
    for (const { admission } of doors) await admission[Symbol.asyncDispose]();
  } finally {
    for (const store of stores) await store.close();
    rmSync(dir, { recursive: true });
  }
});
