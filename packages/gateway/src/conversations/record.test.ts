import type { ConversationId, Json, ProjectId, UserId } from '@holdfast/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newSessionState, type Conversation } from './conversation.ts';
import { digestOf, emptyDigest, summaryOf, taskFieldNames, type TaskDocument } from './record.ts';

describe('the digest of a task document', () => {
  test('of an empty one is the empty digest', () => {
    expect(digestOf({})).toEqual(emptyDigest);
  });

  test('takes over what a list shows, and nothing else', () => {
    const task: TaskDocument = {
      taskDetails: { name: 'Faster checkout', title: 'no', type: 'feature', text: 'long' },
      previewMessage: 'Look here',
      checkResults: { allPassed: true, lint: { success: true }, tests: { success: true }, build: { success: true } },
      draftPrPayload: { title: 'T' },
      artifactsUrls: ['https://a.example/1'],
      proposedChanges: [{ path: 'a' }],
    };
    expect(digestOf(task)).toEqual({
      taskName: 'Faster checkout',
      taskType: 'feature',
      previewReady: true,
      checksStatus: 'passed',
      draftPrPayloadExists: true,
      artifactsUrls: ['https://a.example/1'],
    });
  });

  test.each<[string, Json, string | null]>([
    ['name', { name: 'N', title: 'T' }, 'N'],
    ['title when there is no name', { title: 'T' }, 'T'],
    ['title when the name is empty', { name: '', title: 'T' }, 'T'],
    ['title when the name is no text', { name: 7, title: 'T' }, 'T'],
    ['nothing when both are empty', { name: '', title: '' }, null],
    ['nothing when the details are a text', 'N', null],
    ['nothing when the details are a list', [{ name: 'N' }], null],
    ['nothing when the details are null', null, null],
  ])('names a task by its %s', (_what, taskDetails, taskName) => {
    expect(digestOf({ taskDetails }).taskName).toBe(taskName);
  });

  test('cuts a long name with an ellipsis, never through an emoji', () => {
    expect(digestOf({ taskDetails: { name: 'x'.repeat(200) } }).taskName).toBe('x'.repeat(200));
    expect(digestOf({ taskDetails: { name: 'x'.repeat(201) } }).taskName).toBe(`${'x'.repeat(199)}…`);
    expect(digestOf({ taskDetails: { name: '🧀'.repeat(150) } }).taskName).toBe(`${'🧀'.repeat(99)}…`);
  });

  test.each<[string, Json, 'none' | 'passed' | 'failed']>([
    ['all passed', { allPassed: true, lint: { success: true } }, 'passed'],
    ['one failed', { allPassed: false, lint: { success: true } }, 'failed'],
    ['one simulated among the passed', { allPassed: true, build: { simulated: true } }, 'none'],
    ['one simulated among the failed', { allPassed: false, tests: { simulated: true } }, 'failed'],
    ['simulated false', { allPassed: true, lint: { simulated: false } }, 'passed'],
    ['a verdict that is no truth value', { allPassed: 'yes' }, 'none'],
    ['no verdict', {}, 'none'],
    ['null', null, 'none'],
    ['a text', 'passed', 'none'],
  ])('checks with %s are %s', (_what, checkResults, status) => {
    expect(digestOf({ checkResults }).checksStatus).toBe(status);
  });

  test.each<[string, TaskDocument, boolean]>([
    ['a text', { previewMessage: 'Look' }, true],
    ['an empty text', { previewMessage: '' }, false],
    ['null', { previewMessage: null }, false],
    ['no text', { previewMessage: { a: 1 } }, false],
    ['absent', {}, false],
  ])('a preview that is %s', (_what, task, isReady) => {
    expect(digestOf(task).previewReady).toBe(isReady);
  });

  test.each<[string, TaskDocument, boolean]>([
    ['an object', { draftPrPayload: {} }, true],
    ['null', { draftPrPayload: null }, false],
    ['absent', {}, false],
  ])('a draft that is %s', (_what, task, exists) => {
    expect(digestOf(task).draftPrPayloadExists).toBe(exists);
  });

  test.each<[string, Json, readonly string[]]>([
    ['a list', ['b', 'a'], ['b', 'a']],
    ['an object', { report: 'r', log: 'l' }, ['r', 'l']],
    ['a mixed list', ['a', 1, null, { url: 'b' }, 'c'], ['a', 'c']],
    ['a text', 'https://a.example', []],
    ['null', null, []],
  ])('takes links from %s', (_what, artifactsUrls, links) => {
    expect(digestOf({ artifactsUrls }).artifactsUrls).toEqual(links);
  });

  test('takes 20 links at most, and none that is too long to be one', () => {
    const many = Array.from({ length: 30 }, (_, index) => `https://a.example/${index}`);
    expect(digestOf({ artifactsUrls: ['x'.repeat(2_001), ...many] }).artifactsUrls).toEqual(many.slice(0, 20));
  });

  test('of any document is small, well-formed text that survives JSON', () => {
    const json = fc.jsonValue({ stringUnit: 'binary', maxDepth: 3 }) as fc.Arbitrary<Json>;
    const text = fc.string({ unit: fc.nat(0xff_ff).map((code) => String.fromCharCode(code)), maxLength: 400 });
    const details = fc.oneof(json, fc.record({ name: text, title: text, type: text }, { requiredKeys: [] }));
    const task = fc.record(
      {
        ...Object.fromEntries(taskFieldNames.map((name) => [name, json])),
        taskDetails: details,
        artifactsUrls: fc.oneof(json, fc.array(text)),
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<TaskDocument>;
    fc.assert(
      fc.property(task, (document) => {
        const digest = digestOf(document);
        const { taskName, taskType, artifactsUrls } = digest;
        for (const shown of [taskName, taskType, ...artifactsUrls]) expect(shown?.isWellFormed() ?? true).toBe(true);
        for (const shown of [taskName, taskType]) expect(shown?.length ?? 1).toBeLessThanOrEqual(200);
        expect(JSON.parse(JSON.stringify(digest))).toEqual(digest);
      }),
    );
  });
});

describe('a summary', () => {
  const conversation: Conversation = {
    conversationId: 'c1' as ConversationId,
    userId: 'ada' as UserId,
    projectId: 'shop' as ProjectId,
    agent: 'demo',
    taskId: 't1',
    title: 'My title',
    status: 'waiting',
    createdAt: 1,
    lastActivityAt: 2,
    version: 3,
    epoch: 'e1',
    lastSeq: 4,
    runnerOffset: 5,
    session: newSessionState,
  };

  test('shows the record without log and session, and the digest', () => {
    const { epoch: _e, lastSeq: _l, runnerOffset: _r, session: _s, ...shown } = conversation;
    const digest = digestOf({ taskDetails: { name: 'N', type: 'bug' } });
    expect(summaryOf(conversation, digest)).toEqual({ ...shown, ...digest });
  });

  test('is named by the title when the task has no name, and by nothing when there is no title', () => {
    expect(summaryOf(conversation, emptyDigest).taskName).toBe('My title');
    expect(summaryOf({ ...conversation, title: '' }, emptyDigest).taskName).toBeNull();
  });
});
