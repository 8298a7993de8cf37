import type { ServerMessage } from '@holdfast/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { ScriptedConversation } from '../../../test/support/scripted-conversation.ts';
import { ScriptedPeer } from '../../../test/support/scripted-peer.ts';
import { Seen } from '../../../test/support/seen.ts';
import type { ConnectionState } from './connection-state.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import type { OutboxMessage, Settlement } from './outbox.ts';
import type { WebSocketClass } from './socket.ts';

let peer: ScriptedPeer;
let clock: FakeClock;
let conversation: ScriptedConversation;
const opened: Connection[] = [];

beforeEach(async () => {
  peer = await ScriptedPeer.listen();
  clock = new FakeClock();
  conversation = new ScriptedConversation();
});

afterEach(async () => {
  for (const connection of opened.splice(0)) connection.close();
  await peer.close();
});

type Watched = {
  connection: Connection;
  states: Seen<ConnectionState>;
  messages: Seen<ServerMessage>;
  settled: Seen<readonly [OutboxMessage, Settlement]>;
};

function connect(options: Partial<ConnectionOptions> = {}): Watched {
  const states = new Seen<ConnectionState>();
  const messages = new Seen<ServerMessage>();
  const settled = new Seen<readonly [OutboxMessage, Settlement]>();
  const connection = new Connection(
    { url: peer.url, project: 'shop', agent: 'demo', token: 'secret', clock, webSocket: WebSocket, ...options },
    {
      onState: states.add,
      onMessage: messages.add,
      onSettled: (message, settlement) => settled.add([message, settlement]),
    },
  );
  opened.push(connection);
  connection.open();
  return { connection, states, messages, settled };
}

function isKind<Kind extends ConnectionState['kind']>(kind: Kind): (state: ConnectionState) => boolean {
  return (state) => state.kind === kind;
}

function say(count: number): void {
  for (let n = 0; n < count; n++) {
    conversation.say({ type: 'notice', code: 'n', content: `message ${conversation.log.length + 1}` });
  }
}

/** The numbers of the log as the client's reader saw them: those of histories and those of live messages. */
function numbers(messages: Seen<ServerMessage>): number[] {
  return messages.all.flatMap((message) => {
    if (message.type === 'history') return message.history.map((stored) => stored.seq);
    return 'seq' in message && message.type !== 'init' && message.seq !== undefined ? [message.seq] : [];
  });
}

test.each<[string, WebSocketClass]>([
  ['the global WebSocket', globalThis.WebSocket],
  ['the WebSocket of ws', WebSocket],
])('it signs in by subprotocol and reads the conversation with %s', async (_, webSocket) => {
  conversation.serve(peer);
  say(2);
  const { states, messages } = connect({ webSocket });
  await messages.first((message) => message.type === 'history');
  const socket = await peer.sockets.first();
  expect(socket).toMatchObject({ path: '/projects/shop/agent/demo', token: 'secret' });
  expect(states.all.map((state) => state.kind)).toEqual(['connecting', 'open']);
  expect(numbers(messages)).toEqual([1, 2]);
});

test('after a cut it waits a second, resumes with its cursor and reads each message once', async () => {
  conversation.serve(peer);
  say(3);
  const { states, messages } = connect();
  await messages.first((message) => message.type === 'history');
  conversation.cut();
  await states.first(isKind('waiting'));
  say(2);
  clock.advance(999);
  expect(peer.sockets.all).toHaveLength(1);
  clock.advance(1);
  await messages.first((message) => message.type === 'notice' && message.seq === 5);
  const second = await peer.sockets.at(1);
  expect(Object.fromEntries(second.query)).toEqual({ conversation: 'c1', after: '3', epoch: 'e1' });
  expect(numbers(messages)).toEqual([1, 2, 3, 4, 5]);
});

