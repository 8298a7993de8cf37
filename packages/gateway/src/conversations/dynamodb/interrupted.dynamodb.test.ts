import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startDynalite } from '../../../../../test/support/dynalite.ts';
import type { DynamoDBEngine } from '../../../../../test/support/dynamodb-engine.ts';
import type { DynamoDBAddress } from './connection.dynamodb.ts';
import { newSessionState } from '../conversation.ts';
import {
  abortOf,
  ada,
  batchOf,
  contentsOf,
  fieldsOf,
  inTurn,
  messageId,
  one,
  shop,
  start,
} from '../contract/store-scene.contract.ts';
import { DynamoDBConversationStore } from '../store.dynamodb.ts';

const writes: ReadonlySet<string> = new Set([
  'PutItemCommand',
  'UpdateItemCommand',
  'DeleteItemCommand',
  'BatchWriteItemCommand',
]);
const hourMs = 3_600_000;
const large = 'x'.repeat(20_000);
const document = { previewMessage: Array.from({ length: 20_000 }, (_, index) => index * 7919).join(' ') };

describe('a store whose process is killed', () => {
  let engine: DynamoDBEngine;
  beforeAll(async () => {
    engine = await startDynalite();
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  let address: DynamoDBAddress;
  let now = start;
  const open: DynamoDBConversationStore[] = [];
  beforeEach(async () => {
    now = start;
    address = await engine.createTables('killed');
  });
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
  });

  function openStore(): DynamoDBConversationStore {
    const store = new DynamoDBConversationStore(address, { ttlMs: 24 * hourMs, now: () => now });
    open.push(store);
    return store;
  }

  /** What a driver does in a turn, step by step; each name is noted once its step was acknowledged. */
  async function drive(store: DynamoDBConversationStore, acknowledged: string[]): Promise<void> {
    const fields = fieldsOf({ task: { confirmed: true } });
    const write = { conversationId: one, at: now, durable: true };
    await store.create({
      conversationId: one,
      userId: ada,
      projectId: shop,
      agent: 'demo',
      epoch: 'e',
      at: now,
      fields,
    });
    acknowledged.push('created');
    const lease = await store.acquire(one, { owner: 'first', now, until: now + 1_000 });
    if (lease.kind !== 'acquired') throw new Error(lease.kind);
    const { generation } = lease;
    for (const id of ['p1', 'p2']) {
      await store.addCommand(one, abortOf(id));
      acknowledged.push(id);
    }
    const taken = [{ id: messageId('p1'), state: 'taken' as const }];
    await store.write({ ...write, generation, batch: batchOf(1, 'm1'), session: inTurn, commands: taken });
    acknowledged.push('m1');
    await store.write({ ...write, generation, batch: batchOf(2, 'm2'), durable: false });
    acknowledged.push('m2');
    await store.write({ ...write, generation, batch: batchOf(3, large), durable: false });
    acknowledged.push('m3');
    const done = [{ id: messageId('p1'), state: 'done' as const }];
    await store.write({ ...write, generation, batch: batchOf(4, 'm4'), session: newSessionState, commands: done });
    acknowledged.push('m4', 'p1 done');
    await store.write({ ...write, generation, batch: batchOf(5, 'm5') });
    acknowledged.push('m5');
    const { version = 0 } = (await store.get(one)) ?? {};
    await store.save(one, version, fieldsOf({ task: document }), now);
    acknowledged.push('saved');
  }

  /** Lets `count` more writing requests through; then it is as if the process were not there. */
  function dieAfter(store: DynamoDBConversationStore, count: number): { readonly isDead: () => boolean } {
    let left = count;
    let isDead = false;
    store.connection.client.middlewareStack.add(
      (next, context) => async (args) => {
        if (writes.has(context.commandName ?? '')) left -= 1;
        isDead ||= left < 0;
        if (isDead) throw new Error('killed');
        return next(args);
      },
      { step: 'initialize' },
    );
    return { isDead: () => isDead };
  }

  async function itemsOf(table: 'records' | 'messages'): Promise<readonly Record<string, unknown>[]> {
    const { connection } = openStore();
    const answer = await connection.client.send(new ScanCommand({ TableName: connection.nameOf(table) }));
    return answer.Items ?? [];
  }

  test('between any two requests: what was acknowledged is there, nothing is there in part, and another goes on', async () => {
    let runs = 0;
    for (let isFinished = false; !isFinished; runs++) {
      address = await engine.createTables('killed');
      const store = openStore();
      const death = dieAfter(store, runs);
      const acknowledged: string[] = [];
      await drive(store, acknowledged).catch(() => {});
      await store.close();
      isFinished = !death.isDead();
      await expectWhole(acknowledged, `killed after ${runs} writes: ${acknowledged.join(', ')}`);
    }
    expect(runs).toBeGreaterThan(15);
  });

  /** Another takes over; it finds what was acknowledged, and nothing in part, and goes on. */
  async function expectWhole(acknowledged: readonly string[], where: string): Promise<void> {
    const store = openStore();
    const has = (step: string): boolean => acknowledged.includes(step);
    const lease = await store.acquire(one, { owner: 'second', now, until: now + 1_000, takeFrom: 'first' });
    if (lease.kind !== 'acquired') {
      expect({ where, kind: lease.kind, created: has('created') }).toEqual({ where, kind: 'missing', created: false });
      return;
    }
    const { generation, conversation } = lease;
    const texts = (await store.readLog(one, 0, 1e9)).flatMap(contentsOf);
    const record = await store.read(one);
    // The same ids again: each command is there once, and none comes back that is done.
    const again = [];
    for (const id of ['p1', 'p2', 'p1', 'p2']) again.push((await store.addCommand(one, abortOf(id))).kind);
    const openIds = (await store.openCommands(one)).map(({ id }) => id);
    const write = { conversationId: one, generation, at: now, durable: true, session: newSessionState };
    const commands = ['p1', 'p2'].map((id) => ({ id: messageId(id), state: 'done' as const }));
    const batch = batchOf(conversation.lastSeq + 1, 'last');

    expect({
      where,
      texts,
      hasAll: texts.length >= acknowledged.filter((step) => /^m\d/.test(step)).length,
      again,
      openIds,
      task: record?.task,
      next: await store.write({ ...write, batch, commands }),
      textsAfter: (await store.readLog(one, 0, 1e9)).flatMap(contentsOf),
      unfinished: await store.unfinished(10),
    }).toEqual({
      where,
      texts: ['m1', 'm2', large, 'm4', 'm5'].slice(0, conversation.lastSeq),
      hasAll: true,
      again: [
        ...['p1', 'p2'].map((id) => (has(id) ? 'known' : expect.stringMatching(/added|known/))),
        'known',
        'known',
      ],
      openIds: texts.length >= 4 ? ['p2'] : ['p1', 'p2'],
      task: has('saved') || record?.task['confirmed'] === undefined ? document : { confirmed: true },
      next: 'written',
      textsAfter: [...texts, 'last'],
      unfinished: [],
    });
  }

  test('in the middle of deleting: it is there, or gone for ever; and a later cleanup leaves nothing of it', async () => {
    for (let count = 0, isFinished = false; !isFinished; count++) {
      address = await engine.createTables('killed');
      const first = openStore();
      await drive(first, []);
      const death = dieAfter(first, count);
      const deleted = await first.delete(one, { force: true }).catch(() => 'killed');
      await first.close();
      isFinished = !death.isDead();
      const second = openStore();
      if ((await second.get(one)) === undefined) {
        const again = { conversationId: one, userId: ada, projectId: shop, agent: 'demo', epoch: 'e', at: now };
        expect(await second.create(again)).toEqual({ kind: 'deleted' });
      } else {
        expect(deleted).toBe('killed');
        expect(await second.delete(one, { force: true })).toBe('deleted');
      }
      now += hourMs;
      await second.cleanup({ before: 0 });
      expect((await itemsOf('messages')).map((item) => item['log_of'] ?? item)).toEqual([one]);
      expect((await itemsOf('records')).map((item) => Object.keys(item).toSorted())).toEqual([
        ['conversation_id', 'deleted_at', 'last_write', 'ttl'],
      ]);
      now += 30 * 24 * hourMs;
      await second.cleanup({ before: 0 });
      expect([...(await itemsOf('messages')), ...(await itemsOf('records'))]).toEqual([]);
    }
  });

  test('in the middle of cleaning up: the next cleanup leaves nothing', async () => {
    for (let count = 0, isFinished = false; !isFinished; count++) {
      address = await engine.createTables('killed');
      const first = openStore();
      await drive(first, []);
      await closeCommand(first);
      now += 30 * hourMs;
      const death = dieAfter(first, count);
      await first.cleanup({ before: now }).catch(() => {});
      await first.close();
      isFinished = !death.isDead();
      const second = openStore();
      await second.cleanup({ before: now });
      // It was expired to begin with, whoever deleted it: what late writers may add is looked for once more after an hour.
      now += hourMs;
      await second.cleanup({ before: now });
      expect([...(await itemsOf('messages')), ...(await itemsOf('records'))]).toEqual([]);
    }
  });

  test("what is left when DynamoDB's own sweeper took the record is found by cleanup, and by who uses the id again", async () => {
    for (const isUsedAgain of [false, true]) {
      address = await engine.createTables('killed');
      const store = openStore();
      await drive(store, []);
      await store.connection.delete('records', { conversation_id: one });
      now += 2 * hourMs;
      if (isUsedAgain) {
        const fresh = { conversationId: one, userId: ada, projectId: shop, agent: 'demo', epoch: 'e', at: now };
        expect(await store.create(fresh)).toMatchObject({ kind: 'created' });
        expect(await store.readLog(one, 0, 1e9)).toEqual([]);
        expect(await store.addCommand(one, abortOf('p1'))).toEqual({ kind: 'added' });
        expect(await itemsOf('messages')).toHaveLength(2);
      } else {
        await store.cleanup({ before: 0 });
        expect(await itemsOf('messages')).toEqual([]);
      }
    }
  });

  test('a log whose batches were restored from a later moment than its record goes on where the record ends', async () => {
    const store = openStore();
    await drive(store, []);
    await store.close();
    const backup = await itemsOf('records');
    const later = openStore();
    const lease = await later.acquire(one, { owner: 'first', now, until: now + 1_000 });
    if (lease.kind !== 'acquired') throw new Error(lease.kind);
    const write = { conversationId: one, generation: lease.generation, at: now, durable: true };
    for (const seq of [6, 7, 8]) await later.write({ ...write, batch: batchOf(seq, `lost ${seq}`) });
    await later.close();
    const restored = openStore();
    for (const item of backup) await restored.connection.put('records', item);
    const again = await restored.acquire(one, { owner: 'second', now, until: now + 1_000, takeFrom: 'first' });
    if (again.kind !== 'acquired') throw new Error(again.kind);
    const batches = [batchOf(6, 'a', 'b'), batchOf(8, 'c')];
    for (const batch of batches) await restored.write({ ...write, generation: again.generation, batch });
    expect((await restored.readLog(one, 5, 1e9)).flatMap(contentsOf)).toEqual(['a', 'b', 'c']);
  });

  test('answers that get lost change nothing: the request that is sent again is known', async () => {
    const store = openStore();
    const lost = new WeakSet<object>();
    let lostCount = 0;
    store.connection.client.middlewareStack.add(
      (next) => async (args) => {
        const answer = await next(args);
        if (lost.has(args.input)) return answer;
        lost.add(args.input);
        lostCount += 1;
        throw Object.assign(new Error('lost'), { name: 'TimeoutError' });
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    const acknowledged: string[] = [];
    await drive(store, acknowledged);
    await expectWhole(acknowledged, 'answers lost');
    const work = { owner: 'a', now, until: now + 1, everyMs: 1 };
    expect(await store.beginWork('sweep', work)).toBe(true);
    expect(await store.delete(one)).toBe('deleted');
    expect(lostCount).toBeGreaterThan(20);
  });

  async function closeCommand(store: DynamoDBConversationStore): Promise<void> {
    const lease = await store.acquire(one, { owner: 'first', now, until: now + 1_000 });
    if (lease.kind !== 'acquired') throw new Error(lease.kind);
    const commands = [{ id: messageId('p2'), state: 'done' as const }];
    await store.write({ conversationId: one, generation: lease.generation, at: now, durable: true, commands });
  }
});
