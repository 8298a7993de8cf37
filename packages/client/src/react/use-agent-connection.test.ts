// @vitest-environment happy-dom
import { createElement, StrictMode, useEffect, type ReactNode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';

import { FakeClock } from '../../../../test/support/fake-clock.ts';
import { ScriptedConversation } from '../../../../test/support/scripted-conversation.ts';
import { ScriptedPeer } from '../../../../test/support/scripted-peer.ts';
import { Seen } from '../../../../test/support/seen.ts';
import { useAgentConnection, type AgentConnection, type AgentConnectionOptions } from './use-agent-connection.ts';

let peer: ScriptedPeer;
let conversation: ScriptedConversation;
let root: Root;
let renders: Seen<AgentConnection>;

beforeEach(async () => {
  peer = await ScriptedPeer.listen();
  conversation = new ScriptedConversation();
  root = createRoot(document.createElement('div'));
  renders = new Seen();
});

afterEach(async () => {
  root.unmount();
  await peer.close();
});

function Watcher({ options }: { options: AgentConnectionOptions }): ReactNode {
  const connection = useAgentConnection(options);
  useEffect(() => renders.add(connection));
  return connection.transcript.items.length;
}

function show(more: Partial<AgentConnectionOptions> = {}): void {
  const options = { url: peer.url, project: 'shop', agent: 'demo', token: 'secret', webSocket: WebSocket, ...more };
  root.render(createElement(Watcher, { options }));
}

function isConnected(connection: AgentConnection): boolean {
  return connection.isConnected;
}

test('it connects, shows the transcript and sends', async () => {
  conversation.serve(peer);
  show();
  const connected = await renders.first(isConnected);
  expect(connected).toMatchObject({ status: 'completed', error: undefined, conversationId: 'c1' });
  connected.send('hello');
  const shown = await renders.first(({ transcript }) => transcript.items.length === 1);
  expect(shown.transcript.items[0]).toMatchObject({ kind: 'user', prompt: 'hello' });
  expect(shown.send).toBe(connected.send);
});

test('approvals go both ways', async () => {
  const tool = { id: 't', name: 'run', input: { command: 'ls' }, status: 'pending' } as const;
  conversation.serve(peer);
  conversation.say({ type: 'tool_use', tool });
  conversation.onAccepted = ({ toolId }) => {
    conversation.say({ type: 'decision', toolId: String(toolId), approved: true, userId: 'ada' as never });
  };
  show();
  const asked = await renders.first(({ transcript }) => transcript.pending.length === 1);
  asked.approve('t');
  const decided = await renders.next(({ transcript }) => transcript.pending.length === 0);
  expect(decided.transcript.items[0]).toMatchObject({ decision: { approved: true, userId: 'ada' } });
});

test('it shows that the connection is lost and comes back with what was missed', async () => {
  const clock = new FakeClock();
  conversation.serve(peer);
  show({ clock });
  await renders.first(isConnected);
  conversation.cut();
  const lost = await renders.first(({ connection }) => connection.kind === 'waiting');
  expect(lost.isConnected).toBe(false);
  conversation.say({ type: 'notice', code: 'n', content: 'meanwhile' });
  lost.reconnect();
  await renders.next(isConnected);
  clock.advance(16);
  await renders.first(({ transcript }) => transcript.items.length === 1);
});

test('under StrictMode one connection is left', async () => {
  conversation.serve(peer);
  const options = { url: peer.url, project: 'shop', agent: 'demo', webSocket: WebSocket };
  root.render(createElement(StrictMode, null, createElement(Watcher, { options })));
  const { send } = await renders.first(isConnected);
  send('once');
  await renders.first(({ transcript }) => transcript.items.length === 1);
  expect(conversation.log).toHaveLength(1);
});

test('another conversation starts with an empty transcript on a connection of its own', async () => {
  conversation.serve(peer);
  conversation.say({ type: 'notice', code: 'n', content: 'of c1' });
  show({ conversation: 'c1' });
  await renders.first(({ transcript }) => transcript.items.length === 1);
  const first = await peer.sockets.at(0);
  show({ conversation: 'c2' });
  await renders.next(({ transcript }) => transcript.items.length === 0);
  expect((await peer.sockets.at(1)).query.get('conversation')).toBe('c2');
  await first.closed;
});

test('asking by name for the conversation that was given keeps the connection', async () => {
  conversation.serve(peer);
  show({ conversation: 'new' });
  await renders.first(({ conversationId }) => conversationId === 'c1');
  const rendered = renders.next();
  show({ conversation: 'c1' });
  const after = await rendered;
  expect(after.isConnected).toBe(true);
  expect(peer.sockets.all).toHaveLength(1);
});

test('a function that gives the token may be another one in every render; the newest is asked at the next connect', async () => {
  conversation.serve(peer);
  show({ token: () => 'old' });
  await renders.first(isConnected);
  const rendered = renders.next();
  show({ token: () => 'young' });
  (await rendered).reconnect();
  expect((await peer.sockets.at(1)).token).toBe('young');
});

test('a new token tries again what was refused for the old one', async () => {
  peer.sockets.each((socket) => {
    if (socket.token === 'good') conversation.attach(socket);
    else socket.close(4401, 'Sign in.');
  });
  show({ token: 'bad' });
  const refused = await renders.first(({ connection }) => connection.kind === 'stopped');
  expect(refused.error).toEqual({ code: 'unauthorized', message: 'Sign in.' });
  show({ token: 'good' });
  await renders.first(isConnected);
});

test('after unmounting the socket is closed, no timer runs and nothing is rendered', async () => {
  const clock = new FakeClock();
  conversation.serve(peer);
  show({ clock });
  const { send } = await renders.first(isConnected);
  conversation.say({ type: 'notice', code: 'n', content: 'late' });
  root.unmount();
  await (
    await peer.sockets.at(0)
  ).closed;
  const rendered = renders.all.length;
  clock.advance(120_000);
  expect(clock.pendingMs).toEqual([]);
  expect(renders.all).toHaveLength(rendered);
  expect(() => send('into the void')).toThrow('not mounted');
  root = createRoot(document.createElement('div'));
});
