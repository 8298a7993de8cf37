import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DynamoDBEngine } from '../../../../../test/support/dynamodb-engine.ts';
import { noDynamoDBLocal, startDynamoDBLocal } from '../../../../../test/support/dynamodb-local.ts';
import {
  abortOf,
  ada,
  batchOf,
  contentsOf,
  fieldsOf,
  messageId,
  one,
  shop,
  start,
} from '../contract/store-scene.contract.ts';
import { DynamoDBConversationStore } from '../store.dynamodb.ts';

const stores = 8;
const times = 50;

describe('several processes on the same tables', () => {
  let engine: DynamoDBEngine;
  let all: readonly DynamoDBConversationStore[];
  beforeEach(({ skip }) => skip(noDynamoDBLocal !== undefined, noDynamoDBLocal));
  beforeAll(async () => {
    if (noDynamoDBLocal === undefined) engine = await startDynamoDBLocal();
  });
  afterAll(() => engine?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    const address = await engine.createTables('races');
    all = Array.from(
      { length: stores },
      () => new DynamoDBConversationStore(address, { ttlMs: null, now: () => start }),
    );
    await all[0]?.create({ conversationId: one, userId: ada, projectId: shop, agent: 'demo', epoch: 'e', at: start });
    return async () => {
      await Promise.all(all.map((store) => store.close()));
    };
  });

  test(
    `${stores} that compare and set ${times} times each: none is lost, none is doubled`,
    { timeout: 180_000 },
    async () => {
      const count = async (store: DynamoDBConversationStore): Promise<void> => {
        for (let done = 0; done < times;) {
          const record = await store.read(one);
          if (record === undefined) throw new Error('it is gone');
          const task = { count: Number(record.task['count'] ?? 0) + 1 };
          const { kind } = await store.save(one, record.version, fieldsOf({ task }), start);
          if (kind === 'saved') done += 1;
        }
      };
      await Promise.all(all.map(count));
      expect(await all[0]?.read(one)).toMatchObject({ version: 1 + stores * times, task: { count: stores * times } });
    },
  );

  test(
    `${stores} that change one entry ${times} times each, all at once: none is lost, none is doubled`,
    { timeout: 180_000 },
    async () => {
      const count = (store: DynamoDBConversationStore): Promise<number> =>
        store.changeEntry('count', (current) => {
          const seen = Number(current?.body ?? 0);
          return { next: { body: String(seen + 1), list: null, expiresAt: null }, result: seen };
        });
      const changes = all.flatMap((store) => Array.from({ length: times }, () => count(store)));
      const seen = (await Promise.all(changes)).toSorted((a, b) => a - b);
      expect(seen).toEqual(Array.from({ length: stores * times }, (_, index) => index));
      expect((await all[0]?.readEntry('count'))?.body).toBe(String(stores * times));
    },
  );

  test('with one generation and one number in all of them one is written, and the log has no hole', async () => {
    const leases = await Promise.all(
      all.map((store) => store.acquire(one, { owner: 'same', now: start, until: start + 1 })),
    );
    const generations = new Set(leases.map((lease) => (lease.kind === 'acquired' ? lease.generation : lease.kind)));
    expect(generations.size).toBe(1);
    const [generation] = generations;
    for (let seq = 1; seq <= 20; seq++) {
      const results = await Promise.all(
        all.map((store, index) =>
          store.write({
            conversationId: one,
            generation: Number(generation),
            at: start,
            durable: index % 2 === 0,
            batch: batchOf(seq, `${seq} by ${index}`),
          }),
        ),
      );
      expect(results.filter((result) => result === 'written')).toHaveLength(1);
    }
    const texts = ((await all[1]?.readLog(one, 0, 1e9)) ?? []).flatMap(contentsOf);
    expect(texts.map((text) => Number.parseInt(text, 10))).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  test('commands that come through all while one streams and closes them: each is done once, none is left open', async () => {
    const [driver, ...others] = all;
    if (driver === undefined) throw new Error('there is no store');
    const lease = await driver.acquire(one, { owner: 'driver', now: start, until: start + 1_000 });
    if (lease.kind !== 'acquired') throw new Error(lease.kind);
    let seq = 1;
    const sending = { isUnderWay: true };
    const closed: string[] = [];
    const write = { conversationId: one, generation: lease.generation, at: start };
    const drive = async (): Promise<void> => {
      for (let open = true; open || sending.isUnderWay;) {
        const commands = (await driver.openCommands(one)).map(({ id }) => ({ id, state: 'done' as const }));
        open = commands.length > 0;
        const written = await driver.write({ ...write, batch: batchOf(seq++, 'x'), durable: false, commands });
        if (written !== 'written') throw new Error(written);
        closed.push(...commands.map(({ id }) => id));
      }
    };
    const send = async (store: DynamoDBConversationStore, index: number): Promise<void> => {
      for (let number = 0; number < 10; number++) {
        // Each is sent through two stores, as after a reconnect.
        const command = abortOf(`p${(index >> 1) * 100 + number}`);
        expect((await store.addCommand(one, command)).kind).not.toBe('missing');
      }
    };
    const sent = Promise.all(others.map(send)).finally(() => {
      sending.isUnderWay = false;
    });
    await Promise.all([drive(), sent]);
    expect(closed.toSorted()).toEqual([...new Set(closed)].toSorted());
    expect(closed).toHaveLength(40);
    expect(await driver.unfinished(10)).toEqual([]);
    expect(await driver.addCommand(one, abortOf('p0'))).toEqual({
      kind: 'known',
      command: { ...abortOf('p0'), id: messageId('p0'), state: 'done' },
    });
    expect((await driver.readLog(one, 0, 1e9)).at(-1)?.lastSeq).toBe(seq - 1);
  });
});
