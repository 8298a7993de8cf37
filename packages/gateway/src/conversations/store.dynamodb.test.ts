import { noDynamoDBLocal, startDynamoDBLocal } from '../../../../test/support/dynamodb-local.ts';
import { describeDynamoDBStore } from './dynamodb/store-engine.dynamodb.contract.ts';

describeDynamoDBStore('DynamoDB Local', startDynamoDBLocal, noDynamoDBLocal);
