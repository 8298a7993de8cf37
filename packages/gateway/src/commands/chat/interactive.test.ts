import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { ChatTestStreams } from '../../../../../test/support/chat-streams.ts';
import { ScriptedConversation } from '../../../../../test/support/scripted-conversation.ts';
import { ScriptedPeer } from '../../../../../test/support/scripted-peer.ts';
import { runChat } from './chat.ts';

const ctrlC = '\u0003';
const ctrlD = '\u0004';
const tool = { id: 't1', name: 'run', input: { command: 'npm test' }, status: 'pending' } as const;

let peer: ScriptedPeer;
let conversation: ScriptedConversation;
let streams: ChatTestStreams;
let state: string;
let ended: Promise<number>;

beforeEach(async () => {
  peer = await ScriptedPeer.listen();
  conversation = new ScriptedConversation();
  streams = new ChatTestStreams('terminal');
  state = await mkdtemp(join(tmpdir(), 'holdfast-chat-'));
  await mkdir(join(state, 'gateways'));
});

afterEach(async () => {
  // Whatever the test left open ends with the terminal.
  streams.stdin.end();
  await ended;
  await peer.close();
  await rm(state, { recursive: true });
});

async function begin(...args: string[]): Promise<void> {
  await writeFile(join(state, 'gateways', `${peer.port}.json`), JSON.stringify({ token: 'first' }));
  ended = runChat(['shop', '--agent', 'demo', '--url', peer.url, ...args], { HOLDFAST_STATE_DIR: state }, streams);
}

async function connect(...args: string[]): Promise<void> {
  conversation.serve(peer);
  await begin(...args);
  await streams.shows('conversation c1');
}

function end(): void {
  conversation.say({ type: 'done', reason: 'completed', usage: { inputTokens: 2, outputTokens: 1, cost: 0 } });
}

test('a prompt is shown, its answer streams above the line in which one writes, and the turn ends with its cost', async () => {
  await connect();
  streams.type('hello\r');
  await streams.shows('› hello\nworking ›');
  conversation.say({ type: 'text', block: 'b', content: 'Hi ', streaming: true });
  await streams.shows('Hi\nworking ›');
  streams.type('next');
  await streams.shows('Hi\nworking › next');
  conversation.say({ type: 'text', block: 'b', content: 'there', streaming: true });
  await streams.shows('Hi there\nworking › next');
  end();
  await streams.shows('— done · 2 in · 1 out · $0\n› next');
});

test('the history is shown at the start', async () => {
  conversation.say({ type: 'user', id: 'p0' as never, userId: 'ada' as never, prompt: 'earlier' });
  conversation.say({ type: 'text', block: 'b0', content: 'an old answer', streaming: true });
  end();
  await connect();
  const screen = await streams.shows('an old answer');
  expect(screen).toContain('› earlier\n\nan old answer\n\n— done');
});

test('a call is asked about; y allows it', async () => {
  await connect();
  conversation.say({ type: 'tool_use', tool });
  await streams.shows('● run  $ npm test\nallow run? y/n ›');
  streams.type('y\r');
  const decision = await conversation.accepted.first();
  expect(decision).toMatchObject({ type: 'approve', toolId: 't1' });
});

test('n with a reason refuses', async () => {
  await connect();
  conversation.say({ type: 'tool_use', tool });
  await streams.shows('allow run? y/n');
  streams.type('n use npm ci\r');
  expect(await conversation.accepted.first()).toMatchObject({ type: 'reject', toolId: 't1', reason: 'use npm ci' });
});

test('an answer that was begun for one call does not count for the next', async () => {
  await connect();
  conversation.say({ type: 'tool_use', tool });
  await streams.shows('allow run? y/n');
  streams.type('y');
  await streams.shows('allow run? y/n › y');
  conversation.say(
    { type: 'decision', toolId: 't1', approved: false, userId: 'grace' as never },
    { type: 'tool_use', tool: { ...tool, id: 't2', name: 'write', input: { path: 'a.txt' } } },
  );
  await streams.shows('allow write? y/n › y');
  streams.type('\r');
  await streams.shows('that call was decided meanwhile');
  streams.type('y\r');
  expect(await conversation.accepted.first()).toMatchObject({ type: 'approve', toolId: 't2' });
});

test('what is no answer is a prompt that waits', async () => {
  await connect();
  conversation.say({ type: 'tool_use', tool });
  await streams.shows('allow run? y/n');
  streams.type('why?\r');
  expect(await conversation.accepted.first()).toMatchObject({ type: 'prompt', prompt: 'why?' });
});

