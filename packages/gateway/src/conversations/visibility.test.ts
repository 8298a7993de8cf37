import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ProjectId, UserId } from '@holdfast/protocol';
import { matches } from './list.ts';
import type { ConversationSummary } from './record.ts';
import { mayDelete, maySee } from './visibility.ts';

const user = fc.constantFrom('ada', 'grace', '*').map((id) => id as UserId);
const project = fc.constantFrom('shop', 'lab', 'shed').map((id) => id as ProjectId);
const person = fc.record({ userId: user, projectIds: fc.uniqueArray(project) });
const conversation = fc.record({ userId: user, projectId: project });

test('one may see what a list shows one, and nothing else', () => {
  fc.assert(
    fc.property(person, conversation, (visibleTo, one) => {
      expect(maySee(visibleTo, one)).toBe(matches({ visibleTo }, one as ConversationSummary));
    }),
  );
});

test('one sees one’s own and those of one’s projects, and deletes one’s own', () => {
  const ada = { userId: 'ada' as UserId, projectIds: ['shop' as ProjectId] };
  const of = (userId: string, projectId: string) => ({ userId: userId as UserId, projectId: projectId as ProjectId });
  expect([of('ada', 'lab'), of('grace', 'shop'), of('grace', 'lab')].map((one) => maySee(ada, one))).toEqual([
    ...[true, true, false],
  ]);
  expect([of('ada', 'lab'), of('grace', 'shop')].map((one) => mayDelete(ada, one))).toEqual([true, false]);
});
