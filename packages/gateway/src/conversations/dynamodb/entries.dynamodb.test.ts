import { DeleteCommand, ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startDynalite } from '../../../../../test/support/dynalite.ts';
import type { DynamoDBEngine } from '../../../../../test/support/dynamodb-engine.ts';
import { hourMs, start } from '../contract/store-scene.contract.ts';
import type { Entry } from '../entry-store.ts';
import { DynamoDBConversationStore } from '../store.dynamodb.ts';

let engine: DynamoDBEngine;
beforeAll(async () => {
  engine = await startDynalite();
});
afterAll(() => engine[Symbol.asyncDispose]());

let now = start;
let mine: DynamoDBConversationStore;
let other: DynamoDBConversationStore;
beforeEach(async () => {
  now = start;
  const address = await engine.createTables('entries');
  [mine, other] = [1, 2].map(() => new DynamoDBConversationStore(address, { ttlMs: null, now: () => now })) as [
    DynamoDBConversationStore,
    DynamoDBConversationStore,
  ];
});
afterEach(() => Promise.all([mine.close(), other.close()]));

type Store = DynamoDBConversationStore;

/** Adds one; resolves with what it was before, 0 when it was not there. */
function count(store: Store, rest: Partial<Entry> = {}): Promise<number> {
  return store.changeEntry('a', (current) => {
    const seen = Number(current?.body ?? 0);
    return { next: { body: String(seen + 1), list: null, expiresAt: null, ...rest }, result: seen };
  });
}

const take = (store: Store): Promise<string | undefined> =>
  store.changeEntry('a', (current) => ({ next: null, result: current?.body }));
const bodyOf = async (store: Store): Promise<string | undefined> => (await store.readEntry('a'))?.body;

/** The next write of `mine` is sent twice; `between` comes before the second time. */
function loseOne(what: 'answer' | 'request', between: () => Promise<unknown>): { readonly wasLost: () => boolean } {
  let isLost = false;
  mine.connection.client.middlewareStack.add(
    (next, context) => async (args) => {
      if (isLost || context.commandName !== 'PutItemCommand') return next(args);
      isLost = true;
      if (what === 'answer') await next(args);
      await between();
      throw Object.assign(new Error('lost'), { name: 'TimeoutError' });
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  return { wasLost: () => isLost };
}

async function items(): Promise<readonly Record<string, unknown>[]> {
  const scan = new ScanCommand({ TableName: mine.connection.nameOf('records') });
  return (await mine.connection.client.send(scan)).Items ?? [];
}

const key = { conversation_id: '#entry-a' };

describe('a request that the SDK sends again', () => {
  test('because its answer was lost has changed the entry once', async () => {
    await count(other);
    const { wasLost } = loseOne('answer', async () => undefined);
    expect([await count(mine), await bodyOf(mine), wasLost()]).toEqual([1, '2', true]);
  });

  test('because it was lost itself has changed the entry once', async () => {
    const { wasLost } = loseOne('request', async () => undefined);
    expect([await count(mine), await bodyOf(mine), wasLost()]).toEqual([0, '1', true]);
  });

  test('is known though another went on from what it had done', async () => {
    await count(other);
    loseOne('answer', async () => {
      expect(await count(other)).toBe(2);
      expect(await count(other)).toBe(3);
    });
    expect([await count(mine), await bodyOf(mine)]).toEqual([1, '4']);
  });

  test('and that another forestalled is made anew from what that one left', async () => {
    await count(other);
    loseOne('request', () => count(other));
    expect([await count(mine), await bodyOf(mine)]).toEqual([2, '3']);
  });

  test('does not bring back what another deleted meanwhile', async () => {
    loseOne('answer', async () => expect(await take(other)).toBe('1'));
    expect([await count(mine), await bodyOf(mine)]).toEqual([0, undefined]);
  });

  test('does not bring back what expired and was swept meanwhile', async () => {
    loseOne('answer', async () => {
      now += 1_000;
      await other.sweepEntries();
    });
    expect(await count(mine, { expiresAt: start + 1_000 })).toBe(0);
    expect(await bodyOf(mine)).toBeUndefined();
  });

  test('and deletes has what was there, also when another made it anew meanwhile', async () => {
    await count(other);
    loseOne('answer', () => count(other));
    expect([await take(mine), await bodyOf(mine)]).toEqual(['1', '1']);
  });

  test('and deletes does not have what another had deleted before', async () => {
    await count(other);
    loseOne('request', () => take(other));
    expect([await take(mine), await bodyOf(mine)]).toEqual([undefined, undefined]);
  });

  test('is unavailable rather than guessed at when too many came after it', async () => {
    await count(other);
    loseOne('answer', async () => {
      for (let time = 0; time < 60; time++) await count(other);
    });
    await expect(count(mine)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await bodyOf(mine)).toBe('62');
  });
});

describe('the item of an entry', () => {
  test("has a time for DynamoDB's own sweeper when it expires or was deleted, and none else", async () => {
    await count(mine);
    expect((await items())[0]).not.toHaveProperty('ttl');
    await count(mine, { expiresAt: start + hourMs });
    expect(Number((await items())[0]?.['ttl']) * 1000).toBeGreaterThanOrEqual(start + hourMs);
    await take(mine);
    const [marker] = await items();
    expect(Number(marker?.['ttl']) * 1000).toBeGreaterThanOrEqual(start);
    expect(marker).not.toHaveProperty('body');
  });

  test('is gone after a sweep, that of a deleted one too', async () => {
    await count(mine);
    await take(mine);
    now += hourMs;
    expect(await mine.sweepEntries()).toBe(0);
    expect(await items()).toEqual([]);
  });

  test('that DynamoDB deleted is absent, and comes back', async () => {
    await count(mine, { expiresAt: start + 1, list: 'open' });
    await mine.connection.client.send(new DeleteCommand({ TableName: mine.connection.nameOf('records'), Key: key }));
    expect([await bodyOf(mine), await mine.entriesIn('open', 5), await count(mine)]).toEqual([undefined, [], 0]);
  });

  test('that cannot be read is corrupt and says which, it is not absent', async () => {
    await count(mine);
    const update = { UpdateExpression: 'SET body = :value', ExpressionAttributeValues: { ':value': 7 } };
    await mine.connection.client.send(
      new UpdateCommand({ TableName: mine.connection.nameOf('records'), Key: key, ...update }),
    );
    const corrupt = { code: 'internal', message: expect.stringContaining('entry a is corrupt') };
    await expect(mine.readEntry('a')).rejects.toMatchObject(corrupt);
    await expect(count(mine)).rejects.toMatchObject(corrupt);
  });
});
