import { HoldfastError } from '@holdfast/protocol';
import { readStoreConfig } from '../config.ts';
import { SQLiteConversationStore } from '../conversations/store.sqlite.ts';
import type { AdapterOptions } from './persistence-adapter.ts';
import { parseTtlHours, StoreAdapter } from './store-adapter.ts';

export type SQLiteAdapterOptions = AdapterOptions & {
  /** Default `/tmp/backend_agent_conversations.db`. File and folder are made when they are not there. */
  readonly dbPath?: string | undefined;
};

/**
 * Conversations in an SQLite file, which any number of processes on this machine may share. The constructor opens it, and throws
 * `unavailable` when that cannot be.
 */
export class SQLitePersistenceAdapter extends StoreAdapter {
  constructor({ dbPath, ttlHours }: SQLiteAdapterOptions = {}) {
    const ttlMs = parseTtlHours(ttlHours);
    const store = new SQLiteConversationStore(parsePath(dbPath), { ttlMs });
    super(async () => store, { ttlMs });
  }
}

function parsePath(dbPath: string | undefined): string {
  if (dbPath === ':memory:') {
    throw new HoldfastError(
      'bad_message',
      'dbPath names a file; for conversations in memory use MemoryPersistenceAdapter.',
    );
  }
  if (dbPath !== undefined && (typeof dbPath !== 'string' || dbPath === '')) {
    throw new HoldfastError('bad_message', 'dbPath must be the path of a file; leave it out for the default.');
  }
  return readStoreConfig({}, { PERSISTENCE_ADAPTER: 'sqlite', SQLITE_DB_PATH: dbPath }).store.path;
}
