import { noDynamoDBLocal, startDynamoDBLocal } from '../../../../test/support/dynamodb-local.ts';
import { describeDynamoDBStore } from './store-engine.dynamodb.contract.ts';

describeDynamoDBStore('DynamoDB Local', startDynamoDBLocal, noDynamoDBLocal);
