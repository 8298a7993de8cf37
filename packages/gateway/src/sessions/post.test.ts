import { expect, test, vi } from 'vitest';
import type { ConversationId, MessageId, ProjectId, UserId } from '@holdfast/protocol';
import { readLogPage } from '../conversations/log-page.ts';
import { MemoryConversationStore } from '../conversations/store.memory.ts';
import type { Logger } from '../lib/logger.ts';
import { Sessions } from './sessions.ts';

const ignore = (): void => undefined;
const log: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => log };
const [id, ada] = ['c1' as ConversationId, 'ada' as UserId];
const post = { type: 'checks', runId: 'r', check: 'lint', state: 'running' } as const;
const of = (message: string): MessageId => message as MessageId;

async function scene(store = new MemoryConversationStore({ ttlMs: null })) {
  const attach = vi.fn<() => Promise<void>>(() => new Promise(() => undefined));
  const sessions = new Sessions({ store, workplaceOf: () => ({ host: { attach }, cwd: '/', env: {} }), log });
  await store.create({
    ...{ conversationId: id, userId: ada, projectId: 'shop' as ProjectId, agent: 'demo', epoch: 'e', at: 1 },
  });
  const messages = async (): Promise<unknown[]> => {
    const { texts } = await readLogPage(store, id, { after: 0, limit: 100 });
    return texts.map((text) => JSON.parse(text) as unknown);
  };
  return { store, sessions, attach, messages };
}

test('a message of the gateway is in the log once for each id, and no runner is started for it', async () => {
  const { sessions, attach, messages, store } = await scene();
  expect(await sessions.post(id, ada, of('checks:r:lint:running'), post)).toBe(true);
  expect(await sessions.post(id, ada, of('checks:r:lint:running'), post)).toBe(true);
  await Promise.all(['2', '2', '3'].map((one) => sessions.post(id, ada, of(one), { ...post, check: 'test' })));
  expect(await messages()).toEqual([
    { seq: 1, at: expect.any(String), agent: 'demo', ...post },
    { seq: 2, at: expect.any(String), agent: 'demo', ...post, check: 'test' },
    { seq: 3, at: expect.any(String), agent: 'demo', ...post, check: 'test' },
  ]);
  expect(await store.openCommands(id)).toEqual([]);
  expect(attach).not.toHaveBeenCalled();
  await sessions.stop();
});

test('one that was stored and not written is written by the next session, and not again when it is posted again', async () => {
  const { sessions, messages, store } = await scene();
  await store.addCommand(id, { id: of('p1'), userId: ada, message: { type: 'post', id: of('p1'), post } });
  await sessions.post(id, ada, of('p2'), { ...post, check: 'build' });
  await sessions.post(id, ada, of('p1'), post);
  expect(await messages()).toMatchObject([{ check: 'lint' }, { check: 'build' }]);
  await sessions.stop();
});

test('where there is no conversation nothing is said', async () => {
  const { sessions } = await scene();
  expect(await sessions.post('gone' as ConversationId, ada, of('p1'), post)).toBe(false);
  await sessions.stop();
});
