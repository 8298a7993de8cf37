import { describe, expect, test } from 'vitest';
import {
  HoldfastError,
  newId,
  type ConversationId,
  type MessageId,
  type ProjectId,
  type UserId,
} from '@holdfast/protocol';
import { MemoryConversationStore } from '../conversations/store.memory.ts';
import type { ConversationInput } from './conversation-record.ts';
import { MemoryPersistenceAdapter } from './memory-adapter.ts';
import { StoreAdapter } from './store-adapter.ts';
import { conversation, day, errorOf, scene, someNoon } from './testing/scene.ts';

describe('saving a conversation', () => {
  test('resolves with what stands there, defaults filled in, and reads back the same', async () => {
    const { adapter } = scene();
    const saved = await adapter.saveConversation(conversation());
    expect(saved).toEqual({
      conversationId: 'conv-1',
      userId: 'ada',
      projectId: 'default',
      agent: 'claude',
      taskId: null,
      status: 'completed',
      createdAt: '2025-11-03T12:00:00.000Z',
      lastActivityAt: '2025-11-03T12:00:00.000Z',
      version: 1,
      title: '',
    });
    expect(await adapter.getConversation('conv-1')).toEqual(saved);
  });

  test('keeps the fields of the task flow and fields nobody knows exactly', async () => {
    const { adapter } = scene();
    const fields = {
      taskId: 'theme-preference-api',
      title: 'Theme ☂ \u{1f3d4}',
      taskDetails: { name: 'Theme', nested: [[], {}, null, true, 1e21, 5e-324, -7] },
      proposedChanges: [{ file: 'a.ts', diff: '\u0000\ud800 é é' }],
      confirmed: false,
      empty: '',
      ['__proto__']: { toJSON: 'text' },
      constructor: 'a field',
    };
    const saved = await adapter.saveConversation(conversation(fields));
    expect(saved).toMatchObject({ ...fields, ['__proto__']: expect.anything() });
    const read = await adapter.getConversation('conv-1');
    expect(JSON.stringify(read)).toBe(JSON.stringify(saved));
    expect(Object.hasOwn(read ?? {}, '__proto__')).toBe(true);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });

  test('keeps fields that are called like the store’s own inner ones', async () => {
    const { adapter } = scene();
    const fields = { epoch: 'e', lastSeq: 9, session: { turn: 1 }, runnerOffset: -1, task: 't', fields: [], at: 0 };
    await adapter.saveConversation(conversation(fields));
    expect(await adapter.getConversation('conv-1')).toMatchObject(fields);
  });

  test('shares nothing with what the caller goes on changing', async () => {
    const { adapter } = scene();
    const taskDetails = { steps: ['one'] };
    const saved = await adapter.saveConversation(conversation({ taskDetails }));
    taskDetails.steps.push('two');
    expect(saved['taskDetails']).toEqual({ steps: ['one'] });
    expect((await adapter.getConversation('conv-1'))?.['taskDetails']).toEqual({ steps: ['one'] });
  });

  test.each([
    ['a Date', new Date('2025-11-03T10:00:00.123Z'), '2025-11-03T10:00:00.123Z'],
    ['epoch milliseconds', Date.parse('2025-11-03T10:00:00.123Z'), '2025-11-03T10:00:00.123Z'],
    ['ISO 8601 with Z', '2025-11-03T10:00:00Z', '2025-11-03T10:00:00.000Z'],
    ['Python’s isoformat with a zone', '2025-11-03T12:30:00.123456+02:30', '2025-11-03T10:00:00.123Z'],
    ['Python’s isoformat without a zone', '2025-11-03T10:00:00.999999', '2025-11-03T10:00:00.999Z'],
    ['Python’s str()', '2025-11-03 10:00:00', '2025-11-03T10:00:00.000Z'],
    ['a day', '2025-11-03', '2025-11-03T00:00:00.000Z'],
  ])('takes a time as %s', async (_what, time, expected) => {
    const { adapter } = scene();
    const saved = await adapter.saveConversation(conversation({ createdAt: time, lastActivityAt: time }));
    expect(saved).toMatchObject({ createdAt: expected, lastActivityAt: expected });
  });

  test('without a version, an id that is there already is a conflict and nothing changes', async () => {
    const { adapter } = scene();
    const first = await adapter.saveConversation(conversation({ note: 1 }));
    const error = await errorOf(adapter.saveConversation(conversation({ note: 2 })));
    expect(error.code).toBe('conflict');
    expect(error.message).toMatch(/version 1.*read it/);
    expect((await errorOf(adapter.saveConversation(conversation({ version: 0 })))).code).toBe('conflict');
    expect(await adapter.getConversation('conv-1')).toEqual(first);
  });

  test('with the version that was read replaces it as a whole, with an older one is a conflict that names the current', async () => {
    const { adapter, clock } = scene();
    const first = await adapter.saveConversation(conversation({ previewMessage: 'look', title: 'One' }));
    clock.now += 5;
    const { previewMessage: _gone, lastActivityAt: _now, ...rest } = first;
    const second = await adapter.saveConversation({ ...rest, status: 'waiting', confirmed: true });
    expect(second).toEqual({
      ...rest,
      status: 'waiting',
      confirmed: true,
      version: 2,
      lastActivityAt: '2025-11-03T12:00:00.005Z',
    });
    expect(await adapter.getConversation('conv-1')).toEqual(second);

    const error = await errorOf(adapter.saveConversation({ ...first, status: 'interrupted' }));
    expect(error.code).toBe('conflict');
    expect(error.message).toMatch(/is in version 2, not 1.*read it again/);
    expect(await adapter.getConversation('conv-1')).toEqual(second);
  });

  test('a deleted one is not brought back, by no way', async () => {
    const { adapter } = scene();
    const saved = await adapter.saveConversation(conversation());
    expect(await adapter.deleteConversation('conv-1')).toBe(true);
    for (const late of [adapter.saveConversation(conversation()), adapter.saveConversation(saved)]) {
      const error = await errorOf(late);
      expect(error).toMatchObject({ code: 'conflict', message: expect.stringContaining('was deleted') });
    }
    const overwritten = await errorOf(adapter.saveConversation(saved, { overwrite: true }));
    expect(overwritten).toMatchObject({ code: 'conflict', message: expect.stringContaining('was deleted') });
    expect(await adapter.getConversation('conv-1')).toBeUndefined();
  });

  test('with a version that is nowhere says that it is not there', async () => {
    const { adapter } = scene();
    expect((await errorOf(adapter.saveConversation(conversation({ version: 3 })))).code).toBe('not_found');
  });

  test('with overwrite makes it, replaces it whatever its version, and loses no save of many at once', async () => {
    const { adapter } = scene();
    expect(await adapter.saveConversation(conversation({ note: 0 }), { overwrite: true })).toMatchObject({
      version: 1,
    });
    const saves = Array.from({ length: 30 }, (_, note) =>
      adapter.saveConversation(conversation({ note, version: 99 }), { overwrite: true }),
    );
    const versions = (await Promise.all(saves)).map(({ version }) => version);
    expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => index + 2));
  });

  test('does not give it to somebody else', async () => {
    const { adapter } = scene();
    const saved = await adapter.saveConversation(conversation());
    const moved = { ...saved, userId: 'eve', projectId: 'shop', agent: 'codex' };
    for (const options of [{}, { overwrite: true }]) {
      const error = await errorOf(adapter.saveConversation(moved, options));
      expect(error.code).toBe('bad_message');
      expect(error.message).toMatch(/userId is "ada".*\n.*projectId is "default".*\n.*agent is "claude"/);
    }
    expect(await adapter.saveConversation(conversation({ version: 1 }))).toMatchObject({ version: 2 });
  });

  test('names every fault at once and stores nothing', async () => {
    const { adapter, store } = scene();
    const loop: Record<string, unknown> = {};
    loop['self'] = { loop };
    const input = {
      conversationId: 'no/slash',
      userId: '',
      projectId: 'No',
      agent: '',
      taskId: 7,
      status: 'done',
      version: -1,
      title: '\ud800',
      createdAt: new Date('never'),
      lastActivityAt: '2025-02-30T00:00:00Z',
      call: () => 1,
      deep: { list: [1, Number.NaN, 2n, undefined] },
      when: new Date(0),
      many: new Map(),
      symbol: Symbol('s'),
      loop,
    } as unknown as ConversationInput;
    const error = await errorOf(adapter.saveConversation(input));
    expect(error.code).toBe('bad_message');
    const faults = error.message.split('\n').slice(1);
    const named = new Set(faults.map((line) => line.trim().split(' ')[0]));
    expect(named).toEqual(
      new Set([
        ...['agent', 'call', 'conversationId', 'createdAt', 'deep.list[1]', 'deep.list[2]', 'deep.list[3]'],
        ...['lastActivityAt', 'loop.self.loop', 'many', 'projectId', 'status', 'symbol', 'taskId', 'title', 'userId'],
        ...['version', 'when'],
      ]),
    );
    expect((await store.list({ limit: 10 })).conversations).toEqual([]);
    for (const nothing of [undefined, null, 'text', []]) {
      const refused = await errorOf(adapter.saveConversation(nothing as unknown as ConversationInput));
      expect(refused.code).toBe('bad_message');
    }
  });

  test('refuses what would be expired at once', async () => {
    const { adapter } = scene();
    const lastActivityAt = someNoon - 7 * day;
    const error = await errorOf(adapter.saveConversation(conversation({ lastActivityAt })));
    expect(error).toMatchObject({ code: 'bad_message', message: expect.stringContaining('168 hours') });
    const kept = scene({ ttlHours: null });
    await kept.adapter.saveConversation(conversation({ lastActivityAt: 0 }));
    expect(await kept.adapter.getConversation('conv-1')).toMatchObject({ lastActivityAt: '1970-01-01T00:00:00.000Z' });
  });
});

