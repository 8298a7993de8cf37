import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { conversationStatuses, parseConversationId, type Json } from '@holdfast/protocol';
import { readOriginal } from './original-conversation.ts';

const place = { projectId: 'imported', agent: 'claude' };
const original = (fields: Readonly<Record<string, Json>> = {}) => ({
  conversation_id: 'conv-1',
  user_id: 'ada',
  task_id: 'theme',
  status: 'completed',
  created_at: '2025-11-03T12:00:00.123456+00:00',
  last_activity_at: '2025-11-03T12:30:00',
  ...fields,
});

function read(fields: Readonly<Record<string, Json>> = {}) {
  const result = readOriginal(original(fields), place);
  if (result.kind === 'corrupt') throw new Error(result.why);
  return result;
}

describe('a conversation of the original', () => {
  test('keeps id, user, task, status and both times, to the millisecond', () => {
    expect(read()).toEqual({
      kind: 'read',
      conversation: {
        conversationId: 'conv-1',
        userId: 'ada',
        ...place,
        epoch: expect.stringMatching(/^[0-9a-f]{32}$/),
        createdAt: Date.parse('2025-11-03T12:00:00.123Z'),
        at: Date.parse('2025-11-03T12:30:00.000Z'),
        fields: { taskId: 'theme', title: '', status: 'completed', task: {} },
      },
    });
  });

  test('has the fields of the task flow under our names, and all others under their own, untouched', () => {
    const messages = [{ role: 'user', content: 'Hi', sent_at: null }];
    const { task, title } = read({
      task_details: { task_name: 'Theme', all_passed: 1 },
      proposed_changes: [{ new_content: 'x' }],
      migration_plan: null,
      preview_message: 'Look',
      confirmed: true,
      needs_clarification: false,
      clarification_questions: ['Why?'],
      context_files: [],
      draft_pr_payload: { base_branch: 'main' },
      artifacts_urls: { build_log: 'https://a' },
      check_results: {
        all_passed: false,
        lint: { passed: true, return_code: 0 },
        tests: { passed_count: 3 },
        other: [1],
      },
      title: 'Theme API',
      messages,
      retry_count: 2,
    }).conversation.fields;
    expect(title).toBe('Theme API');
    expect(task).toEqual({
      taskDetails: { task_name: 'Theme', all_passed: 1 },
      proposedChanges: [{ new_content: 'x' }],
      migrationPlan: null,
      previewMessage: 'Look',
      confirmed: true,
      needsClarification: false,
      clarificationQuestions: ['Why?'],
      contextFiles: [],
      draftPrPayload: { base_branch: 'main' },
      artifactsUrls: { build_log: 'https://a' },
      checkResults: { allPassed: false, lint: { passed: true, returnCode: 0 }, tests: { passedCount: 3 }, other: [1] },
      messages,
      retry_count: 2,
    });
  });

  test('loses no field whose name is taken here', () => {
    const { task } = read({
      version: 7,
      agent: 'backend',
      title: ['no text'],
      taskDetails: 'second',
      task_details: 'first',
      originalVersion: 'third',
      status: 'odd',
      originalStatus: 'fourth',
    }).conversation.fields;
    expect(task).toEqual({
      taskDetails: 'first',
      originalVersion: 7,
      originalAgent: 'backend',
      originalTitle: ['no text'],
      originalTaskDetails: 'second',
      originalVersion_: 'third',
      originalStatus: 'fourth',
      originalStatus_: 'odd',
    });
  });

  test.each([
    ['in_progress', 'in-progress'],
    ['Draft Preview', 'draft-preview'],
    ['needs_clarification', 'waiting'],
    ['awaiting_confirmation', 'waiting'],
    ['preview_ready', 'draft-preview'],
    ['done', 'completed'],
    ['checks_failed', 'interrupted'],
    ['cancelled', 'interrupted'],
    ['running', 'in-progress'],
    ['mystery', 'interrupted'],
    ['', 'interrupted'],
    [null, 'interrupted'],
    [3, 'interrupted'],
  ] as const)('of status %j is %s here, and the status is kept', (status, expected) => {
    const result = read({ status });
    expect(result.conversation.fields.status).toBe(expected);
    expect(result.conversation.fields.task['originalStatus']).toBe(status);
    expect(result.foreignStatus).toBe(typeof status === 'string' ? status : JSON.stringify(status));
  });

  test.each(conversationStatuses)('of status %s keeps it without a word', (status) => {
    const result = read({ status });
    expect(result.conversation.fields).toMatchObject({ status, task: {} });
    expect(result).not.toHaveProperty('foreignStatus');
  });

  test('of an id that is none here gets one that is always the same, and keeps its own', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), fc.string({ minLength: 1 }), (id, other) => {
        const { conversation, foreignId } = read({ conversation_id: id });
        const { conversationId, fields } = conversation;
        expect(parseConversationId(conversationId)).toBe(conversationId);
        expect(read({ conversation_id: id }).conversation.conversationId).toBe(conversationId);
        expect(read({ conversation_id: other }).conversation.conversationId === conversationId).toBe(id === other);
        expect(foreignId ?? conversationId).toBe(id);
        expect(fields.task['originalConversationId'] ?? conversationId).toBe(id);
      }),
    );
  });

  test.each([
    ['a zone', '2025-11-03T14:00:00.5+02:00', '2025-11-03T12:00:00.500Z'],
    ['a blank', '2025-11-03 12:00:00.000001', '2025-11-03T12:00:00.000Z'],
    ['seconds since 1970 in text', '1762171200.25', '2025-11-03T12:00:00.250Z'],
    ['seconds since 1970', 1_762_171_200.25, '2025-11-03T12:00:00.250Z'],
  ])('has its times from text with %s', (_what, time, expected) => {
    const { conversation } = read({ created_at: time, last_activity_at: time });
    expect(new Date(conversation.createdAt).toISOString()).toBe(expected);
    expect(conversation.at).toBe(conversation.createdAt);
  });

  test('has one time for the other when one is missing', () => {
    const at = Date.parse('2025-11-03T12:30:00Z');
    expect(read({ created_at: null }).conversation).toMatchObject({ createdAt: at, at });
    const { conversation } = read({ last_activity_at: null });
    expect(conversation.at).toBe(conversation.createdAt);
  });

  test.each([
    ['no id', { conversation_id: null }, /conversation_id/],
    ['an empty id', { conversation_id: '' }, /conversation_id/],
    ['no user', { user_id: null }, /userId/],
    ['a task that is no text', { task_id: ['x'] }, /taskId/],
    ['a time that is none', { created_at: 'yesterday' }, /created_at is no time: "yesterday"/],
    ['a day that there never was', { last_activity_at: '2025-02-30T00:00:00' }, /last_activity_at/],
    ['no time at all', { created_at: null, last_activity_at: null }, /created_at is no time: null/],
  ])('with %s is corrupt', (_what, fields, why) => {
    expect(readOriginal(original(fields as Record<string, Json>), place)).toMatchObject({
      kind: 'corrupt',
      why: expect.stringMatching(why),
    });
  });

  test('is read or corrupt, whatever it holds', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (fields) => {
        const result = readOriginal({ ...original(), ...(fields as Record<string, Json>) }, place);
        expect(['read', 'corrupt']).toContain(result.kind);
      }),
    );
  });
});
