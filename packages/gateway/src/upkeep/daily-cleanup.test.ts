import { beforeEach, describe, expect, test } from 'vitest';
import type { ConversationId, ProjectId, UserId } from '@holdfast/protocol';
import { FakeClock } from '../../../../test/support/fake-clock.ts';
import { until } from '../../../../test/support/until.ts';
import { MemoryConversationStore } from '../conversations/store.memory.ts';
import type { Logger } from '../lib/logger.ts';
import { DailyCleanup, type DailyCleanupParts } from './daily-cleanup.ts';

const hourMs = 3_600_000;
const weekMs = 168 * hourMs;

let clock: FakeClock;
let store: MemoryConversationStore;
/** How many conversations each cleanup deleted, `fault` for one that failed; likewise of entries. */
let logged: (number | 'fault')[];
let swept: (number | 'fault')[];
let told: number;

beforeEach(() => {
  clock = new FakeClock();
  clock.advance(1_000 * hourMs);
  store = new MemoryConversationStore({ ttlMs: null, now: clock.now });
  logged = [];
  swept = [];
  told = 0;
});

const log: Logger = {
  debug: () => undefined,
  info: (fields, message) => void listOf(message).push((fields as { deleted: number }).deleted),
  warn: (_fields, message) => void listOf(message).push('fault'),
  error: () => undefined,
  child: () => log,
};
const listOf = (message: string): (number | 'fault')[] => (message.includes('entries') ? swept : logged);
const cleanupOf = (owner: string, rest: Partial<DailyCleanupParts> = {}): DailyCleanup =>
  new DailyCleanup({ store, owner, ttlMs: weekMs, log, clock, onDeleted: async () => void told++, ...rest });
const create = (id: string, at: number) => {
  const who = { conversationId: id as ConversationId, userId: 'ada' as UserId, projectId: 'shop' as ProjectId };
  return store.create({ ...who, agent: 'demo', epoch: 'e', at });
};
const put = (key: string, expiresAt: number) =>
  store.changeEntry(key, () => ({ next: { body: '{}', list: null, expiresAt }, result: undefined }));
/** The store with some verbs replaced. */
const storeWith = (rest: Partial<DailyCleanupParts['store']>): DailyCleanupParts['store'] => ({
  beginWork: (...args) => store.beginWork(...args),
  endWork: (...args) => store.endWork(...args),
  cleanup: (which) => store.cleanup(which),
  sweepEntries: (options) => store.sweepEntries(options),
  ...rest,
});
const isThere = async (id: string): Promise<boolean> => (await store.get(id as ConversationId)) !== undefined;
/** Every one that was started has looked, and waits for its next hour. */
const looked = (count: number): Promise<unknown> => until('the next hour', () => clock.pendingMs.length === count);

describe('the daily cleanup', () => {
  test('deletes at the start what has expired, and says how many', async () => {
    await create('old', clock.now() - weekMs);
    await create('young', clock.now() - weekMs + 1);
    const cleanup = cleanupOf('one');
    cleanup.start();
    await looked(1);
    expect([await isThere('old'), await isThere('young')]).toEqual([false, true]);
    expect([logged, told]).toEqual([[1], 1]);
    await cleanup.stop();
  });

  test('looks every hour, and does it once a day', async () => {
    const cleanup = cleanupOf('one');
    cleanup.start();
    for (let hour = 0; hour < 49; hour++) {
      await looked(1);
      expect(clock.pendingMs).toEqual([hourMs]);
      clock.advance(hourMs);
    }
    await looked(1);
    expect([logged, told]).toEqual([[0, 0, 0], 0]);
    await cleanup.stop();
  });

  test('is done by one of several gateways', async () => {
    await create('old', 0);
    const all = ['one', 'two', 'three'].map((owner) => cleanupOf(owner));
    for (const cleanup of all) cleanup.start();
    await looked(3);
    expect(logged).toEqual([1]);
    for (let hour = 0; hour < 24; hour++) {
      clock.advance(hourMs);
      await looked(3);
    }
    expect(logged).toEqual([1, 0]);
    await Promise.all(all.map((cleanup) => cleanup.stop()));
  });

  test('deletes expired entries too, once a day', async () => {
    await put('old', clock.now());
    await put('young', clock.now() + 1);
    const cleanup = cleanupOf('one');
    cleanup.start();
    for (let hour = 0; hour < 25; hour++) {
      await looked(1);
      clock.advance(hourMs);
    }
    await looked(1);
    expect([swept, logged]).toEqual([
      [1, 1],
      [0, 0],
    ]);
    await cleanup.stop();
  });

  test('deletes entries and nothing else where conversations are kept for ever', async () => {
    await create('old', 0);
    await put('old', clock.now());
    const cleanup = cleanupOf('one', { ttlMs: null });
    cleanup.start();
    await looked(1);
    await cleanup.stop();
    expect([swept, logged, told, await isThere('old')]).toEqual([[1], [], 0, true]);
  });

  test('of conversations is done though that of entries fails, which is tried again', async () => {
    await create('old', 0);
    await put('old', clock.now());
    let faults = 1;
    const sweepEntries: DailyCleanupParts['store']['sweepEntries'] = async (options) =>
      faults-- > 0 ? Promise.reject(new Error('locked')) : store.sweepEntries(options);
    const cleanup = cleanupOf('one', { store: storeWith({ sweepEntries }) });
    cleanup.start();
    await looked(1);
    expect([swept, logged]).toEqual([['fault'], [1]]);
    clock.advance(hourMs);
    await looked(1);
    expect([swept, logged]).toEqual([['fault', 1], [1]]);
    await cleanup.stop();
  });

  test('that fails is tried again by whoever looks after it has run out', async () => {
    await create('old', 0);
    let faults = 1;
    const failing = storeWith({
      cleanup: async (which) => (faults-- > 0 ? Promise.reject(new Error('locked')) : store.cleanup(which)),
    });
    const cleanup = cleanupOf('one', { store: failing });
    cleanup.start();
    await looked(1);
    expect(logged).toEqual(['fault']);
    clock.advance(hourMs);
    await looked(1);
    expect(logged).toEqual(['fault', 1]);
    await cleanup.stop();
  });

  test('that is stopped in the middle stops, leaves no timer, and is taken up by another', async () => {
    const begun = Promise.withResolvers<AbortSignal>();
    const slow = storeWith({
      cleanup: ({ signal }) => {
        begun.resolve(signal as AbortSignal);
        return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(3)));
      },
    });
    const first = cleanupOf('one', { store: slow });
    first.start();
    await begun.promise;
    await first.stop();
    await first.stop();
    expect([logged, clock.pendingMs]).toEqual([[3], []]);
    await create('old', 0);
    const second = cleanupOf('two');
    second.start();
    await looked(1);
    expect(logged).toEqual([3]);
    clock.advance(hourMs);
    await looked(1);
    expect(logged).toEqual([3, 1]);
    await second.stop();
  });

  test('does not begin when it was stopped before', async () => {
    const cleanup = cleanupOf('one');
    await cleanup.stop();
    cleanup.start();
    expect([clock.pendingMs, logged]).toEqual([[], []]);
  });
});