describe('the end of a conversation', () => {
  test('deleting says whether there was one; an id of another form is a mistake', async () => {
    const { adapter } = scene();
    await adapter.saveConversation(conversation());
    expect(await adapter.deleteConversation('conv-1')).toBe(true);
    expect(await adapter.deleteConversation('conv-1')).toBe(false);
    expect(await adapter.getConversation('never')).toBeUndefined();
    expect((await errorOf(adapter.getConversation('../x'))).code).toBe('bad_message');
    expect((await errorOf(adapter.deleteConversation(undefined as unknown as string))).code).toBe('bad_message');
  });

  test('one that an agent works in is deleted only by force', async () => {
    const { adapter, store } = scene();
    const conversationId = 'busy' as ConversationId;
    const owner = { userId: 'ada' as UserId, projectId: 'shop' as ProjectId, agent: 'demo' };
    await store.create({ conversationId, ...owner, epoch: newId(), at: someNoon });
    const message = { type: 'prompt', id: newId<MessageId>(), prompt: 'go' } as const;
    await store.addCommand(conversationId, { id: message.id, userId: owner.userId, message });
    expect(await errorOf(adapter.deleteConversation('busy'))).toMatchObject({ code: 'conflict' });
    expect(await adapter.deleteConversation('busy', { force: true })).toBe(true);
  });

  test('cleanup deletes what is as old as it says, a week when it says nothing, and tells how many', async () => {
    const { adapter, clock } = scene({ ttlHours: null });
    await adapter.saveConversation(conversation({ conversationId: 'old' }));
    clock.now += 7 * day - 1;
    await adapter.saveConversation(conversation({ conversationId: 'new' }));
    expect(await adapter.cleanupExpired()).toBe(0);
    clock.now += 1;
    expect(await adapter.cleanupExpired()).toBe(1);
    expect(await adapter.cleanupExpired(0.5)).toBe(0);
    expect(await adapter.cleanupExpired(0)).toBe(1);
    for (const hours of [-1, Number.NaN, Infinity, '168' as unknown as number, null as unknown as number]) {
      expect((await errorOf(adapter.cleanupExpired(hours))).code).toBe('bad_message');
    }
  });

  test('an expired one is not there', async () => {
    const { adapter, clock } = scene({ ttlHours: 1 });
    await adapter.saveConversation(conversation());
    clock.now += 3_600_000;
    expect(await adapter.getConversation('conv-1')).toBeUndefined();
    expect(await adapter.listConversations()).toEqual([]);
    expect(await adapter.saveConversation(conversation())).toMatchObject({ version: 1 });
  });
});

