import { MemoryConversationStore } from '../conversations/store.memory.ts';
import type { AdapterOptions } from './persistence-adapter.ts';
import { parseTtlHours, StoreAdapter } from './store-adapter.ts';

/** Conversations in this process: lost when it ends. For trying things out and for tests. */
export class MemoryPersistenceAdapter extends StoreAdapter {
  constructor({ ttlHours }: AdapterOptions = {}) {
    const ttlMs = parseTtlHours(ttlHours);
    const store = new MemoryConversationStore({ ttlMs });
    super(async () => store, { ttlMs });
  }
}
