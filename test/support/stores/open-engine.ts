import type { ConversationStore } from '../../../packages/gateway/src/conversations/store.ts';

/** Where a store's data is, so that it can be said on a command line. */
export type EngineAddress =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'dynamodb'; readonly tableName: string; readonly region: string; readonly endpoint: string };

/** One more store on the data there. Only its own engine is loaded: writers that live for milliseconds must start fast. */
export async function openEngine(address: EngineAddress): Promise<ConversationStore> {
  const options = { ttlMs: null };
  if (address.kind === 'sqlite') {
    const { SQLiteConversationStore } = await import('../../../packages/gateway/src/conversations/store.sqlite.ts');
    return new SQLiteConversationStore(address.path, options);
  }
  const { DynamoDBConversationStore } = await import('../../../packages/gateway/src/conversations/store.dynamodb.ts');
  return new DynamoDBConversationStore(address, options);
}
