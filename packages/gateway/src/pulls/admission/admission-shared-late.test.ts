import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MemoryEntries } from '../../conversations/entries.memory.ts';
import { documentedLimits } from './budget-limits.ts';
import { answer, doorOf, get, minuteMs, permitOf, settled } from './testing/door.ts';
import { askAll, gateways, know, told, type Door } from './testing/gateways.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Entries whose changes have been made, but nobody hears of it before so many milliseconds. */
function lateEntries(): { readonly entries: MemoryEntries; readonly takes: (ms: number) => void } {
  const entries = new MemoryEntries();
  const change = entries.changeEntry.bind(entries);
  let lateMs = 0;
  vi.spyOn(entries, 'changeEntry').mockImplementation(async (key, to) => {
    const result = await change(key, to);
    if (lateMs > 0) await new Promise((resolve) => setTimeout(resolve, lateMs));
    return result;
  });
  return { entries, takes: (ms) => (lateMs = ms) };
}

describe('what the store allowed', () => {
  test('some seconds ago is sent', async () => {
    const { entries, takes } = lateEntries();
    const [door] = gateways(1, entries) as [Door];
    await know(door);
    takes(5_000);
    const { permits } = askAll([door], 1);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(permits).toHaveLength(1);
  });

  test('longer ago is given back and asked for again: the others may take it for landed', async () => {
    const { entries, takes } = lateEntries();
    const [slow, other] = gateways(2, entries) as [Door, Door];
    await know(slow);
    takes(5_001);
    const { permits } = askAll([slow], 100);
    await vi.advanceTimersByTimeAsync(8_000);
    expect(permits).toHaveLength(0);
    takes(0);
    await vi.advanceTimersByTimeAsync(4_000);
    // In their order, and every place once.
    expect(permits).toHaveLength(100);
    for (const permit of permits.slice(0, 40)) permit.ended(get, answer());
    await vi.advanceTimersByTimeAsync(1_000);
    const others = askAll([other], 50);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(others.permits).toHaveLength(40);
    other.abort();
  });

  test('is not sent when a limit was met meanwhile', async () => {
    const { entries, takes } = lateEntries();
    const [door] = gateways(1, entries) as [Door];
    await know(door);
    const flying = await permitOf(door.ask());
    takes(1_000);
    const { permits } = askAll([door], 1);
    await vi.advanceTimersByTimeAsync(500);
    flying.ended(get, answer(429, { 'retry-after': '20' }));
    await vi.advanceTimersByTimeAsync(19_000);
    expect(permits).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(permits).toHaveLength(1);
  });

  test('to a gateway that had given up on its first answer holds no place for ever', async () => {
    const { entries, takes } = lateEntries();
    const [slow, other] = gateways(2, entries) as [Door, Door];
    await know(other);
    takes(10_001);
    // Its first change takes effect, though it hears of it too late.
    const { permits } = askAll([slow], 1);
    await vi.advanceTimersByTimeAsync(10_001);
    takes(0);
    for (const permit of permits) permit.ended(get, answer());
    await vi.advanceTimersByTimeAsync(minuteMs);
    expect(permits).toHaveLength(1);
    const others = askAll([other], 100);
    await vi.advanceTimersByTimeAsync(minuteMs);
    expect(others.permits).toHaveLength(100);
  });

  test('is given to nobody once the door is closed, and who has not asked the store yet hears of that too', async () => {
    const { entries, takes } = lateEntries();
    const [closing] = gateways(1, entries) as [Door];
    (await permitOf(closing.ask())).ended(get, answer(200, told));
    takes(100);
    // What has landed is being told; the next change would be this one's.
    await vi.advanceTimersByTimeAsync(500);
    const waiting = closing.ask();
    expect(await settled([waiting])).toEqual(['waiting']);
    const closed = closing.admission[Symbol.asyncDispose]();
    await vi.advanceTimersByTimeAsync(200);
    await closed;
    expect(await settled([waiting])).toEqual(['given up']);
  });
});

describe('without an answer of the store', () => {
  test.each([
    ['that refuses', async () => Promise.reject(new Error('disk is full'))],
    ['that says nothing', async () => new Promise<never>(() => {})],
  ])('a gateway goes on with a part of the limits, says so once, and comes back: one %s', async (_, fault) => {
    const entries = new MemoryEntries();
    const changes = vi.spyOn(entries, 'changeEntry').mockImplementation(fault);
    const warnings: string[] = [];
    const door = doorOf({ entries, onWarning: ({ kind }) => warnings.push(kind) });
    const first = door.ask();
    await vi.advanceTimersByTimeAsync(10_000);
    (await permitOf(first)).ended(get, answer(200, told));
    const { permits } = askAll([door], 200);
    await vi.advanceTimersByTimeAsync(0);
    expect(permits).toHaveLength(documentedLimits.requests / 4);
    await vi.advanceTimersByTimeAsync(minuteMs);
    expect(warnings).toEqual(['not_shared']);
    changes.mockRestore();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(permits).toHaveLength(100);
    // What flies was told, so another gateway has no place.
    expect(await settled([doorOf({ entries }).ask()])).toEqual(['waiting']);
    door.abort();
  });
});
