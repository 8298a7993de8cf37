import { CreateTableCommand, DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDynalite } from '../../../../../test/support/dynalite.ts';
import type { DynamoDBEngine } from '../../../../../test/support/dynamodb-engine.ts';
import { openClient, type DynamoDBAddress } from './connection.dynamodb.ts';
import { createTables, describeTables } from './tables.dynamodb.ts';

describe('the tables', () => {
  let engine: DynamoDBEngine;
  beforeAll(async () => {
    engine = await startDynalite();
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  const addressOf = (tableName: string): DynamoDBAddress => ({
    tableName,
    region: 'us-east-1',
    endpoint: engine.endpoint,
  });

  test('are named as missing, then made once, then left alone', async () => {
    const address = addressOf('fresh');
    const before = await describeTables(address);
    expect(before.map(({ name, state }) => [name, state])).toEqual([
      ['fresh', 'missing'],
      ['fresh-messages', 'missing'],
    ]);
    expect(before[0]?.fault).toContain('holdfast doctor --create-tables');
    expect(await createTables(address)).toEqual(['fresh', 'fresh-messages']);
    expect(await createTables(address)).toEqual([]);
    const after = await describeTables(address);
    expect(after.map(({ state, fault }) => [state, fault])).toEqual([
      ['active', ''],
      ['active', ''],
    ]);
  });

  test('are made once by two who do it at the same time', async () => {
    const address = addressOf('together');
    const made = await Promise.all([createTables(address), createTables(address)]);
    expect(made.flat().toSorted()).toEqual(['together', 'together-messages']);
  });

  test('a half of them that is there is completed', async () => {
    const address = addressOf('half');
    await create('half-messages', 'conversation_id', 'seq');
    expect(await createTables(address)).toEqual(['half']);
  });

  test('one with other keys, or without an index, is named and not touched', async () => {
    await create('other', 'id');
    await create('original', 'conversation_id');
    const [other] = await describeTables(addressOf('other'));
    expect(other).toMatchObject({ state: 'wrong', fault: expect.stringContaining('id HASH') });
    const [original] = await describeTables(addressOf('original'));
    expect(original).toMatchObject({ state: 'wrong', fault: expect.stringContaining('by-user') });
    await expect(createTables(addressOf('original'))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('by-status'),
    });
  });

  test('cost by request, and each index holds what a list shows and no more', async () => {
    await createTables(addressOf('billed'));
    const client = openClient(addressOf('billed'));
    const { Table } = await client.send(new DescribeTableCommand({ TableName: 'billed' }));
    client.destroy();
    expect(Table?.BillingModeSummary?.BillingMode).toBe('PAY_PER_REQUEST');
    const projected = (Table?.GlobalSecondaryIndexes ?? []).map(({ IndexName, Projection }) => [
      IndexName,
      Projection?.NonKeyAttributes?.length,
    ]);
    expect(Object.fromEntries(projected)).toEqual({ 'by-user': 10, 'by-project': 10, 'by-status': 10, 'by-work': 2 });
  });

  async function create(name: string, hash: string, range?: string): Promise<void> {
    const client = openClient(addressOf(name));
    const keys = [
      { AttributeName: hash, KeyType: 'HASH' as const },
      ...(range === undefined ? [] : [{ AttributeName: range, KeyType: 'RANGE' as const }]),
    ];
    await client.send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: keys.map(({ AttributeName, KeyType }) => ({
          AttributeName,
          AttributeType: KeyType === 'HASH' ? ('S' as const) : ('N' as const),
        })),
        KeySchema: keys,
      }),
    );
    client.destroy();
  }
});
