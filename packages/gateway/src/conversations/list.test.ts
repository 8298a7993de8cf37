import type { ConversationId, ConversationStatus, ProjectId, UserId } from '@holdfast/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compareInList,
  matches,
  pageOf,
  parseCursor,
  positionOf,
  writeCursor,
  type ListFilter,
  type ListPosition,
} from './list.ts';
import { emptyDigest, type ConversationSummary } from './record.ts';

const idText = fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/).map((text) => text as ConversationId);
const position: fc.Arbitrary<ListPosition> = fc.record({ lastActivityAt: fc.nat(3), conversationId: idText });

function summary(rest: Partial<ConversationSummary> = {}): ConversationSummary {
  return {
    conversationId: 'c1' as ConversationId,
    userId: 'ada' as UserId,
    projectId: 'shop' as ProjectId,
    agent: 'demo',
    taskId: 't1',
    title: '',
    status: 'waiting',
    createdAt: 1,
    lastActivityAt: 100,
    version: 1,
    ...emptyDigest,
    ...rest,
  };
}

describe('the order of a list', () => {
  test('is newest first, and of the same millisecond the greater id by its bytes', () => {
    const rows = [
      [1, 'z'],
      [2, 'a'],
      [2, 'B'],
      [2, '_'],
      [10, '-'],
    ] as const;
    const positions = rows.map(([at, id]) => ({ lastActivityAt: at, conversationId: id as ConversationId }));
    const sorted = positions.toSorted(compareInList).map((row) => `${row.lastActivityAt}${row.conversationId}`);
    expect(sorted).toEqual(['10-', '2a', '2_', '2B', '1z']);
  });

  test('is one order: no two places are the same, and it holds from each to the next', () => {
    fc.assert(
      fc.property(position, position, position, (a, b, c) => {
        const isSame = a.lastActivityAt === b.lastActivityAt && a.conversationId === b.conversationId;
        expect(compareInList(a, b) === 0).toBe(isSame);
        expect(Math.sign(compareInList(a, b)) + Math.sign(compareInList(b, a))).toBe(0);
        const [first, second, third] = [a, b, c].toSorted(compareInList) as [ListPosition, ListPosition, ListPosition];
        expect(compareInList(first, second)).toBeLessThanOrEqual(0);
        expect(compareInList(second, third)).toBeLessThanOrEqual(0);
        expect(compareInList(first, third)).toBeLessThanOrEqual(0);
      }),
    );
  });
});

describe('a filter', () => {
  const none = [] as readonly ProjectId[];
  const eve = 'eve' as UserId;
  const cases: readonly (readonly [what: string, filter: ListFilter, isMatch: boolean])[] = [
    ['no condition', {}, true],
    ['its status', { statuses: ['completed', 'waiting'] }, true],
    ['another status', { statuses: ['completed'] }, false],
    ['no status', { statuses: [] }, false],
    ['its user', { userId: 'ada' as UserId }, true],
    ['another user', { userId: eve }, false],
    ['its project', { projectId: 'shop' as ProjectId }, true],
    ['another project', { projectId: 'bank' as ProjectId }, false],
    ['its task', { taskId: 't1' }, true],
    ['another task', { taskId: 't2' }, false],
    ['the millisecond of its activity', { since: 100 }, true],
    ['the millisecond after', { since: 101 }, false],
    ['what its user may see', { visibleTo: { userId: 'ada' as UserId, projectIds: none } }, true],
    ['what a member may see', { visibleTo: { userId: eve, projectIds: ['bank', 'shop'] as ProjectId[] } }, true],
    ['what a stranger may see', { visibleTo: { userId: eve, projectIds: ['bank'] as ProjectId[] } }, false],
    ['one condition that holds and one that does not', { statuses: ['waiting'], userId: eve }, false],
  ];

  test.each(cases)('of %s: %s → %s', (_what, filter, isMatch) => {
    expect(matches(filter, summary())).toBe(isMatch);
  });

  test('of a task does not find what has none', () => {
    expect(matches({ taskId: 'null' }, summary({ taskId: null }))).toBe(false);
  });

  test('holds for every status in the list and for no other', () => {
    const statuses: readonly ConversationStatus[] = ['in-progress', 'waiting', 'interrupted', 'completed'];
    fc.assert(
      fc.property(fc.subarray([...statuses]), fc.constantFrom(...statuses), (wanted, status) => {
        expect(matches({ statuses: wanted }, summary({ status }))).toBe(wanted.includes(status));
      }),
    );
  });
});

describe('a page', () => {
  const rows = ['c', 'b', 'a'].map((id, index) =>
    summary({ conversationId: id as ConversationId, lastActivityAt: 10 - index }),
  );

  test('that holds all there is, is the last', () => {
    expect(pageOf(rows, 3)).toEqual({ conversations: rows, next: null });
    expect(pageOf(rows, 4)).toEqual({ conversations: rows, next: null });
    expect(pageOf([], 4)).toEqual({ conversations: [], next: null });
  });

  test('that is followed by another tells where that begins: after its own last row', () => {
    const next = { lastActivityAt: 9, conversationId: 'b' };
    expect(pageOf(rows, 2)).toEqual({ conversations: rows.slice(0, 2), next });
    expect(positionOf(rows[1] as ConversationSummary)).toEqual(next);
  });
});

describe('a cursor', () => {
  test('comes back as the position it was written from, and is safe in a URL', () => {
    const anyTime = fc.integer({ min: 0, max: 9_999_999_999_999 });
    fc.assert(
      fc.property(anyTime, fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), (lastActivityAt, id) => {
        const from = { lastActivityAt, conversationId: id as ConversationId };
        const cursor = writeCursor(from);
        expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(parseCursor(cursor)).toEqual(from);
      }),
    );
  });

  test('that no list gave is a bad message, whatever it is', () => {
    const text = fc.oneof(fc.string(), fc.base64String(), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(text, (cursor) => {
        try {
          const { lastActivityAt, conversationId } = parseCursor(cursor);
          expect(Number.isFinite(lastActivityAt)).toBe(true);
          expect(conversationId).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        } catch (error) {
          expect(error).toMatchObject({ name: 'HoldfastError', code: 'bad_message' });
        }
      }),
    );
  });

  test.each([
    '',
    'x',
    '5.',
    '.a',
    '-1.a',
    '1e3.a',
    '5.a/b',
    '5.a.b',
    '5.a\nb',
    '12345678901234567.a',
    `5.${'a'.repeat(65)}`,
  ])('of the text %j is refused', (text) => {
    const cursor = Buffer.from(text).toString('base64url');
    expect(() => parseCursor(cursor)).toThrow(expect.objectContaining({ code: 'bad_message' }));
  });
});
