import type { MessageId } from '@holdfast/protocol';
import { beforeEach, expect, test } from 'vitest';

import { Outbox, type OutboxMessage, type Settlement } from './outbox.ts';

let settled: (readonly [string, Settlement])[];
let outbox: Outbox;

beforeEach(() => {
  settled = [];
  outbox = new Outbox((message, settlement) => settled.push([message.id, settlement]));
});

function prompt(id: string, text = 'hello'): OutboxMessage {
  return { type: 'prompt', id: id as MessageId, prompt: text };
}

function ids(texts: readonly string[]): unknown[] {
  return texts.map((text) => (JSON.parse(text) as { id: unknown }).id);
}

test('what is not answered goes out again, in order, after the connection is gone', () => {
  for (const id of ['a', 'b', 'c']) outbox.add(prompt(id));
  expect(ids(outbox.takeUnsent())).toEqual(['a', 'b', 'c']);
  expect(outbox.takeUnsent()).toEqual([]);
  outbox.settle('b' as MessageId, { kind: 'accepted', duplicate: false });
  outbox.forgetSent();
  outbox.add(prompt('d'));
  expect(ids(outbox.takeUnsent())).toEqual(['a', 'c', 'd']);
});

test('a second answer means nothing', () => {
  outbox.add(prompt('a'));
  outbox.settle('a' as MessageId, { kind: 'accepted', duplicate: false });
  outbox.settle('a' as MessageId, { kind: 'accepted', duplicate: true });
  expect(settled).toEqual([['a', { kind: 'accepted', duplicate: false }]]);
});

test('a message beyond 1 MiB of UTF-8 is refused before it is sent', () => {
  outbox.add(prompt('fits', 'x'.repeat(1_048_576 - 60)));
  outbox.add(prompt('long', 'ü'.repeat(600_000)));
  expect(settled).toMatchObject([['long', { kind: 'refused', code: 'bad_message' }]]);
  expect(ids(outbox.takeUnsent())).toEqual(['fits']);
});

test('1009 drops the longest message that was sent, and the others stay', () => {
  outbox.add(prompt('a', 'short'));
  outbox.add(prompt('b', 'the longest of them all'));
  outbox.takeUnsent();
  outbox.add(prompt('c', 'longer still, but it never went out on that connection'));
  outbox.dropBiggestSent();
  expect(settled).toMatchObject([['b', { kind: 'refused', code: 'bad_message' }]]);
  expect(outbox.messages.map((message) => message.id)).toEqual(['a', 'c']);
});

test('it has a bound, and what comes on top is refused at once', () => {
  for (let n = 0; n < 1_000; n++) outbox.add(prompt(`p${n}`));
  expect(outbox.messages).toHaveLength(200);
  expect(settled).toHaveLength(800);
  expect(settled[0]).toMatchObject(['p200', { kind: 'refused', code: 'unavailable' }]);
});
