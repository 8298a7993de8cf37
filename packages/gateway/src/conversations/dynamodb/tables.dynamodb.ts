import {
  CreateTableCommand,
  DescribeTableCommand,
  UpdateTimeToLiveCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
  type KeySchemaElement,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError } from '@holdfast/protocol';
import { openClient, type DynamoDBAddress } from './connection.dynamodb.ts';
import { translateFault } from './fault.dynamodb.ts';

export type TableState = {
  readonly name: string;
  readonly state: 'active' | 'missing' | 'changing' | 'wrong';
  /** What is wrong with it, in a sentence; empty for one that can be used. */
  readonly fault: string;
};

/** What a row of a list shows. With the keys of its index they are all that a list reads. */
const summaryAttributes = [
  'user_id',
  'project_id',
  'agent',
  'task_id',
  'title',
  'status',
  'created_at',
  'last_activity_at',
  'version',
  'summary',
  'work',
];

/** Hash attribute and projection of each index; the range of all is `activity`. */
const indexes: Readonly<Record<IndexName, readonly [hash: string, projected: readonly string[]]>> = {
  'by-user': ['user_id', summaryAttributes],
  'by-project': ['project_id', summaryAttributes],
  'by-status': ['status', summaryAttributes],
  'by-work': ['work', ['lease_owner', 'lease_until']],
};

export type IndexName = 'by-user' | 'by-project' | 'by-status' | 'by-work';

/** Most a new table may take. */
const maxCreateMs = 120_000;

/** Makes the tables that are missing and waits until they can be used. Returns their names; those that were there are checked. */
export async function createTables(address: DynamoDBAddress): Promise<readonly string[]> {
  const client = openClient(address);
  try {
    const made: string[] = [];
    for (const definition of definitionsOf(address.tableName)) {
      const name = definition.TableName as string;
      if (await create(client, definition)) made.push(name);
      await active(client, name, address);
    }
    const wrong = (await describe(client, address)).filter(({ state }) => state !== 'active');
    if (wrong.length > 0) throw new HoldfastError('unavailable', wrong.map(({ fault }) => fault).join(' '));
    if (made.includes(address.tableName)) await enableTtl(client, address.tableName);
    return made;
  } catch (error) {
    throw translateFault(error, address);
  } finally {
    client.destroy();
  }
}

/** How the tables stand, one for one. */
export async function describeTables(address: DynamoDBAddress): Promise<readonly TableState[]> {
  const client = openClient(address);
  try {
    return await describe(client, address);
  } catch (error) {
    throw translateFault(error, address);
  } finally {
    client.destroy();
  }
}

async function describe(client: DynamoDBClient, { tableName }: DynamoDBAddress): Promise<readonly TableState[]> {
  const states: TableState[] = [];
  for (const definition of definitionsOf(tableName)) states.push(stateOf(definition, await look(client, definition)));
  return states;
}

function definitionsOf(tableName: string): readonly CreateTableCommandInput[] {
  const names = Object.values(indexes).map(([hash]) => hash);
  const attributes = ['conversation_id', 'activity', ...names];
  return [
    {
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: attributes.map((name) => ({ AttributeName: name, AttributeType: 'S' as const })),
      KeySchema: [{ AttributeName: 'conversation_id', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: Object.entries(indexes).map(([name, [hash, projected]]) => ({
        IndexName: name,
        KeySchema: [
          { AttributeName: hash, KeyType: 'HASH' as const },
          { AttributeName: 'activity', KeyType: 'RANGE' as const },
        ],
        Projection: {
          ProjectionType: 'INCLUDE' as const,
          NonKeyAttributes: projected.filter((attribute) => attribute !== hash),
        },
      })),
    },
    {
      TableName: `${tableName}-messages`,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'conversation_id', AttributeType: 'S' },
        { AttributeName: 'seq', AttributeType: 'N' },
      ],
      KeySchema: [
        { AttributeName: 'conversation_id', KeyType: 'HASH' },
        { AttributeName: 'seq', KeyType: 'RANGE' },
      ],
    },
  ];
}

async function look(
  client: DynamoDBClient,
  { TableName }: CreateTableCommandInput,
): Promise<TableDescription | undefined> {
  try {
    return (await client.send(new DescribeTableCommand({ TableName }))).Table;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

/** False when it was there already, made perhaps by somebody else a moment ago. */
async function create(client: DynamoDBClient, definition: CreateTableCommandInput): Promise<boolean> {
  if ((await look(client, definition)) !== undefined) return false;
  try {
    await client.send(new CreateTableCommand(definition));
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceInUseException') return false;
    throw error;
  }
}

async function active(client: DynamoDBClient, name: string, address: DynamoDBAddress): Promise<void> {
  const until = performance.now() + maxCreateMs;
  for (let waitMs = 20; performance.now() < until; waitMs = Math.min(2_000, waitMs * 2)) {
    const table = await look(client, { TableName: name });
    const states = [table?.TableStatus, ...(table?.GlobalSecondaryIndexes ?? []).map((index) => index.IndexStatus)];
    if (states.every((state) => state === 'ACTIVE')) return;
    await delay(waitMs);
  }
  throw new HoldfastError('unavailable', `DynamoDB table ${name} in ${address.region} is not ready after two minutes.`);
}

/** Without it nothing is wrong, only later: what expired goes with the cleanup. Not every local engine has it. */
async function enableTtl(client: DynamoDBClient, tableName: string): Promise<void> {
  const specification = { AttributeName: 'ttl', Enabled: true };
  try {
    await client.send(new UpdateTimeToLiveCommand({ TableName: tableName, TimeToLiveSpecification: specification }));
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'UnknownOperationException') throw error;
  }
}

function stateOf(definition: CreateTableCommandInput, table: TableDescription | undefined): TableState {
  const name = definition.TableName as string;
  if (table === undefined) {
    const fault = `DynamoDB table ${name} is missing; \`holdfast doctor --create-tables\` makes it.`;
    return { name, state: 'missing', fault };
  }
  if (keyOf(table.KeySchema) !== keyOf(definition.KeySchema)) {
    const fault = `DynamoDB table ${name} has the key ${keyOf(table.KeySchema)}, and needs ${keyOf(definition.KeySchema)}; set DYNAMODB_TABLE_NAME to another one.`;
    return { name, state: 'wrong', fault };
  }
  const missing = (definition.GlobalSecondaryIndexes ?? []).filter((wanted) => {
    const found = table.GlobalSecondaryIndexes?.find((index) => index.IndexName === wanted.IndexName);
    return keyOf(found?.KeySchema) !== keyOf(wanted.KeySchema);
  });
  if (missing.length > 0) {
    const names = missing.map((index) => index.IndexName).join(', ');
    return {
      name,
      state: 'wrong',
      fault: `DynamoDB table ${name} lacks ${names}; docs/operating.md shows how to add an index.`,
    };
  }
  const states = [table.TableStatus, ...(table.GlobalSecondaryIndexes ?? []).map((index) => index.IndexStatus)];
  const changing = states.find((state) => state !== 'ACTIVE');
  if (changing === undefined) return { name, state: 'active', fault: '' };
  return { name, state: 'changing', fault: `DynamoDB table ${name} is ${changing}; try again in a minute.` };
}

function keyOf(schema: readonly KeySchemaElement[] | undefined): string {
  return (schema ?? []).map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType}`).join(', ');
}