test('y is a prompt when nothing is asked', async () => {
  await connect();
  streams.type('y\r');
  expect(await conversation.accepted.first()).toMatchObject({ type: 'prompt', prompt: 'y' });
});

test('a prompt written during a turn waits, and is shown when its turn comes', async () => {
  await connect();
  streams.type('one\r');
  await streams.shows('working ›');
  streams.type('two\r');
  await streams.shows('working · 1 queued ›');
  end();
  await streams.shows('$0\n\n› two\nworking ›');
});

test('pasted lines, and lines that end in a backslash, are one prompt', async () => {
  await connect();
  streams.type('\u001b[200~first\nsecond\nthi\u001b[201~rd\r');
  expect(await conversation.accepted.at(0)).toMatchObject({ prompt: 'first\nsecond\nthird' });
  const goesOn = streams.screens.next((screen) => screen.endsWith('\n…'));
  streams.type('a\\\r');
  await goesOn;
  streams.type('b\r');
  expect(await conversation.accepted.at(1)).toMatchObject({ prompt: 'a\nb' });
});

test('ctrl-c clears the line first, then aborts the turn, and twice leaves while the turn goes on', async () => {
  await connect();
  streams.type('long work\r');
  await streams.shows('working ›');
  streams.type('oops');
  await streams.shows('working › oops');
  const cleared = streams.screens.next((screen) => screen.endsWith('working ›'));
  streams.type(ctrlC);
  await cleared;
  streams.type(ctrlC);
  expect(await conversation.accepted.at(1)).toMatchObject({ type: 'abort' });
  await streams.shows('aborting; ctrl-c again leaves');
  streams.type(ctrlC);
  expect(await ended).toBe(0);
  expect(streams.terminal.text.replaceAll('\n', '')).toContain(
    `come back with: holdfast chat shop --agent demo --conversation c1 --url ${peer.url}`,
  );
});

test.each([
  ['ctrl-c', ctrlC],
  ['ctrl-d', ctrlD],
  ['/quit', '/quit\r'],
])('%s leaves when nothing runs', async (_, keys) => {
  await connect();
  streams.type(keys);
  expect(await ended).toBe(0);
});

test('/model, /mode and /abort go to the gateway; what is wrong stays here', async () => {
  await connect();
  streams.type('/model large\r');
  await conversation.accepted.at(0);
  streams.type('/mode plan\r');
  await conversation.accepted.at(1);
  expect(conversation.accepted.all).toMatchObject([
    { type: 'settings', settings: { model: 'large' } },
    { type: 'settings', settings: { permissionMode: 'plan' } },
  ]);
  streams.type('/dance\r');
  await streams.shows('✗ There is no /dance; /help lists what there is.');
  streams.type('/abort\r');
  await streams.shows('nothing runs');
});

test('/new begins a new conversation', async () => {
  await connect();
  conversation.id = 'c2';
  streams.type('/new\r');
  await streams.shows('conversation c2');
  expect((await peer.sockets.at(1)).query.get('conversation')).toBe('new');
});

test('a lost connection is told, and its end; the answer goes on and the token is read anew', async () => {
  await connect();
  conversation.say({ type: 'text', block: 'b', content: 'Hel', streaming: true });
  await streams.shows('Hel');
  await writeFile(join(state, 'gateways', `${peer.port}.json`), JSON.stringify({ token: 'second' }));
  conversation.cut();
  await streams.shows('· the connection is lost (the gateway went away); next try in 1 s');
  conversation.say({ type: 'text', block: 'b', content: 'lo', streaming: true });
  await streams.shows('connected again\n\nlo');
  expect((await peer.sockets.at(1)).token).toBe('second');
});

test('a token that has become old is read again before it gives up', async () => {
  peer.sockets.each((socket) => {
    if (socket.token === 'second') return conversation.attach(socket);
    void writeFile(join(state, 'gateways', `${peer.port}.json`), JSON.stringify({ token: 'second' })).then(() =>
      socket.close(4401, 'Sign in.'),
    );
  });
  await begin();
  await streams.shows('conversation c1');
});

test('a refusal ends it with a sentence', async () => {
  peer.sockets.each((socket) => socket.close(4403, 'You are not a member of shop.'));
  await begin();
  expect(await ended).toBe(2);
  expect(streams.terminal.text).toContain('✗ You are not a member of shop.');
});

test('--approve all decides on the calls of its own prompts without asking', async () => {
  await connect('--approve', 'all');
  streams.type('go\r');
  await conversation.accepted.first();
  conversation.say({ type: 'tool_use', tool });
  expect(await conversation.accepted.at(1)).toMatchObject({ type: 'approve', toolId: 't1' });
});
