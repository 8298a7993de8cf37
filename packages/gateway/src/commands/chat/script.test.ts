import { afterEach, beforeEach, expect, test } from 'vitest';

import { ChatTestStreams } from '../../../../../test/support/chat-streams.ts';
import { ScriptedConversation } from '../../../../../test/support/scripted-conversation.ts';
import { ScriptedPeer } from '../../../../../test/support/scripted-peer.ts';
import { runChat } from './chat.ts';

let peer: ScriptedPeer;
let conversation: ScriptedConversation;
let streams: ChatTestStreams;

beforeEach(async () => {
  const projects = [{ id: 'shop', name: 'Shop', agents: ['demo', 'claude'] }];
  peer = await ScriptedPeer.listen({ answer: (path) => (path === '/api/projects' ? { projects } : undefined) });
  conversation = new ScriptedConversation();
  streams = new ChatTestStreams('pipe');
});

afterEach(() => peer.close());

function chat(...args: string[]): Promise<number> {
  return runChat(['--url', peer.url, '--token', 'secret', ...args], {}, streams);
}

const usage = { inputTokens: 1, outputTokens: 2, cost: 0 };

/** Echoes each prompt and ends the turn. */
function echo({ type, prompt }: Record<string, unknown>): void {
  if (type !== 'prompt') return;
  const block = `b${conversation.log.length}`;
  conversation.say(
    { type: 'text', block, content: `you said `, streaming: true },
    { type: 'text', block, content: String(prompt), streaming: true },
    { type: 'done', reason: 'completed', usage },
  );
}

test('each line is a turn, the text goes to stdout, the rest to stderr, and it ends with 0', async () => {
  conversation.say({ type: 'user', id: 'old' as never, userId: 'ada' as never, prompt: 'before' });
  conversation.say({ type: 'text', block: 'old', content: 'an old answer', streaming: true });
  conversation.say({ type: 'done', reason: 'completed' });
  conversation.serve(peer).onAccepted = echo;
  streams.stdin.end('one\n\ntwo');
  expect(await chat()).toBe(0);
  expect(streams.out).toBe('you said one\nyou said two\n');
  expect(streams.err).toBe('done · 1 in · 2 out · $0\ndone · 1 in · 2 out · $0\n');
  expect((await peer.sockets.first()).path).toBe('/projects/shop/agent/demo');
});

test('a turn that was not completed makes it end with 1', async () => {
  conversation.serve(peer).onAccepted = () => {
    conversation.say({ type: 'error', error: 'It broke.', code: 'internal' }, { type: 'done', reason: 'error' });
  };
  streams.stdin.end('break\n');
  expect(await chat()).toBe(1);
  expect(streams.err).toBe('It broke.\nended with an error\n');
});

test.each([
  ['all', 'approve', 0],
  ['none', 'reject', 0],
])('--approve %s decides on the calls of its own turn by %s', async (policy, type, code) => {
  const tool = { id: 't', name: 'run', input: { command: 'ls' }, status: 'pending' } as const;
  conversation.serve(peer).onAccepted = (message) => {
    if (message['type'] === 'prompt') return conversation.say({ type: 'tool_use', tool });
    conversation.say(
      { type: 'decision', toolId: 't', approved: type === 'approve', userId: 'ada' as never },
      { type: 'tool_result', toolId: 't', result: 'a.txt' },
      { type: 'done', reason: 'completed' },
    );
  };
  streams.stdin.end('list\n');
  expect(await chat('--approve', policy)).toBe(code);
  expect(conversation.accepted.all[1]).toMatchObject({ type, toolId: 't' });
  expect(streams.err).toContain('run  $ ls\n');
});

