import { expect, test } from 'vitest';
import type { StoredMessage } from '@holdfast/protocol';
import { Tally } from './tally.ts';

let seq: number;
function tallyOf(...messages: readonly object[]): Tally {
  seq = 0;
  const tally = new Tally(3);
  for (const message of messages) tally.add({ seq: ++seq, ...message } as StoredMessage);
  tally.close();
  return tally;
}
const user = { type: 'user' };
const text = (...numbers: readonly number[]): object => ({
  type: 'text',
  content: numbers.map((number) => `tok-${String(number).padStart(6, '0')} `).join(''),
});
const done = { type: 'done', reason: 'completed' };
const cut = { type: 'done', reason: 'interrupted' };

test.each([
  ['two whole turns', [user, text(1, 2), text(3), done, user, text(1, 2, 3), done], 0, 0, 0],
  ['a turn that was cut short', [user, text(1), cut], 0, 0, 0],
  ['a number that never came', [user, { ...text(1, 2, 3), seq: 4 }, { ...done, seq: 5 }], 2, 0, 0],
  ['a message that came again', [user, text(1, 2, 3), { ...text(1, 2, 3), seq: 2 }, { ...done, seq: 3 }], 0, 1, 0],
  ['a delta that is missing', [user, text(1), text(3), done], 1, 0, 0],
  ['a delta that is missing at the end', [user, text(1, 2), done], 1, 0, 0],
  ['a delta that is there twice', [user, text(1, 2), text(2, 3), done], 0, 1, 0],
  ['a turn that ended twice', [user, text(1, 2, 3), done, done], 0, 0, 1],
  ['a turn that never ended', [user, text(1), user, text(1, 2, 3), done], 0, 0, 1],
  ['a last turn that never ended', [user, text(1)], 0, 0, 1],
])('%s', (_name, messages, holes, duplicates, notOnce) => {
  expect(tallyOf(...messages)).toMatchObject({ holes, duplicates, notOnce });
});
