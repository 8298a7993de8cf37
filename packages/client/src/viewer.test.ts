import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { ScriptedConversation } from '../../../test/support/scripted-conversation.ts';
import { ScriptedPeer } from '../../../test/support/scripted-peer.ts';
import { Seen } from '../../../test/support/seen.ts';
import { Viewer, type ViewerOptions, type ViewerSnapshot } from './viewer.ts';

let peer: ScriptedPeer;
let conversation: ScriptedConversation;
const opened: Viewer[] = [];

beforeEach(async () => {
  peer = await ScriptedPeer.listen();
  conversation = new ScriptedConversation();
});

afterEach(async () => {
  for (const viewer of opened.splice(0)) viewer.close();
  await peer.close();
});

function watch(options: Partial<ViewerOptions> = {}): { viewer: Viewer; snapshots: Seen<ViewerSnapshot> } {
  const snapshots = new Seen<ViewerSnapshot>();
  const viewer = new Viewer({ url: peer.url, project: 'shop', agent: 'demo', webSocket: WebSocket, ...options });
  viewer.subscribe(() => snapshots.add(viewer.getSnapshot()));
  opened.push(viewer);
  viewer.open();
  return { viewer, snapshots };
}

test('a prompt is local until the log has it, and never in both places', async () => {
  conversation.serve(peer);
  const { viewer, snapshots } = watch();
  const { id } = viewer.send('hello');
  expect(viewer.getSnapshot().unsent).toEqual([{ id, prompt: 'hello' }]);
  expect(viewer.getSnapshot().transcript.items).toEqual([]);
  const shown = await snapshots.first((snapshot) => snapshot.transcript.items.length === 1);
  expect(shown.transcript.items[0]).toMatchObject({ kind: 'user', id, prompt: 'hello' });
  expect(shown.unsent).toEqual([]);
});

test('a burst of pieces makes one snapshot', async () => {
  const clock = new FakeClock();
  const received = new Seen<number>();
  conversation.serve(peer);
  const { viewer, snapshots } = watch({
    clock,
    onMessage: (message) => {
      if (message.type === 'text') received.add(message.seq ?? 0);
    },
  });
  await snapshots.first((snapshot) => snapshot.isConnected);
  clock.advance(16);
  const before = viewer.getSnapshot();
  for (let n = 0; n < 1_000; n++) conversation.say({ type: 'text', block: 'b', content: 'x', streaming: true });
  await received.at(999);
  expect(viewer.getSnapshot()).toBe(before);
  const told = snapshots.all.length;
  clock.advance(16);
  expect(snapshots.all.length).toBe(told + 1);
  expect(viewer.getSnapshot().transcript.items[0]).toMatchObject({ content: 'x'.repeat(1_000) });
});

test('a refused prompt is an error that names it, and the next one clears it', async () => {
  const { viewer, snapshots } = watch();
  const { id } = viewer.send('one');
  const socket = await peer.sockets.first();
  socket.send(conversation.init('snapshot'));
  socket.send({ type: 'error', agent: 'demo', error: 'Rate limited.', code: 'rate_limit', retryAfter: 900, id });
  const refused = await snapshots.first((snapshot) => snapshot.error !== undefined);
  expect(refused.error).toEqual({ code: 'rate_limit', message: 'Rate limited.', retryAfterMs: 900, id });
  expect(refused.unsent).toEqual([]);
  viewer.send('two');
  expect(viewer.getSnapshot().error).toBeUndefined();
});

test('a refused connection is an error with the code of its reason', async () => {
  const { snapshots } = watch();
  (await peer.sockets.first()).close(4403, 'You are not a member of shop.');
  const stopped = await snapshots.first((snapshot) => snapshot.connection.kind === 'stopped');
  expect(stopped.error).toEqual({ code: 'forbidden', message: 'You are not a member of shop.' });
  expect(stopped.isConnected).toBe(false);
});

test('settings are those of init, and then what the log says, whoever changed them', async () => {
  conversation.settings = { model: 'small' };
  conversation.serve(peer);
  const { viewer, snapshots } = watch();
  await snapshots.first((snapshot) => snapshot.settings.model === 'small');
  viewer.setSettings({ permissionMode: 'plan' });
  await snapshots.first((snapshot) => snapshot.settings.permissionMode === 'plan');
  viewer.send('hi', { settings: { model: 'large' } });
  const last = await snapshots.first((snapshot) => snapshot.settings.model === 'large');
  expect(last.settings).toEqual({ model: 'large', permissionMode: 'plan' });
});

test('approve, reject and abort go out as their messages', async () => {
  conversation.serve(peer);
  const { viewer } = watch();
  const sent = [viewer.approve('t1'), viewer.reject('t2', 'too dangerous'), viewer.reject('t3'), viewer.abort()];
  await conversation.accepted.at(3);
  expect(conversation.accepted.all).toEqual([
    { type: 'approve', toolId: 't1', id: sent[0]?.id },
    { type: 'reject', toolId: 't2', reason: 'too dangerous', id: sent[1]?.id },
    { type: 'reject', toolId: 't3', id: sent[2]?.id },
    { type: 'abort', id: sent[3]?.id },
  ]);
});

test('two viewers of one conversation, one of them cut off on the way, end with equal transcripts', async () => {
  conversation.serve(peer);
  const [one, two] = [watch(), watch()];
  conversation.onAccepted = () => {
    conversation.say(
      { type: 'status', status: 'in-progress' },
      { type: 'text', block: 'b', content: 'Hel', streaming: true },
    );
    conversation.cut();
    conversation.say(
      { type: 'text', block: 'b', content: 'lo', streaming: true },
      { type: 'done', reason: 'completed' },
      { type: 'status', status: 'completed' },
    );
  };
  await two.snapshots.first((snapshot) => snapshot.isConnected);
  one.viewer.send('hello');
  const isDone = (snapshot: ViewerSnapshot): boolean => snapshot.transcript.items.at(-1)?.kind === 'end';
  const [left] = await Promise.all([one.snapshots.first(isDone), two.snapshots.first(isDone)]);
  expect(left.transcript.items.map((item) => item.kind)).toEqual(['user', 'text', 'end']);
  expect(one.viewer.getSnapshot().transcript).toEqual(two.viewer.getSnapshot().transcript);
});

test('after close nobody is told anything and nothing is left to run', async () => {
  const clock = new FakeClock();
  conversation.serve(peer);
  const { viewer, snapshots } = watch({ clock });
  await snapshots.first((snapshot) => snapshot.isConnected);
  conversation.say({ type: 'notice', code: 'n', content: 'late' });
  viewer.close();
  const told = snapshots.all.length;
  clock.advance(60_000);
  expect(snapshots.all.length).toBe(told);
  expect(clock.pendingMs).toEqual([]);
});