test("it leaves somebody else's calls alone", async () => {
  const tool = { id: 'theirs', name: 'run', input: {}, status: 'pending' } as const;
  conversation.say(
    { type: 'user', id: 'p0' as never, userId: 'grace' as never, prompt: 'hers' },
    { type: 'tool_use', tool },
  );
  conversation.serve(peer).onAccepted = (message) => {
    conversation.say({ type: 'tool_result', toolId: 'theirs', error: 'no' }, { type: 'done', reason: 'completed' });
    echo(message);
  };
  streams.stdin.end('mine\n');
  expect(await chat('--approve', 'all')).toBe(0);
  expect(conversation.accepted.all.map((message) => message['type'])).toEqual(['prompt']);
  expect(streams.out).toBe('you said mine\n');
});

test('a cut in the middle of an answer does not show in the output', async () => {
  conversation.serve(peer).onAccepted = () => {
    conversation.say({ type: 'text', block: 'b', content: 'Hel', streaming: true });
    void streams.shows('Hel').then(() => {
      conversation.cut();
      conversation.say(
        { type: 'text', block: 'b', content: 'lo', streaming: true },
        { type: 'done', reason: 'completed' },
      );
    });
  };
  streams.stdin.end('hi\n');
  expect(await chat()).toBe(0);
  expect(streams.out).toBe('Hello\n');
});

test('a prompt that is refused is an error', async () => {
  const ended = chat('shop');
  streams.stdin.end('hi\n');
  const socket = await peer.sockets.first();
  socket.send(conversation.init('snapshot'));
  socket.send({ type: 'history', agent: 'demo', history: [], seq: 0 });
  const { id } = await socket.received.first();
  socket.send({ type: 'error', agent: 'demo', error: 'Rate limited.', code: 'rate_limit', retryAfter: 1500, id });
  expect(await ended).toBe(1);
  expect(streams.err).toBe('Rate limited. (in 2 s)\n');
});

test('ctrl-c aborts the turn and leaves with 130', async () => {
  conversation.serve(peer);
  streams.stdin.write('run for ever\n');
  const ended = chat();
  await conversation.accepted.first();
  conversation.say({ type: 'text', block: 'b', content: 'running', streaming: true });
  await streams.shows('running');
  streams.pressInterrupt();
  expect(await ended).toBe(130);
  expect(conversation.accepted.all[1]).toMatchObject({ type: 'abort' });
});

test('a reader that goes away ends it', async () => {
  conversation.serve(peer).onAccepted = echo;
  streams.stdin.write('hi\n');
  const ended = chat();
  await streams.shows('you said');
  streams.stdout.destroy(new Error('write EPIPE'));
  expect(await ended).toBe(1);
});

test.each([
  [4401, 'Sign in.', 'Sign in. Pass --token or set HOLDFAST_TOKEN.\n'],
  [4403, 'You are not a member of shop.', 'You are not a member of shop.\n'],
  [4404, 'No such thing.', 'No such thing. Look at the project, --agent and --conversation.\n'],
])('a refusal with %i is one sentence with the way out, and 2', async (code, reason, sentence) => {
  peer.sockets.each((socket) => socket.close(code, reason));
  streams.stdin.write('hi\n');
  expect(await chat()).toBe(2);
  expect(streams.err).toBe(sentence);
});

test.each([
  [['nothing-there'], 'There is no project nothing-there; there are: shop.'],
  [['--url', 'http://127.0.0.1:1'], 'No gateway answers at http://127.0.0.1:1; start one with "holdfast serve"'],
  [['--url', 'gopher://x'], '--url must be the address of a gateway'],
  [['--approve', 'some'], '--approve must be all or none.'],
  [['--dance'], "Unknown option '--dance'; see holdfast chat --help."],
  [['a', 'b'], 'holdfast chat takes one project'],
])('%j cannot begin and says why', async (args, sentence) => {
  await expect(chat(...args)).rejects.toThrow(sentence);
});

test('--help tells how to use it', async () => {
  expect(await chat('--help')).toBe(0);
  expect(streams.out).toContain('Usage: holdfast chat [project]');
});