test('a new conversation is asked for as new only once', async () => {
  conversation.serve(peer);
  const { states } = connect({ conversation: 'new' });
  await states.first(isKind('open'));
  conversation.cut();
  await states.first(isKind('waiting'));
  clock.advance(1_000);
  const [first, second] = [await peer.sockets.at(0), await peer.sockets.at(1)];
  expect([first.query.get('conversation'), second.query.get('conversation')]).toEqual(['new', 'c1']);
});

test('an unknown epoch starts anew from the snapshot', async () => {
  conversation.serve(peer);
  say(5);
  const { states, messages } = connect();
  await messages.first((message) => message.type === 'history');
  conversation.epoch = 'e2';
  conversation.log.splice(2);
  conversation.cut();
  await states.first(isKind('waiting'));
  clock.advance(1_000);
  await messages.first((message) => message.type === 'history' && message.seq === 2);
  say(1);
  await messages.first((message) => message.type === 'notice');
  expect(numbers(messages)).toEqual([1, 2, 3, 4, 5, 1, 2, 3]);
});

test('messages that come twice are dropped, and a hole forces a reconnect with the cursor', async () => {
  const { states, messages, connection } = connect();
  const socket = await peer.sockets.first();
  socket.send(conversation.init('snapshot'));
  socket.send({ type: 'history', agent: 'demo', history: [], seq: 0 });
  const notice = (seq: number): object => ({ seq, at: '', type: 'notice', agent: 'demo', code: 'n', content: '' });
  for (const seq of [1, 2, 1, 2, 3, 5, 6]) socket.send(notice(seq));
  await states.first(isKind('waiting'));
  await socket.closed;
  expect(numbers(messages)).toEqual([1, 2, 3]);
  expect(connection.cursor).toEqual({ epoch: 'e1', seq: 3 });
  clock.advance(1_000);
  const second = await peer.sockets.at(1);
  expect(second.query.get('after')).toBe('3');
});

test('a cut between two parts of a history resumes behind the first', async () => {
  const { states } = connect();
  const socket = await peer.sockets.first();
  socket.send(conversation.init('snapshot'));
  socket.send({ type: 'history', agent: 'demo', history: [], seq: 40, more: true });
  socket.close(1012);
  await states.first(isKind('waiting'));
  clock.advance(1_000);
  expect((await peer.sockets.at(1)).query.get('after')).toBe('40');
});

test('nothing is sent before init, and what was given goes out in order then', async () => {
  const { connection } = connect();
  connection.send({ type: 'prompt', prompt: 'one' });
  connection.send({ type: 'prompt', prompt: 'two' });
  const socket = await peer.sockets.first();
  expect(socket.received.all).toEqual([]);
  conversation.attach(socket);
  await conversation.accepted.at(1);
  expect(conversation.accepted.all.map((message) => message['prompt'])).toEqual(['one', 'two']);
});

test('what was not answered is sent again under the same id, until it is', async () => {
  conversation.serve(peer);
  conversation.isAnswering = false;
  const { connection, states } = connect();
  const one = connection.send({ type: 'prompt', prompt: 'one' });
  const two = connection.send({ type: 'prompt', prompt: 'two' });
  const first = await peer.sockets.first();
  await first.received.at(1);
  conversation.cut();
  await states.first(isKind('waiting'));
  conversation.isAnswering = true;
  clock.advance(1_000);
  expect(await one.settled).toEqual({ kind: 'accepted', duplicate: false });
  expect(await two.settled).toEqual({ kind: 'accepted', duplicate: false });
  expect(conversation.accepted.all.map((message) => message['id'])).toEqual([one.id, two.id]);
  expect(connection.outbox).toEqual([]);
});

test('an error with its id settles a message as refused', async () => {
  const { connection } = connect();
  const { id, settled } = connection.send({ type: 'prompt', prompt: 'one' });
  const socket = await peer.sockets.first();
  socket.send(conversation.init('snapshot'));
  socket.send({ type: 'error', agent: 'demo', error: 'Rate limited.', code: 'rate_limit', retryAfter: 1200, id });
  expect(await settled).toEqual({ kind: 'refused', code: 'rate_limit', error: 'Rate limited.', retryAfterMs: 1200 });
  expect(connection.outbox).toEqual([]);
});

