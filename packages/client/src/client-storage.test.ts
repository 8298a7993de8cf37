import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { ScriptedConversation } from '../../../test/support/scripted-conversation.ts';
import { ScriptedPeer } from '../../../test/support/scripted-peer.ts';
import { Seen } from '../../../test/support/seen.ts';
import { webStorage, type KeyValueStorage } from './client-storage.ts';
import { Connection, type ConnectionOptions } from './connection.ts';

class FakeSessionStorage implements KeyValueStorage {
  readonly entries = new Map<string, string>();
  isFull = false;

  getItem(key: string): string | null {
    return this.entries.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    if (this.isFull) throw new DOMException('full', 'QuotaExceededError');
    this.entries.set(key, value);
  }

  removeItem(key: string): void {
    this.entries.delete(key);
  }
}

let peer: ScriptedPeer;
let conversation: ScriptedConversation;
let session: FakeSessionStorage;
const clock = new FakeClock();
const opened: Connection[] = [];

beforeEach(async () => {
  peer = await ScriptedPeer.listen();
  conversation = new ScriptedConversation().serve(peer);
  session = new FakeSessionStorage();
});

afterEach(async () => {
  for (const connection of opened.splice(0)) connection.close();
  await peer.close();
});

async function load(options: Partial<ConnectionOptions> = {}): Promise<Connection> {
  const isOpen = new Seen<true>();
  const connection = new Connection(
    {
      ...{ url: peer.url, project: 'shop', agent: 'demo', clock, webSocket: WebSocket },
      storage: webStorage(session, 'agent'),
      ...options,
    },
    { onMessage: (message) => (message.type === 'init' ? isOpen.add(true) : undefined) },
  );
  opened.push(connection);
  connection.open();
  await isOpen.first();
  return connection;
}

test('a page that is loaded again goes on with its conversation and sends again what was not answered', async () => {
  conversation.isAnswering = false;
  const page = await load({ conversation: 'new' });
  const { id } = page.send({ type: 'prompt', prompt: 'do not lose me' });
  await (await peer.sockets.at(0)).received.first();
  page.close();
  conversation.isAnswering = true;
  await load({ conversation: 'new' });
  const accepted = await conversation.accepted.first();
  expect(accepted).toEqual({ type: 'prompt', id, prompt: 'do not lose me' });
  const { query } = await peer.sockets.at(1);
  expect(Object.fromEntries(query)).toEqual({ conversation: 'c1' });
});

test('a reader who keeps what it has seen goes on behind the saved cursor', async () => {
  conversation.say({ type: 'notice', code: 'n', content: '' }, { type: 'notice', code: 'n', content: '' });
  const page = await load();
  page.send({ type: 'abort' });
  await conversation.accepted.first();
  page.close();
  await load({ fromSavedCursor: true });
  const { query } = await peer.sockets.at(1);
  expect(Object.fromEntries(query)).toEqual({ conversation: 'c1', after: '2', epoch: 'e1' });
});

test('another conversation that is asked for by name takes nothing over', async () => {
  conversation.isAnswering = false;
  const page = await load();
  page.send({ type: 'prompt', prompt: 'for c1 only' });
  page.close();
  const other = await load({ conversation: 'c2' });
  expect(other.outbox).toEqual([]);
  expect((await peer.sockets.at(1)).query.get('conversation')).toBe('c2');
});

test('a full storage does not stop the conversation', async () => {
  session.isFull = true;
  const page = await load();
  const { settled } = page.send({ type: 'prompt', prompt: 'hello' });
  expect(await settled).toMatchObject({ kind: 'accepted' });
});

test.each([
  '',
  'not JSON',
  '[]',
  '{"outbox":{}}',
  '{"conversationId":7,"cursor":{"epoch":1},"outbox":[{"type":"x"},3]}',
])('what cannot be read in the storage (%s) is as good as nothing', async (text) => {
  session.entries.set('agent', text);
  await load({ fromSavedCursor: true });
  expect((await peer.sockets.at(0)).query.size).toBe(0);
});
