import { HoldfastError } from '@holdfast/protocol';
import { readStoreConfig, type StoreConfig } from '../config.ts';
import type { Environment } from '../lib/environment.ts';
import { DynamoDBPersistenceAdapter, type DynamoDBAdapterOptions } from './dynamodb-adapter.ts';
import { MemoryPersistenceAdapter } from './memory-adapter.ts';
import type { PersistenceAdapter } from './persistence-adapter.ts';
import { SQLitePersistenceAdapter, type SQLiteAdapterOptions } from './sqlite-adapter.ts';
import { show } from './conversation-input.ts';

export type PersistenceAdapterName = StoreConfig['kind'];

/** Each adapter takes what is its own. What is not given comes from the environment, else it is the adapter's default. */
export type PersistenceOptions = SQLiteAdapterOptions &
  DynamoDBAdapterOptions & {
    /** Default: the process's environment. */
    readonly env?: Environment | undefined;
  };

const names: readonly PersistenceAdapterName[] = ['memory', 'sqlite', 'dynamodb'];

/**
 * The adapter of this name; without one, that of `PERSISTENCE_ADAPTER` (default `memory`). `SQLITE_DB_PATH`, `DYNAMODB_TABLE_NAME`,
 * `DYNAMODB_REGION`, `DYNAMODB_ENDPOINT` and `CONVERSATION_TTL_HOURS` are read as the gateway reads them. Throws `bad_message` for an
 * unknown name, with the list of those there are, and for wrong options or variables, all at once.
 */
export function createPersistenceAdapter(
  name?: PersistenceAdapterName,
  options: PersistenceOptions = {},
): PersistenceAdapter {
  if (name !== undefined && !names.includes(name)) {
    throw new HoldfastError(
      'bad_message',
      `There is no persistence adapter ${show(name)}; it is one of ${names.join(', ')}.`,
    );
  }
  const { env, dbPath, tableName, region, endpoint } = options;
  const given = {
    ...(name !== undefined && { PERSISTENCE_ADAPTER: name }),
    ...(dbPath !== undefined && { SQLITE_DB_PATH: dbPath }),
    ...(tableName !== undefined && { DYNAMODB_TABLE_NAME: tableName }),
    ...(region !== undefined && { DYNAMODB_REGION: region }),
    ...(endpoint !== undefined && { DYNAMODB_ENDPOINT: endpoint }),
  };
  const { store, conversationTtlMs } = readStoreConfig(env, given);
  const configuredHours = conversationTtlMs === null ? null : conversationTtlMs / 3_600_000;
  const ttlHours = options.ttlHours === undefined ? configuredHours : options.ttlHours;
  switch (store.kind) {
    case 'memory':
      return new MemoryPersistenceAdapter({ ttlHours });
    case 'sqlite':
      return new SQLitePersistenceAdapter({ dbPath: dbPath ?? store.path, ttlHours });
    case 'dynamodb':
      return new DynamoDBPersistenceAdapter({ ...store, ttlHours });
  }
}