test('a replay that nobody asked for is not read; it starts from the snapshot', async () => {
  const { states, messages } = connect();
  (await peer.sockets.first()).send(conversation.init('replay'));
  await states.first(isKind('waiting'));
  expect(messages.all).toEqual([]);
  clock.advance(1_000);
  expect((await peer.sockets.at(1)).query.has('after')).toBe(false);
});

test('frames that are no messages are passed over', async () => {
  const { messages, states } = connect();
  const socket = await peer.sockets.first();
  socket.send({ type: 'notice', agent: 'demo', seq: 1, at: '', code: 'early', content: 'before init' });
  socket.send(conversation.init('snapshot'));
  for (const text of ['', 'not JSON', '[]', '{"seq":1}', '{"type":"notice","seq":-1}']) socket.sendText(text);
  socket.send({ type: 'from-a-later-version', agent: 'demo', seq: 1, at: '' });
  socket.send({ type: 'notice', agent: 'demo', seq: 2, at: '', code: 'n', content: 'read' });
  await messages.first((message) => message.type === 'notice');
  expect(messages.all.map((message) => message.type)).toEqual(['init', 'from-a-later-version', 'notice']);
  expect(states.all.at(-1)?.kind).toBe('open');
});

test('1009 drops the message that was too big and keeps the others', async () => {
  conversation.isAnswering = false;
  conversation.serve(peer);
  const { connection, states } = connect();
  const small = connection.send({ type: 'prompt', prompt: 'small' });
  const big = connection.send({ type: 'prompt', prompt: 'b'.repeat(5_000) });
  const socket = await peer.sockets.first();
  await socket.received.at(1);
  socket.close(1009);
  expect(await big.settled).toMatchObject({ kind: 'refused', code: 'bad_message' });
  await states.first(isKind('waiting'));
  conversation.isAnswering = true;
  clock.advance(1_000);
  expect(await small.settled).toMatchObject({ kind: 'accepted' });
});

test.each([4400, 4401, 4403, 4404])('%i stops it, with the reason, until it is asked to try again', async (code) => {
  const { connection, states } = connect();
  (await peer.sockets.first()).close(code, 'Because.');
  expect(await states.first(isKind('stopped'))).toEqual({ kind: 'stopped', code, reason: 'Because.' });
  expect(clock.pendingMs).toEqual([]);
  conversation.serve(peer);
  connection.reconnect();
  await states.first(isKind('open'));
});

test('a conversation that is gone is forgotten together with what was meant for it', async () => {
  const { connection, states } = connect({ conversation: 'c9' });
  const { settled } = connection.send({ type: 'prompt', prompt: 'for c9' });
  (await peer.sockets.first()).close(4404, 'There is no conversation c9.');
  await states.first(isKind('stopped'));
  expect(await settled).toEqual({ kind: 'refused', code: 'not_found', error: 'There is no conversation c9.' });
});

test('with nobody there it tries after 1, 2, 5, 10 and 30 seconds, pauses, and goes on when the page wakes up', async () => {
  let wake = (): void => {};
  const { port } = peer;
  await peer.close();
  const { states } = connect({
    wake: (onWake) => {
      wake = onWake;
      return () => {};
    },
  });
  for (const delayMs of [1_000, 2_000, 5_000, 10_000, 30_000]) {
    await states.first((state) => state.kind === 'waiting' && state.delayMs === delayMs);
    expect(clock.pendingMs).toEqual([delayMs]);
    clock.advance(delayMs);
  }
  const paused = await states.first(isKind('paused'));
  expect(paused).toMatchObject({ reason: expect.stringContaining('ECONNREFUSED') });
  expect(clock.pendingMs).toEqual([]);
  peer = await ScriptedPeer.listen({ port });
  conversation.serve(peer);
  wake();
  await states.first(isKind('open'));
});

