import type { ProjectId, UserId } from '@holdfast/protocol';
import { SQLiteConversationStore } from '../../packages/gateway/src/conversations/store.sqlite.ts';
import { documentOf, idOf, statuses, type StoreContender } from './contender.ts';

export function holdfastSqlite(path: string): StoreContender {
  const store = new SQLiteConversationStore(path, { ttlMs: null });
  const fields = (index: number) => ({
    taskId: `task-${index}`,
    title: `Conversation ${index}`,
    status: statuses[index % statuses.length] as (typeof statuses)[number],
    task: documentOf(index),
  });
  return {
    name: 'Holdfast, SQLite',
    inFlight: 64,
    create: async (at, index) => {
      const userId = `user-${index % 50}` as UserId;
      const projectId = `project-${index % 20}` as ProjectId;
      const fresh = { conversationId: idOf(index), userId, projectId, agent: 'claude', epoch: 'e', at };
      await store.create({ ...fresh, fields: fields(index) });
    },
    save: async (index) => {
      const record = await store.read(idOf(index));
      if (record === undefined) throw new Error(`${idOf(index)} is gone`);
      const saved = await store.save(record.conversationId, record.version, record, Date.now());
      if (saved.kind === 'missing' || saved.kind === 'deleted') throw new Error(`${idOf(index)} is ${saved.kind}`);
    },
    get: async (index) => (await store.read(idOf(index))) !== undefined,
    list: async () => (await store.list({ statuses: ['waiting'], limit: 200 })).conversations.length,
    cleanup: (before) => store.cleanup({ before }),
    close: () => store.close(),
  };
}
