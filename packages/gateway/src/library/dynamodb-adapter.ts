import { readStoreConfig } from '../config.ts';
import type { AdapterOptions } from './persistence-adapter.ts';
import { parseTtlHours, StoreAdapter } from './store-adapter.ts';

export type DynamoDBAdapterOptions = AdapterOptions & {
  /** Default `backend-agent-conversations`; the messages lie in `<tableName>-messages`. */
  readonly tableName?: string | undefined;
  /** Default `us-east-1`. */
  readonly region?: string | undefined;
  /** An http(s) address, for an engine that is not Amazon's. */
  readonly endpoint?: string | undefined;
};

/**
 * Conversations in two DynamoDB tables (`holdfast doctor --create-tables` makes them). Credentials come from where the AWS SDK
 * looks for them. Nothing is loaded or connected before the first verb.
 */
export class DynamoDBPersistenceAdapter extends StoreAdapter {
  constructor({ tableName, region, endpoint, ttlHours }: DynamoDBAdapterOptions = {}) {
    const ttlMs = parseTtlHours(ttlHours);
    const given = { DYNAMODB_TABLE_NAME: tableName, DYNAMODB_REGION: region, DYNAMODB_ENDPOINT: endpoint };
    const { store } = readStoreConfig({}, { PERSISTENCE_ADAPTER: 'dynamodb', ...given });
    const open = async () => {
      // The SDK is large, and only this adapter needs it.
      const { DynamoDBConversationStore } = await import('../conversations/store.dynamodb.ts');
      return new DynamoDBConversationStore(store, { ttlMs });
    };
    super(open, { ttlMs });
  }
}
