import { expect } from 'vitest';
import { HoldfastError } from '@holdfast/protocol';
import { MemoryConversationStore } from '../../conversations/store.memory.ts';
import type { ConversationInput } from '../conversation-record.ts';
import { parseTtlHours, StoreAdapter } from '../store-adapter.ts';

export const day: number = 86_400_000;
/** The time that it is in a scene. */
export const someNoon: number = Date.parse('2025-11-03T12:00:00.000Z');

/** An adapter over a store in memory, with a clock that stands. */
export function scene({ ttlHours = 168 }: { readonly ttlHours?: number | null } = {}): {
  readonly adapter: StoreAdapter;
  readonly store: MemoryConversationStore;
  readonly clock: { now: number };
} {
  const clock = { now: someNoon };
  const now = () => clock.now;
  const ttlMs = parseTtlHours(ttlHours);
  const store = new MemoryConversationStore({ ttlMs, now });
  const adapter = new StoreAdapter(async () => store, { ttlMs, now });
  return { adapter, store, clock };
}

/** What a caller saves, `conv-1` of Ada unless it is said otherwise. */
export const conversation = (fields: Partial<ConversationInput> = {}): ConversationInput => ({
  conversationId: 'conv-1',
  userId: 'ada',
  status: 'completed',
  ...fields,
});

/** What a promise is rejected with. */
export async function errorOf(promise: Promise<unknown>): Promise<HoldfastError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(HoldfastError);
  return error as HoldfastError;
}
