import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ConversationId, MessageId, ProjectId, UserId } from '@holdfast/protocol';
import { newSessionState, type Conversation } from './conversation.ts';
import { LogBatchWriter, textsOf, type LogBatch } from './log-batch.ts';
import type { ConversationStore, LogWrite, StoreOptions } from './store.ts';

const ada = 'ada' as UserId;
const shop = 'shop' as ProjectId;
const one = 'c1' as ConversationId;

/** An engine as the contract needs it. What it cannot do is left out; the cases that need it then are not there. */
export type StoreEngine = {
  /** A store on fresh, empty data. */
  readonly open: (options: StoreOptions) => Promise<ConversationStore>;
  /** One more on the same data, as another process would open it. */
  readonly openAgain?: (store: ConversationStore, options: StoreOptions) => Promise<ConversationStore>;
  /** Damages what is stored of a conversation, below the store: its session state, task document, or newest log bytes. */
  readonly damage?: (store: ConversationStore, id: ConversationId, part: 'session' | 'task' | 'log') => Promise<void>;
  /** The engine stops answering; the result brings it back. */
  readonly takeAway?: (store: ConversationStore) => Promise<() => Promise<void>>;
};

/** What every store promises. */
export function describeStore(name: string, engine: StoreEngine): void {
  describe(`${name} store`, () => {
    let store: ConversationStore;

    beforeEach(async () => {
      store = await engine.open({ ttlMs: 168 * 3_600_000, now: () => 10_000 });
    });
    afterEach(async () => {
      await store.close();
    });

    async function create(id: ConversationId = one, at = 1_000): Promise<Conversation> {
      const fresh = { conversationId: id, userId: ada, projectId: shop, agent: 'demo', epoch: 'e1', at };
      const created = await store.create(fresh);
      if (created.kind !== 'created') throw new Error(`it was ${created.kind}`);
      return created.conversation;
    }

    async function lease(id: ConversationId = one, owner = 'gateway-1', now = 1_000): Promise<number> {
      const result = await store.acquire(id, { owner, now, until: now + 1_000 });
      if (result.kind !== 'acquired') throw new Error(`the lease was ${result.kind}`);
      return result.generation;
    }

    function write(generation: number, rest: Partial<LogWrite> = {}): Promise<'written' | 'fenced'> {
      return store.write({ conversationId: one, generation, at: 2_000, durable: true, ...rest });
    }

    test('gives a new conversation its defaults', async () => {
      expect(await create()).toMatchObject({
        conversationId: one,
        userId: ada,
        projectId: shop,
        agent: 'demo',
        epoch: 'e1',
        title: '',
        status: 'completed',
        createdAt: 1_000,
        lastActivityAt: 1_000,
        lastSeq: 0,
        runnerOffset: 0,
        session: newSessionState,
      });
    });

    test('creates an id once: the second time the first conversation is returned', async () => {
      await create();
      const again = await store.create({
        conversationId: one,
        userId: 'eve' as UserId,
        projectId: shop,
        agent: 'demo',
        epoch: 'e2',
        at: 5,
      });
      expect(again).toMatchObject({ kind: 'known', conversation: { userId: ada, epoch: 'e1' } });
    });

    test('answers undefined for a conversation that is not there', async () => {
      expect(await store.get('none' as ConversationId)).toBeUndefined();
    });

    test('finds the conversation with the newest activity of a user, project and agent', async () => {
      await create('old' as ConversationId, 1);
      await create('new' as ConversationId, 2);
      expect((await store.newest({ userId: ada, projectId: shop, agent: 'demo' }))?.conversationId).toBe('new');
      expect(await store.newest({ userId: ada, projectId: shop, agent: 'claude' })).toBeUndefined();
      expect(await store.newest({ userId: 'eve' as UserId, projectId: shop, agent: 'demo' })).toBeUndefined();
    });

    test('writes messages, offset, session, status and title together', async () => {
      await create();
      const generation = await lease();
      const session = { ...newSessionState, runnerEpoch: 'r1' };
      const batch = batchOf(1, 'a', 'b');
      const written = await write(generation, { batch, runnerOffset: 7, session, status: 'in-progress', title: 'T' });
      expect(written).toBe('written');
      expect(await store.get(one)).toMatchObject({
        lastSeq: 2,
        runnerOffset: 7,
        session,
        status: 'in-progress',
        title: 'T',
        lastActivityAt: 2_000,
      });
    });

    test('keeps what a write does not name', async () => {
      await create();
      const generation = await lease();
      await write(generation, { batch: batchOf(1, 'a'), runnerOffset: 7, status: 'waiting', title: 'T' });
      await write(generation, { batch: batchOf(2, 'b') });
      expect(await store.get(one)).toMatchObject({ lastSeq: 2, runnerOffset: 7, status: 'waiting', title: 'T' });
    });

    test('raises the version with every write', async () => {
      const { version } = await create();
      const generation = await lease();
      await write(generation, { title: 'a' });
      await write(generation, { title: 'b' });
      expect((await store.get(one))?.version).toBe(version + 2);
    });

    test.each([
      ['a number too high', 3],
      ['a number that is taken', 1],
      ['no number at all', 0],
    ])('refuses a batch that begins with %s, whole', async (_name, firstSeq) => {
      await create();
      const generation = await lease();
      await write(generation, { batch: batchOf(1, 'a') });
      expect(await write(generation, { batch: batchOf(firstSeq, 'x'), title: 'not this' })).toBe('fenced');
      expect(await store.get(one)).toMatchObject({ lastSeq: 1, title: '' });
      expect(await texts(0)).toEqual(['a']);
    });

    test('refuses an old generation', async () => {
      await create();
      const old = await lease(one, 'gateway-1', 1_000);
      const young = await lease(one, 'gateway-2', 3_000);
      expect(young).toBeGreaterThan(old);
      expect(await write(old, { batch: batchOf(1, 'old') })).toBe('fenced');
      expect(await write(young, { batch: batchOf(1, 'young') })).toBe('written');
      expect(await texts(0)).toEqual(['young']);
    });

    test('refuses a write to a conversation that is not there', async () => {
      const gone = { conversationId: 'none' as ConversationId, generation: 1, at: 1, durable: true };
      expect(await store.write(gone)).toBe('fenced');
    });

    test('many writes at once are done in the order of the calls', async () => {
      await create();
      const generation = await lease();
      const results = await Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          write(generation, { batch: batchOf(index + 1, `m${index}`), durable: index % 3 === 0 }),
        ),
      );
      expect(new Set(results)).toEqual(new Set(['written']));
      expect(await texts(0)).toEqual(Array.from({ length: 200 }, (_, index) => `m${index}`));
    });

    test('of two writers with one number one is refused', async () => {
      await create();
      const generation = await lease();
      const results = await Promise.all([
        write(generation, { batch: batchOf(1, 'a') }),
        write(generation, { batch: batchOf(1, 'b') }),
      ]);
      expect(results).toEqual(['written', 'fenced']);
      expect(await texts(0)).toEqual(['a']);
    });

    test('reads from the middle of a batch: the whole batch is given', async () => {
      await create();
      const generation = await lease();
      await write(generation, { batch: batchOf(1, 'a', 'b', 'c') });
      const [batch] = await store.readLog(one, 1, 1_000);
      expect(batch).toMatchObject({ firstSeq: 1, lastSeq: 3 });
    });

    test('reads nothing at the end, beyond it, and of a conversation that is not there', async () => {
      await create();
      await write(await lease(), { batch: batchOf(1, 'a') });
      expect(await store.readLog(one, 1, 1_000)).toEqual([]);
      expect(await store.readLog(one, 99, 1_000)).toEqual([]);
      expect(await store.readLog('none' as ConversationId, 0, 1_000)).toEqual([]);
    });

    test('reads in pages of about the size that was asked for, at least one batch', async () => {
      await create();
      const generation = await lease();
      for (let seq = 1; seq <= 10; seq++) await write(generation, { batch: batchOf(seq, 'x'.repeat(1_000)) });
      expect(await store.readLog(one, 0, 1)).toHaveLength(1);
      const page = await store.readLog(one, 3, 3_000);
      expect(page.length).toBeGreaterThan(1);
      expect(page.length).toBeLessThan(5);
      expect(page[0]?.firstSeq).toBe(4);
    });

    test('gives bytes back exactly: unicode, control characters, a large message', async () => {
      await create();
      const strange = ['käse 🧀 \u2028', '\u0000\u0001"\\', 'x'.repeat(300_000)];
      await write(await lease(), { batch: batchOf(1, ...strange) });
      expect(await texts(0)).toEqual(strange);
    });

    test('stores a command once and knows it again, also when it is done', async () => {
      await create();
      const command = { id: 'p1' as MessageId, userId: ada, message: { type: 'prompt' as const, prompt: 'hi' } };
      expect(await store.addCommand(one, command)).toEqual({ kind: 'added' });
      expect(await store.addCommand(one, { ...command, userId: 'eve' as UserId })).toEqual({
        kind: 'known',
        command: { ...command, state: 'new' },
      });
      await write(await lease(), { commands: [{ id: command.id, state: 'done' }] });
      expect(await store.addCommand(one, command)).toMatchObject({ kind: 'known', command: { state: 'done' } });
      expect(await store.openCommands(one)).toEqual([]);
    });

    test('the same command ten times at once is added once', async () => {
      await create();
      const command = { id: 'p1' as MessageId, userId: ada, message: { type: 'abort' as const } };
      const results = await Promise.all(Array.from({ length: 10 }, () => store.addCommand(one, command)));
      expect(results.filter((result) => result.kind === 'added')).toHaveLength(1);
      expect(await store.openCommands(one)).toHaveLength(1);
    });

    test('the same id in two conversations is two commands', async () => {
      await create();
      await create('c2' as ConversationId);
      const command = { id: 'p1' as MessageId, userId: ada, message: { type: 'abort' as const } };
      expect(await store.addCommand(one, command)).toEqual({ kind: 'added' });
      expect(await store.addCommand('c2' as ConversationId, command)).toEqual({ kind: 'added' });
    });

    test('a command for a conversation that is not there is missing', async () => {
      const command = { id: 'p1' as MessageId, userId: ada, message: { type: 'abort' as const } };
      expect(await store.addCommand('none' as ConversationId, command)).toEqual({ kind: 'missing' });
    });

    test('lists open commands in the order in which they came, with their progress', async () => {
      await create();
      for (const id of ['b', 'a', 'c'] as MessageId[]) {
        await store.addCommand(one, { id, userId: ada, message: { type: 'abort' } });
      }
      const commands = [
        { id: 'a' as MessageId, state: 'logged' as const },
        { id: 'c' as MessageId, state: 'done' as const },
      ];
      await write(await lease(), { commands });
      const left = await store.openCommands(one);
      expect(left.map(({ id, state }) => [id, state])).toEqual([
        ['b', 'new'],
        ['a', 'logged'],
      ]);
    });

    test('a refused write moves no command', async () => {
      await create();
      await store.addCommand(one, { id: 'a' as MessageId, userId: ada, message: { type: 'abort' } });
      await lease();
      expect(await write(0, { commands: [{ id: 'a' as MessageId, state: 'done' }] })).toBe('fenced');
      expect((await store.openCommands(one))[0]?.state).toBe('new');
    });

    test('a lease that is held is refused, and names its owner', async () => {
      await create();
      await lease(one, 'gateway-1', 1_000);
      const other = { owner: 'gateway-2', now: 1_500, until: 2_500 };
      expect(await store.acquire(one, other)).toEqual({ kind: 'held', owner: 'gateway-1', until: 2_000 });
    });

    test('its owner has it again with the same generation', async () => {
      await create();
      expect(await lease(one, 'gateway-1', 1_000)).toBe(await lease(one, 'gateway-1', 1_500));
    });

    test('a lease that ran out, was released, or whose owner is named dead, is given with a higher generation', async () => {
      await create();
      const first = await lease(one, 'a', 1_000);
      const second = await lease(one, 'b', 2_000);
      await store.release(one, 'b', second);
      const third = await lease(one, 'c', 2_100);
      const taken = await store.acquire(one, { owner: 'd', now: 2_200, until: 3_200, takeFrom: 'c' });
      if (taken.kind !== 'acquired') throw new Error(taken.kind);
      expect([first < second, second < third, third < taken.generation]).toEqual([true, true, true]);
    });

    test('a lease is not taken from somebody else than the one who was named dead', async () => {
      await create();
      await lease(one, 'a', 1_000);
      expect(await store.acquire(one, { owner: 'c', now: 1_100, until: 2_000, takeFrom: 'b' })).toMatchObject({
        kind: 'held',
      });
    });

    test('a lease can be asked for with a generation above one that was seen elsewhere', async () => {
      await create();
      const result = await store.acquire(one, { owner: 'a', now: 1, until: 2, minGeneration: 40 });
      expect(result).toMatchObject({ kind: 'acquired', generation: 40 });
    });

    test('renewing moves the end of all leases of an owner', async () => {
      await create();
      await lease(one, 'a', 1_000);
      await store.renew('a', 9_000);
      expect(await store.acquire(one, { owner: 'b', now: 5_000, until: 6_000 })).toMatchObject({
        kind: 'held',
        until: 9_000,
      });
    });

    test('a release with an old generation changes nothing', async () => {
      await create();
      const generation = await lease(one, 'a', 1_000);
      await store.release(one, 'a', generation - 1);
      expect(await store.acquire(one, { owner: 'b', now: 1_100, until: 2_000 })).toMatchObject({ kind: 'held' });
    });

    test('the lease of a conversation that is not there is missing', async () => {
      expect(await store.acquire('none' as ConversationId, { owner: 'a', now: 1, until: 2 })).toEqual({
        kind: 'missing',
      });
    });

    test('of 20 who want a lease at once one gets it', async () => {
      await create();
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) => store.acquire(one, { owner: `g${index}`, now: 1, until: 1_000 })),
      );
      expect(results.filter((result) => result.kind === 'acquired')).toHaveLength(1);
    });

    test('unfinished are those with a turn or an open command, and no others', async () => {
      for (const id of ['idle', 'asked', 'turn', 'done'] as ConversationId[]) await create(id);
      await store.addCommand('asked' as ConversationId, {
        id: 'a' as MessageId,
        userId: ada,
        message: { type: 'abort' },
      });
      await store.addCommand('done' as ConversationId, {
        id: 'a' as MessageId,
        userId: ada,
        message: { type: 'abort' },
      });
      const turn = { promptId: 'p' as MessageId, userId: ada, runnerEpoch: 'r' };
      for (const [id, rest] of [
        ['turn', { session: { ...newSessionState, turn } }],
        ['done', { commands: [{ id: 'a' as MessageId, state: 'done' as const }] }],
      ] as const) {
        const conversationId = id as ConversationId;
        await store.write({
          conversationId,
          generation: await lease(conversationId),
          at: 3_000,
          durable: true,
          ...rest,
        });
      }
      const unfinished = await store.unfinished(10);
      expect(unfinished.map(({ id }) => id).toSorted()).toEqual(['asked', 'turn']);
      expect(unfinished.find(({ id }) => id === 'turn')?.owner).toBe('gateway-1');
      expect(await store.unfinished(1)).toHaveLength(1);
    });

    test('heads tell newest numbers and new commands of those that are there', async () => {
      await create();
      await write(await lease(), { batch: batchOf(1, 'a', 'b') });
      expect([...(await store.heads([one, 'none' as ConversationId]))]).toEqual([
        [one, { lastSeq: 2, hasNewCommands: false }],
      ]);
      await store.addCommand(one, { id: 'a' as MessageId, userId: ada, message: { type: 'abort' } });
      expect((await store.heads([one])).get(one)?.hasNewCommands).toBe(true);
    });

    test('its own check passes', async () => {
      await expect(store.check()).resolves.toBeUndefined();
    });

    test('after close every verb rejects as unavailable, and close may come twice', async () => {
      await create();
      await store.close();
      await store.close();
      const unavailable = expect.objectContaining({ code: 'unavailable' });
      await expect(store.get(one)).rejects.toEqual(unavailable);
      await expect(write(1)).rejects.toEqual(unavailable);
      await expect(store.check()).rejects.toEqual(unavailable);
      await expect(store.readLog(one, 0, 1)).rejects.toEqual(unavailable);
    });

    async function texts(after: number): Promise<string[]> {
      const batches = await store.readLog(one, after, 10_000_000);
      return batches.flatMap(textsOf).map((text) => (JSON.parse(text) as { content: string }).content);
    }
  });
}

function batchOf(firstSeq: number, ...contents: string[]): LogBatch {
  const writer = new LogBatchWriter(firstSeq, 1_700_000_000_000);
  for (const content of contents) writer.addMessage({ type: 'notice', agent: 'demo', code: 'test', content });
  return writer.finish();
}
