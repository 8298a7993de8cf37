import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';

import { ScriptedConversation } from '../../../test/support/scripted-conversation.ts';
import { ScriptedPeer } from '../../../test/support/scripted-peer.ts';
import { Seen } from '../../../test/support/seen.ts';
import { Connection } from './connection.ts';
import { Viewer } from './viewer.ts';

const reported = new Seen<unknown>();
let peer: ScriptedPeer;
let close: () => void;

beforeEach(async () => {
  peer = await ScriptedPeer.listen();
  new ScriptedConversation().serve(peer);
  vi.stubGlobal('reportError', reported.add);
});

afterEach(async () => {
  close();
  await peer.close();
  vi.unstubAllGlobals();
});

test('what the listeners of a connection throw is reported, and its messages are sent and answered as ever', async () => {
  const faults = { onState: new Error('state'), onMessage: new Error('message'), onSettled: new Error('settled') };
  const options = { url: peer.url, project: 'shop', agent: 'demo', token: 'secret', webSocket: WebSocket };
  const connection = new Connection(options, {
    onState: () => fail(faults.onState),
    onMessage: () => fail(faults.onMessage),
    onSettled: () => fail(faults.onSettled),
  });
  close = () => connection.close();
  connection.open();
  const { settled } = connection.send({ type: 'prompt', prompt: 'one' });
  expect(await settled).toEqual({ kind: 'accepted', duplicate: false });
  expect(connection.outbox).toEqual([]);
  for (const fault of Object.values(faults)) expect(reported.all).toContain(fault);
});

test('a subscriber of a viewer that throws keeps no other one from being told', () => {
  const fault = new Error('no room on the page');
  const viewer = new Viewer({ url: peer.url, project: 'shop', agent: 'demo', webSocket: WebSocket });
  close = () => viewer.close();
  const unsent: unknown[] = [];
  viewer.subscribe(() => fail(fault));
  viewer.subscribe(() => unsent.push(...viewer.getSnapshot().unsent));
  const { id } = viewer.send('hello');
  expect(unsent).toEqual([{ id, prompt: 'hello' }]);
  expect(reported.all).toContain(fault);
});

function fail(error: Error): never {
  throw error;
}
