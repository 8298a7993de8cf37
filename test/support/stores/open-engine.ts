import { DynamoDBConversationStore } from '../../../packages/gateway/src/conversations/store.dynamodb.ts';
import { SQLiteConversationStore } from '../../../packages/gateway/src/conversations/store.sqlite.ts';
import type { ConversationStore } from '../../../packages/gateway/src/conversations/store.ts';

/** Where a store's data is, so that it can be said on a command line. */
export type EngineAddress =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'dynamodb'; readonly tableName: string; readonly region: string; readonly endpoint: string };

/** One more store on the data there. */
export function openEngine(address: EngineAddress): ConversationStore {
  const options = { ttlMs: null };
  if (address.kind === 'sqlite') return new SQLiteConversationStore(address.path, options);
  return new DynamoDBConversationStore(address, options);
}