describe('an adapter', () => {
  test('is closed twice without harm, and then says so', async () => {
    const adapter = new MemoryPersistenceAdapter();
    await adapter.check();
    await adapter.close();
    await adapter.close();
    expect((await errorOf(adapter.getConversation('conv-1'))).code).toBe('unavailable');
    const unused = new MemoryPersistenceAdapter();
    await unused[Symbol.asyncDispose]();
    expect((await errorOf(unused.listConversations())).code).toBe('unavailable');
  });

  test('opens its store when it is needed, and again if that failed', async () => {
    let opened = 0;
    const adapter = new StoreAdapter(
      async () => {
        opened += 1;
        if (opened === 1) throw new HoldfastError('unavailable', 'Not yet.');
        return new MemoryConversationStore({ ttlMs: null });
      },
      { ttlMs: null },
    );
    expect(opened).toBe(0);
    expect((await errorOf(adapter.check())).message).toBe('Not yet.');
    await Promise.all([adapter.check(), adapter.check()]);
    expect(opened).toBe(2);
  });

  test.each([0, -1, Number.NaN, Infinity, '5' as unknown as number])('refuses %s hours to live', (ttlHours) => {
    expect(() => new MemoryPersistenceAdapter({ ttlHours })).toThrow(/ttlHours must be/);
  });
});
