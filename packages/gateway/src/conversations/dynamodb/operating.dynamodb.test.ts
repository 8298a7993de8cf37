import { CreateTableCommand, type CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDynalite } from '../../../../../test/support/dynalite.ts';
import type { DynamoDBEngine } from '../../../../../test/support/dynamodb-engine.ts';
import { openClient } from './connection.dynamodb.ts';
import { newSessionState } from '../conversation.ts';
import { abortOf, ada, batchOf, fieldsOf, messageId, one, shop, start, two } from '../contract/store-scene.contract.ts';
import { DynamoDBConversationStore } from '../store.dynamodb.ts';
import { describeTables } from './tables.dynamodb.ts';

type Policy = {
  readonly Statement: readonly {
    readonly Sid: string;
    readonly Action: readonly string[];
    readonly Resource: unknown;
  }[];
};

const page = readFileSync(new URL('../../../../../docs/operating.md', import.meta.url), 'utf8');
const section = /^## DynamoDB$(.*?)^## /ms.exec(page)?.[1] ?? '';
const blocks = Array.from(section.matchAll(/^```json\n(.*?)^```$/gms), ([, text = '']) => JSON.parse(text) as unknown);
const [records, messages, policy] = blocks as [CreateTableCommandInput, CreateTableCommandInput, Policy];

describe('what docs/operating.md says about DynamoDB', () => {
  let engine: DynamoDBEngine;
  beforeAll(async () => {
    engine = await startDynalite();
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  test('makes tables with the AWS CLI as the doctor wants them', async () => {
    const address = { tableName: String(records.TableName), region: 'us-east-1', endpoint: engine.endpoint };
    const client = openClient(address);
    for (const table of [records, messages]) await client.send(new CreateTableCommand(table));
    client.destroy();
    expect((await describeTables(address)).map(({ name, state }) => [name, state])).toEqual([
      ['backend-agent-conversations', 'active'],
      ['backend-agent-conversations-messages', 'active'],
    ]);
  });

  test('grants exactly what a gateway asks for', async () => {
    const store = new DynamoDBConversationStore(await engine.createTables('policy'), { ttlMs: 1, now: () => start });
    const asked = new Set<string>();
    store.connection.client.middlewareStack.add(
      (next, context) => (args) => {
        const { TableName, IndexName, RequestItems } = args.input as {
          readonly TableName?: string;
          readonly IndexName?: string;
          readonly RequestItems?: object;
        };
        const table = TableName ?? Object.keys(RequestItems ?? {})[0] ?? '';
        const place = IndexName !== undefined ? 'Lists' : table.endsWith('-messages') ? 'Messages' : 'Conversations';
        asked.add(`${place} dynamodb:${(context.commandName ?? '').replace(/Command$/, '')}`);
        return next(args);
      },
      { step: 'initialize' },
    );
    await useEveryVerb(store);
    await store.close();
    const granted = policy.Statement.filter(({ Sid }) => Sid !== 'Doctor').flatMap(({ Sid, Action }) =>
      Action.map((action) => `${Sid} ${action}`),
    );
    expect([...asked].toSorted()).toEqual(granted.toSorted());
  });
});

async function useEveryVerb(store: DynamoDBConversationStore): Promise<void> {
  const fresh = { userId: ada, projectId: shop, agent: 'demo', epoch: 'e', at: start };
  for (const conversationId of [one, two]) await store.create({ ...fresh, conversationId });
  const lease = await store.acquire(one, { owner: 'a', now: start, until: start + 1 });
  if (lease.kind !== 'acquired') throw new Error(lease.kind);
  const write = { conversationId: one, generation: lease.generation, at: start, durable: true };
  await store.addCommand(one, abortOf('p1'));
  await store.openCommands(one);
  await store.write({ ...write, batch: batchOf(1, 'x'.repeat(50_000)) });
  await store.write({ ...write, batch: batchOf(2, 'b'), commands: [{ id: messageId('p1'), state: 'done' }] });
  await store.write({ ...write, batch: batchOf(3, 'c'), session: newSessionState });
  await store.readLog(one, 0, 1e9);
  await store.save(one, 4, fieldsOf({ task: { previewMessage: 'x'.repeat(50_000) } }), start);
  await store.read(one);
  await store.list({ limit: 10 });
  await store.newest({ userId: ada, projectId: shop, agent: 'demo' });
  await store.unfinished(10);
  await store.heads([one]);
  await store.renew('a', start + 2);
  await store.release(one, 'a', lease.generation);
  await store.beginWork('sweep', { owner: 'a', now: 1, until: 2, everyMs: 1 });
  await store.endWork('sweep', 'a', 1);
  const entry = { body: '{}', list: 'open', expiresAt: start - 3_600_000 };
  await store.changeEntry('a', () => ({ next: entry, result: undefined }));
  await store.readEntry('a');
  await store.entriesIn('open', 1);
  expect(await store.sweepEntries()).toBe(1);
  await store.check();
  await store.delete(two);
  await store.cleanup({ before: start });
}
