import { describe, expect, test } from 'vitest';
import type { ConversationInput } from './conversation-record.ts';
import { conversation, errorOf, scene, someNoon } from './testing/scene.ts';

describe('listing conversations', () => {
  test('shows summaries, newest activity first, 200 unless more are asked for, in pages of the store', async () => {
    const { adapter } = scene();
    for (let index = 0; index < 2_345; index += 1) {
      const number = String(index).padStart(4, '0');
      await adapter.saveConversation(conversation({ conversationId: `c${number}`, lastActivityAt: someNoon + index }));
    }
    const newest = await adapter.listConversations();
    expect(newest).toHaveLength(200);
    expect(newest[0]?.conversationId).toBe('c2344');
    const ids = (await adapter.listConversations({}, Infinity)).map(({ conversationId }) => conversationId);
    expect(ids).toEqual([...ids].sort().reverse());
    expect(new Set(ids).size).toBe(2_345);
    expect(await adapter.listConversations({}, 1_001)).toHaveLength(1_001);
    let count = 0;
    for await (const { conversationId } of adapter.iterateConversations({ since: someNoon + 1_000 })) {
      expect(conversationId).toBe(ids[count]);
      count += 1;
    }
    expect(count).toBe(1_345);
  });

  test('filters by each condition and by all together', async () => {
    const { adapter } = scene();
    const save = (conversationId: string, fields: Partial<ConversationInput>) =>
      adapter.saveConversation(conversation({ conversationId, ...fields }));
    await save('a', { userId: 'ada', status: 'waiting', taskId: 't1', lastActivityAt: someNoon - 30 });
    await save('b', { userId: 'ada', status: 'draft-preview', projectId: 'shop', lastActivityAt: someNoon - 20 });
    await save('c', { userId: 'grace', status: 'completed', taskId: 't1', lastActivityAt: someNoon - 10 });
    const ids = async (filters: Parameters<typeof adapter.listConversations>[0]) =>
      (await adapter.listConversations(filters)).map(({ conversationId }) => conversationId).join('');
    expect(await ids({})).toBe('cba');
    expect(await ids({ status: 'waiting' })).toBe('a');
    expect(await ids({ status: ['waiting', 'completed'] })).toBe('ca');
    expect(await ids({ status: [] })).toBe('');
    expect(await ids({ userId: 'ada' })).toBe('ba');
    expect(await ids({ projectId: 'shop' })).toBe('b');
    expect(await ids({ taskId: 't1' })).toBe('ca');
    expect(await ids({ since: new Date(someNoon - 20) })).toBe('cb');
    expect(await ids({ userId: 'ada', taskId: 't1', status: 'waiting', projectId: 'default', since: 0 })).toBe('a');
    expect(await ids({ userId: undefined, status: undefined })).toBe('cba');
  });

  test('a row says what a list shows and nothing of the task document', async () => {
    const { adapter } = scene();
    await adapter.saveConversation(
      conversation({
        taskId: 't',
        taskDetails: { name: 'Theme', type: 'feature' },
        previewMessage: 'Look',
        checkResults: { allPassed: true },
        draftPrPayload: {},
        artifactsUrls: { log: 'https://a/log' },
      }),
    );
    expect(await adapter.listConversations()).toEqual([
      {
        conversationId: 'conv-1',
        userId: 'ada',
        projectId: 'default',
        taskId: 't',
        taskName: 'Theme',
        taskType: 'feature',
        assignedAgent: 'claude',
        status: 'completed',
        title: '',
        previewReady: true,
        checksStatus: 'passed',
        draftPrPayloadExists: true,
        artifactsUrls: ['https://a/log'],
        createdAt: '2025-11-03T12:00:00.000Z',
        lastActivityAt: '2025-11-03T12:00:00.000Z',
        version: 1,
      },
    ]);
  });

  test('refuses wrong filters, all at once, and a misspelt one rather than list everybody’s', async () => {
    const { adapter } = scene();
    const wrong = { user: 'ada', status: ['done'], since: 'soon', projectId: 'A' } as object;
    const error = await errorOf(adapter.listConversations(wrong));
    expect(error.code).toBe('bad_message');
    expect(error.message.split('\n')).toHaveLength(5);
    for (const maxResults of [0, -1, 1.5, Number.NaN, '5' as unknown as number]) {
      expect((await errorOf(adapter.listConversations({}, maxResults))).code).toBe('bad_message');
    }
  });
});
