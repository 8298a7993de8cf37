import { startDynalite } from '../../../../../test/support/dynalite.ts';
import { describeDynamoDBStore } from './store-engine.dynamodb.contract.ts';

describeDynamoDBStore('dynalite', startDynalite);
