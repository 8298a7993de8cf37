import { DescribeTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DynamoDBEngine } from '../../../../../test/support/dynamodb-engine.ts';
import { noDynamoDBLocal, startDynamoDBLocal } from '../../../../../test/support/dynamodb-local.ts';
import { newSessionState } from '../conversation.ts';
import { LogBatchWriter, type LogBatch } from '../log-batch.ts';
import {
  abortOf,
  ada,
  batchOf,
  contentsOf,
  fieldsOf,
  idOf,
  inTurn,
  messageId,
  none,
  one,
  shop,
  start,
  two,
} from '../contract/store-scene.contract.ts';
import { DynamoDBConversationStore } from '../store.dynamodb.ts';

const hourMs = 3_600_000;
const ttlMs = 24 * hourMs;
const iso = new Date(start).toISOString();

describe('what lies in the tables', () => {
  let engine: DynamoDBEngine;
  let store: DynamoDBConversationStore;
  let sent: string[] = [];

  beforeEach(({ skip }) => skip(noDynamoDBLocal !== undefined, noDynamoDBLocal));
  beforeAll(async () => {
    if (noDynamoDBLocal === undefined) engine = await startDynamoDBLocal();
  });
  afterAll(() => engine?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    store = new DynamoDBConversationStore(await engine.createTables('items'), { ttlMs, now: () => start });
    sent = [];
    store.connection.client.middlewareStack.add(
      (next, context) => (args) => {
        sent.push(context.commandName ?? '');
        return next(args);
      },
      { step: 'initialize' },
    );
  });
  afterEach(() => store?.close());

  const fresh = { conversationId: one, userId: ada, projectId: shop, agent: 'demo', epoch: 'e1', at: start };

  async function lease(): Promise<number> {
    const result = await store.acquire(one, { owner: 'gateway-1', now: start, until: start + 1_000 });
    if (result.kind !== 'acquired') throw new Error(result.kind);
    return result.generation;
  }

  async function itemsOf(table: 'records' | 'messages'): Promise<readonly Record<string, unknown>[]> {
    const items: Record<string, unknown>[] = [];
    let from: Record<string, unknown> | undefined;
    do {
      const scan = new ScanCommand({
        TableName: store.connection.nameOf(table),
        ...(from && { ExclusiveStartKey: from }),
      });
      const answer = await store.connection.client.send(scan);
      items.push(...(answer.Items ?? []));
      from = answer.LastEvaluatedKey;
    } while (from !== undefined);
    return items;
  }

  test('a record has the attributes of the contract, in snake case, the document field by field as JSON', async () => {
    const task = { taskDetails: { name: 'N', big: 2 ** 53 }, needsClarification: false, half: '\ud800', other: [1e21] };
    const fields = fieldsOf({ taskId: 't1', title: 'T', status: 'waiting', task });
    await store.create({ ...fresh, createdAt: start - 5, fields });
    const [record] = await itemsOf('records');
    expect(record).toEqual({
      conversation_id: 'c1',
      user_id: 'ada',
      project_id: 'shop',
      agent: 'demo',
      epoch: 'e1',
      task_id: 't1',
      title: 'T',
      status: 'waiting',
      task_details: '{"name":"N","big":9007199254740992}',
      needs_clarification: 'false',
      task_other: '{"half":"\\ud800","other":[1e+21]}',
      summary: expect.stringContaining('"taskName":"N"'),
      created_at: new Date(start - 5).toISOString(),
      last_activity_at: iso,
      activity: `${iso}#c1`,
      version: 1,
      ttl: (start + ttlMs) / 1_000,
      last_seq: 0,
      runner_offset: 0,
      lease_generation: 0,
      open_commands: {},
      open_version: 1,
      log_id: expect.any(String),
      last_write: expect.any(String),
    });
  });

  test('the newest batch is in the record, those before it are items of the messages table', async () => {
    await store.create(fresh);
    const write = { conversationId: one, generation: await lease(), at: start, durable: false };
    const batches = [batchOf(1, 'a', 'b'), batchOf(3, 'c')];
    for (const batch of batches) await store.write({ ...write, batch, runnerOffset: batch.lastSeq * 10 });
    const [record] = await itemsOf('records');
    expect(record).toMatchObject({
      last_seq: 3,
      runner_offset: 30,
      tail: { first_seq: 3, last_seq: 3, runner_offset: 30, bytes: new Uint8Array(batches[1]?.bytes ?? []) },
    });
    const first = (await itemsOf('messages')).find((item) => item['seq'] === 2);
    expect(first).toEqual({
      conversation_id: 'c1',
      seq: 2,
      first_seq: 1,
      runner_offset: 20,
      bytes: new Uint8Array(batches[0]?.bytes ?? []),
      log_id: record?.['log_id'],
    });
  });

  test('an open conversation has no ttl and is in the index of open ones; when it is closed it is the other way round', async () => {
    await store.create(fresh);
    const generation = await lease();
    const keysOf = async (): Promise<unknown> => {
      const [record] = await itemsOf('records');
      return [record?.['work'], record?.['ttl']];
    };
    const closed = [undefined, (start + ttlMs) / 1_000];
    const write = { conversationId: one, generation, at: start, durable: true };
    await store.write({ ...write, session: inTurn });
    expect(await keysOf()).toEqual(['open', undefined]);
    await store.addCommand(one, abortOf('p1'));
    await store.write({ ...write, session: newSessionState });
    expect(await keysOf()).toEqual(['open', undefined]);
    await store.write({ ...write, durable: false, commands: [{ id: messageId('p1'), state: 'done' }] });
    expect(await keysOf()).toEqual(closed);
    await store.addCommand(one, abortOf('p2'));
    expect(await keysOf()).toEqual(['open', undefined]);
    const { version = 0 } = (await store.get(one)) ?? {};
    await store.save(one, version, fieldsOf(), start);
    expect(await keysOf()).toEqual(['open', undefined]);
    await store.write({ ...write, commands: [{ id: messageId('p2'), state: 'done' }] });
    expect(await keysOf()).toEqual(closed);
  });

  test('a deleted one leaves its id and the time when DynamoDB takes that too', async () => {
    await store.create(fresh);
    await store.delete(one);
    expect(await itemsOf('records')).toEqual([
      { conversation_id: 'c1', deleted_at: iso, ttl: start / 1_000 + 30 * 24 * 3_600, last_write: expect.any(String) },
    ]);
  });

  test('the attribute by which DynamoDB deletes what expired is ttl', async () => {
    const TableName = store.connection.nameOf('records');
    const { TimeToLiveDescription } = await store.connection.client.send(new DescribeTimeToLiveCommand({ TableName }));
    expect(TimeToLiveDescription).toMatchObject({ AttributeName: 'ttl', TimeToLiveStatus: 'ENABLED' });
  });

  test('no item comes near 400 kB, whatever is stored; what was replaced is not kept', async () => {
    const noise = noiseOf(3_000_000);
    await store.create({ ...fresh, fields: fieldsOf({ task: { proposedChanges: noise } }) });
    const generation = await lease();
    const prompt = { type: 'prompt', prompt: noise.slice(0, 1_000_000) } as const;
    await store.addCommand(one, { id: messageId('p1'), userId: ada, message: prompt });
    const pending = [{ id: 't', name: 'write', input: { text: noise }, status: 'pending' as const }];
    for (const [seq, size] of [10, 15_000, 17_000, 5_000_000].entries()) {
      const batch = batchOf(seq + 1, noise.repeat(2).slice(0, size));
      const session = { ...inTurn, pending };
      expect(await store.write({ conversationId: one, generation, at: start, durable: true, batch, session })).toBe(
        'written',
      );
    }
    expect((await store.openCommands(one))[0]?.message).toEqual(prompt);
    expect((await store.get(one))?.session.pending).toEqual(pending);
    const { version = 0 } = (await store.get(one)) ?? {};
    await store.save(one, version, fieldsOf({ task: { proposedChanges: noise.slice(1) } }), start);
    await store.close();
    const again = new DynamoDBConversationStore(store.connection.address, { ttlMs, now: () => start });
    expect((await again.read(one))?.task).toEqual({ proposedChanges: noise.slice(1) });
    expect((await again.readLog(one, 0, 1e9)).flatMap(contentsOf).map((text) => text.length)).toEqual([
      10, 15_000, 17_000, 5_000_000,
    ]);
    store = again;
    const items = [...(await itemsOf('records')), ...(await itemsOf('messages'))];
    const sizes = items.map(sizeOf);
    expect(Math.max(...sizes)).toBeLessThan(395_000);
    // Document, session and prompt once each, deflated; the log as it is.
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(13_500_000);
  });

  test('no verb but a person’s import ever scans', async () => {
    await store.create(fresh);
    await store.create({ ...fresh, conversationId: two });
    const generation = await lease();
    await store.addCommand(one, abortOf('p1'));
    await store.write({ conversationId: one, generation, at: start, durable: true, batch: batchOf(1, 'a') });
    await store.save(two, 1, fieldsOf({ taskId: 't' }), start);
    const visibleTo = { userId: ada, projectIds: [shop] };
    for (const filter of [{}, { userId: ada }, { projectId: shop }, { visibleTo }, { taskId: 't' }, { since: start }]) {
      await store.list({ ...filter, limit: 200 });
      await store.list({ ...filter, limit: 1, statuses: ['completed', 'waiting'] });
    }
    await store.newest({ userId: ada, projectId: shop, agent: 'demo' });
    await store.unfinished(10);
    await store.heads([one, two, none]);
    await store.readLog(one, 0, 1_000);
    await store.openCommands(one);
    await store.renew('gateway-1', start + 2_000);
    await store.release(one, 'gateway-1', generation);
    await store.beginWork('sweep', { owner: 'a', now: 1, until: 2, everyMs: 1 });
    await store.endWork('sweep', 'a', 1);
    await store.check();
    await store.delete(two);
    await store.cleanup({ before: start });
    expect(new Set(sent)).toEqual(
      new Set([
        'BatchGetItemCommand',
        'DeleteItemCommand',
        'GetItemCommand',
        'PutItemCommand',
        'QueryCommand',
        'UpdateItemCommand',
      ]),
    );
  });

  test('a page of a list reads about what it shows, however many there are', async () => {
    for (let index = 0; index < 120; index++) {
      await store.create({ ...fresh, conversationId: idOf(`c${index}`), at: start + index });
    }
    sent = [];
    expect((await store.list({ userId: ada, limit: 10 })).conversations).toHaveLength(10);
    expect(sent).toEqual(['QueryCommand']);
  });

  test('a write in a stream of text is one request to the record and one to the messages', async () => {
    await store.create(fresh);
    const write = { conversationId: one, generation: await lease(), at: start, durable: false };
    sent = [];
    for (let seq = 1; seq <= 20; seq++) await store.write({ ...write, batch: oneLine(seq), runnerOffset: seq });
    await store.close();
    expect(sent.filter((name) => name === 'UpdateItemCommand')).toHaveLength(20);
    expect(sent.filter((name) => name === 'PutItemCommand')).toHaveLength(20);
    expect(sent).toHaveLength(40);
  });
});

/** About as DynamoDB counts: names and values in UTF-8, bytes as they are. */
function sizeOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null) return 21;
  return Object.entries(value).reduce((sum, [name, part]) => sum + Buffer.byteLength(name) + sizeOf(part) + 1, 3);
}

function oneLine(seq: number): LogBatch {
  const writer = new LogBatchWriter(seq, start);
  writer.addMessage({ type: 'text', agent: 'demo', content: `tok-${seq} `, streaming: true, block: 'b' });
  return writer.finish();
}

/** Text that does not become shorter when it is deflated, by much. */
function noiseOf(length: number): string {
  let state = 12_345;
  let text = '';
  while (text.length < length) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    text += (state >>> 3).toString(36);
  }
  return text.slice(0, length);
}
