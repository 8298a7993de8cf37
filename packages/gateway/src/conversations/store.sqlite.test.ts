import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { ConversationId, ProjectId, UserId } from '@holdfast/protocol';
import { describeStore } from './store.contract.ts';
import { SQLiteConversationStore } from './store.sqlite.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const freshPath = (): string => join(folder, `db-${count++}`, 'holdfast.db');

describeStore('SQLite', { open: async (options) => new SQLiteConversationStore(freshPath(), options) });

describe('the SQLite file', () => {
  const fresh = {
    conversationId: 'c1' as ConversationId,
    userId: 'ada' as UserId,
    projectId: 'shop' as ProjectId,
    agent: 'demo',
    epoch: 'e',
    at: 1,
  };

  test('is made with its folder and belongs to its user alone', async () => {
    const path = freshPath();
    const store = new SQLiteConversationStore(path, { ttlMs: null });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await store.close();
  });

  test('has everything again when it is opened again', async () => {
    const path = freshPath();
    const first = new SQLiteConversationStore(path, { ttlMs: null });
    await first.create(fresh);
    await first.close();
    const second = new SQLiteConversationStore(path, { ttlMs: null });
    expect(await second.get(fresh.conversationId)).toMatchObject({ userId: 'ada' });
    await second.close();
  });

  test('is seen alike by two who have it open', async () => {
    const path = freshPath();
    const [first, second] = [
      new SQLiteConversationStore(path, { ttlMs: null }),
      new SQLiteConversationStore(path, { ttlMs: null }),
    ];
    await first.create(fresh);
    expect(await second.get(fresh.conversationId)).toBeDefined();
    const leases = await Promise.all([
      first.acquire(fresh.conversationId, { owner: 'a', now: 1, until: 100 }),
      second.acquire(fresh.conversationId, { owner: 'b', now: 1, until: 100 }),
    ]);
    expect(leases.map(({ kind }) => kind).toSorted()).toEqual(['acquired', 'held']);
    await Promise.all([first.close(), second.close()]);
  });

  test(
    'does not grow with checks and leases alone, however long nobody says anything',
    { timeout: 20_000 },
    async () => {
      const path = freshPath();
      const store = new SQLiteConversationStore(path, { ttlMs: null });
      await store.create(fresh);
      const growth = async (): Promise<number> => {
        const before = statSync(`${path}-wal`).size;
        for (let time = 0; time < 20; time++) await store.check();
        return statSync(`${path}-wal`).size - before;
      };
      expect(await growth()).toBeGreaterThan(0);
      // Once the log was brought into the file its room is used again.
      await expect.poll(growth, { interval: 700, timeout: 15_000 }).toBe(0);
      await store.close();
    },
  );

  test('that is a symbolic link is refused', () => {
    const link = join(folder, 'link.db');
    symlinkSync(join(folder, 'elsewhere.db'), link);
    expect(() => new SQLiteConversationStore(link, { ttlMs: null })).toThrow(/symbolic link/);
  });

  test('that is no database is refused with its name', () => {
    const path = join(folder, 'text.db');
    writeFileSync(
      path,
      'this is not a database, and it is longer than a header of one hundred bytes would have to be ....',
    );
    expect(() => new SQLiteConversationStore(path, { ttlMs: null })).toThrow(new RegExp(path));
  });
});
