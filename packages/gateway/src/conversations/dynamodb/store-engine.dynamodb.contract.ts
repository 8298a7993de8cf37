import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { ConversationId } from '@holdfast/protocol';
import type { DynamoDBEngine } from '../../../../../test/support/dynamodb-engine.ts';
import { openTcpGate, type TcpGate } from '../../../../../test/support/tcp-gate.ts';
import type { DamagedPart, StoreEngine } from '../contract/store-scene.contract.ts';
import { describeStore } from '../store.contract.ts';
import { DynamoDBConversationStore } from '../store.dynamodb.ts';

/** The store's contract on one engine that speaks DynamoDB; its process is shared by all cases. `missing`: why it cannot run. */
export function describeDynamoDBStore(name: string, start: () => Promise<DynamoDBEngine>, missing?: string): void {
  let engine: DynamoDBEngine;
  let gate: TcpGate;
  beforeEach(({ skip }) => skip(missing !== undefined, missing));
  beforeAll(async () => {
    if (missing !== undefined) return;
    engine = await start();
    gate = await openTcpGate(Number(new URL(engine.endpoint).port));
  });
  afterAll(async () => {
    if (missing !== undefined) return;
    await gate[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  const stores: StoreEngine = {
    open: async (options) => {
      const address = { ...(await engine.createTables('contract')), endpoint: `http://127.0.0.1:${gate.port}` };
      return new DynamoDBConversationStore(address, options);
    },
    openAgain: async (store, options) =>
      new DynamoDBConversationStore((store as DynamoDBConversationStore).connection.address, options),
    damage: (store, id, part) => damage(store as DynamoDBConversationStore, id, part),
    takeAway: () => gate.shut(),
  };
  describeStore(name, stores);
}

const damages: Readonly<Record<DamagedPart, readonly [update: string, value: unknown]>> = {
  session: ['SET #session = :value', '{"turn":'],
  task: ['SET task_details = :value REMOVE confirmed', '{"name":'],
  log: ['SET tail.#bytes = :value', Buffer.from('no frames')],
};

async function damage({ connection }: DynamoDBConversationStore, id: ConversationId, part: DamagedPart): Promise<void> {
  const [update, value] = damages[part];
  const name = /#(\w+)/.exec(update)?.[1];
  await connection.client.send(
    new UpdateCommand({
      TableName: connection.nameOf('records'),
      Key: { conversation_id: id },
      UpdateExpression: update,
      ExpressionAttributeValues: { ':value': value },
      ...(name !== undefined && { ExpressionAttributeNames: { [`#${name}`]: name } }),
    }),
  );
}
