import { expect, test } from 'vitest';
import { moreAnswers, slowStart, oneMoreAnswer } from './slow-start.ts';

test('there is no bound before a secondary limit, and of one that lasts one finds out', () => {
  expect(slowStart(undefined)).toBe(Infinity);
  expect(slowStart(0)).toBe(1);
});

test('after a limit one more may fly for about as many good answers as fly, until there may be a hundred', () => {
  const answersFor: number[] = [];
  for (let answers: number | undefined = 0; answers !== undefined; answers = oneMoreAnswer(answers)) {
    const most = slowStart(answers);
    answersFor[most] = (answersFor[most] ?? 0) + 1;
  }
  // The first of them stands for none, which there never is.
  const [, ...counts] = answersFor;
  expect(counts).toHaveLength(99);
  for (const [index, count] of counts.entries()) expect(Math.abs(count - (index + 1))).toBeLessThanOrEqual(1);
});

test('of two counts since the same limit the higher one holds, and no bound is the highest', () => {
  expect(moreAnswers(3, 7)).toBe(7);
  expect(moreAnswers(3, undefined)).toBeUndefined();
});
