import { existsSync } from 'node:fs';
import { HoldfastError } from '@holdfast/protocol';
import { openStore } from '../../compose.ts';
import { readStoreConfig, type StoreConfig } from '../../config.ts';
import type { Environment } from '../../lib/environment.ts';
import type { ConversationStore } from '../../conversations/store.ts';

/** Does something with the store that the environment names, and closes it. What is not there is not made. */
export async function withStore<Result>(
  env: Environment,
  act: (store: ConversationStore, config: ReturnType<typeof readStoreConfig>) => Promise<Result>,
): Promise<Result> {
  const config = readStoreConfig(env);
  mustOutlive(config.store);
  if (config.store.kind === 'sqlite') mustExist(config.store.path);
  const store = await openStore(config);
  try {
    return await act(store, config);
  } finally {
    await store.close();
  }
}

/** Rejects what is lost when its process ends: there is nothing that a command could look at. */
export function mustOutlive(store: StoreConfig): void {
  if (store.kind !== 'memory') return;
  throw new HoldfastError(
    'bad_message',
    'Conversations in memory are in the gateway’s own process only; set PERSISTENCE_ADAPTER to sqlite or dynamodb ' +
      '(npm start keeps its own with PERSISTENCE_ADAPTER=sqlite SQLITE_DB_PATH=./data/holdfast.db).',
  );
}

export function mustExist(path: string): void {
  if (existsSync(path)) return;
  throw new HoldfastError('unavailable', `There is no database ${path}; SQLITE_DB_PATH names the gateway’s.`);
}