test('an accepted upgrade without an init is no success: attempts go on counting', async () => {
  const { states } = connect();
  peer.sockets.each((socket) => socket.close(1013, 'Overloaded.'));
  for (const delayMs of [1_000, 2_000, 5_000]) {
    await states.first((state) => state.kind === 'waiting' && state.delayMs === delayMs);
    clock.advance(delayMs);
  }
  await states.first((state) => state.kind === 'waiting' && state.delayMs === 10_000);
});

test('45 seconds of silence lead to a reconnect, a heartbeat in time does not', async () => {
  conversation.serve(peer);
  const { states, messages } = connect();
  await messages.first((message) => message.type === 'history');
  const socket = await peer.sockets.first();
  clock.advance(40_000);
  socket.send({ type: 'heartbeat', agent: 'demo' });
  await messages.first((message) => message.type === 'heartbeat');
  clock.advance(44_999);
  expect(states.all.at(-1)).toEqual({ kind: 'open' });
  clock.advance(1);
  expect(states.all.at(-1)).toMatchObject({ kind: 'waiting', delayMs: 1_000 });
  await socket.closed;
});

test('waking up with a connection that has gone quiet dials a fresh one', async () => {
  let wake = (): void => {};
  conversation.serve(peer);
  const { messages, states } = connect({
    wake: (onWake) => {
      wake = onWake;
      return () => {};
    },
  });
  await messages.first((message) => message.type === 'history');
  clock.advance(19_000);
  wake();
  expect(states.all.at(-1)?.kind).toBe('open');
  clock.advance(2_000);
  wake();
  expect(states.all.at(-1)?.kind).toBe('connecting');
  await peer.sockets.at(1);
});

test('the token is asked for at every connect', async () => {
  conversation.serve(peer);
  let count = 0;
  const { states } = connect({ token: async () => `token-${++count}` });
  await states.first(isKind('open'));
  conversation.cut();
  await states.first(isKind('waiting'));
  clock.advance(1_000);
  expect([(await peer.sockets.at(0)).token, (await peer.sockets.at(1)).token]).toEqual(['token-1', 'token-2']);
});

test('a token that cannot be had is a failed attempt', async () => {
  conversation.serve(peer);
  let isThere = false;
  const { states } = connect({
    token: () => {
      if (!isThere) throw new Error('The sign-in file is not there yet.');
      return 'secret';
    },
  });
  expect(await states.first(isKind('waiting'))).toMatchObject({ reason: 'The sign-in file is not there yet.' });
  isThere = true;
  clock.advance(1_000);
  await states.first(isKind('open'));
});

test('a token that does not fit into a header stops it with a sentence', async () => {
  const { states } = connect({ token: 'not a token' });
  expect(await states.first(isKind('stopped'))).toMatchObject({
    code: 4400,
    reason: expect.stringContaining('opened'),
  });
});

test('a token that arrives after close opens nothing', async () => {
  let give = (_: string): void => {};
  const asked = new Seen<true>();
  const { connection, states } = connect({
    token: () => {
      asked.add(true);
      return new Promise((resolve) => {
        give = resolve;
      });
    },
  });
  await asked.first();
  connection.close();
  give('secret');
  await Promise.resolve();
  expect(states.all.at(-1)).toEqual({ kind: 'closed' });
  expect(peer.sockets.all).toEqual([]);
});

test('close settles what waits as unknown and leaves no timer', async () => {
  conversation.isAnswering = false;
  conversation.serve(peer);
  const { connection, states, messages } = connect();
  await states.first(isKind('open'));
  const { settled } = connection.send({ type: 'abort' });
  connection.close();
  expect(await settled).toEqual({ kind: 'unknown' });
  expect(clock.pendingMs).toEqual([]);
  const seen = messages.all.length;
  await (
    await peer.sockets.first()
  ).closed;
  expect(messages.all).toHaveLength(seen);
  expect(await connection.send({ type: 'abort' }).settled).toEqual({ kind: 'unknown' });
});
