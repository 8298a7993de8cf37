import { connect } from 'node:net';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestGateway } from '../support/gateway.ts';
import { ReturningViewer, streamText } from '../support/returning-viewer.ts';
import { until } from '../support/until.ts';
import { TestViewer } from '../support/viewer.ts';

describe('viewers', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await TestGateway.start();
  });
  afterAll(() => gateway.end());
  const open = (query: Record<string, string> = { conversation: 'new' }): Promise<TestViewer> =>
    TestViewer.open({ url: gateway.url, query });

  test('one that drops and comes back 100 times has every message once', async () => {
    const viewer = await ReturningViewer.open({ url: gateway.url, query: { conversation: 'new' } });
    viewer.viewer.send({ type: 'prompt', prompt: 'stream 2000 2' });
    await viewer.viewer.until((message) => message.type === 'accepted');
    while (viewer.connections <= 100) {
      if (viewer.count('done') === 0) await viewer.viewer.until(({ type }) => type === 'text' || type === 'done');
      await viewer.reconnect();
    }
    await until('the end of the turn', () => viewer.count('done') === 1);
    viewer.verify();
    expect(viewer.text).toBe(streamText(2_000));
    await viewer.viewer.close();
  });

  test('two see the same, and a third that comes later sees it as history', async () => {
    const first = await open();
    const conversation = first.init.conversationId;
    const second = await open({ conversation });
    first.send({ type: 'prompt', prompt: 'think hm\nstream 50 1\nsay end' });
    await Promise.all([first, second].map((viewer) => viewer.until((message) => message.type === 'done')));
    await Promise.all(
      [first, second].map((viewer) =>
        viewer.until((message) => message.type === 'status' && message.status === 'completed'),
      ),
    );
    expect(second.log).toEqual(first.log);
    const third = await open({ conversation });
    expect(third.init.mode).toBe('snapshot');
    expect(third.text).toBe(first.text);
    expect(third.log.length).toBeLessThan(first.log.length);
    expect(third.seq).toBe(first.seq);
    await Promise.all([first, second, third].map((viewer) => viewer.close()));
  });

  test('one that never reads harms nobody, and the gateway does not grow with what it has not read', async () => {
    const reader = await open();
    const conversation = reader.init.conversationId;
    const deaf = deafViewer(gateway.port, conversation);
    await until('the deaf one to be let in', () => deaf.isOpen);
    const before = residentBytes(gateway.pid);
    // 60 MB of text: far more than any socket buffer.
    reader.send({ type: 'prompt', prompt: 'stream 60000 0 1000' });
    await reader.until((message) => message.type === 'done', { patienceMs: 60_000 });
    expect(reader.count('text')).toBe(60_000);
    expect(reader.fault).toBeUndefined();
    expect(residentBytes(gateway.pid) - before).toBeLessThan(200 * 1024 * 1024);
    deaf.end();
    await reader.close();
  });

  test('a cursor of another epoch or beyond the end gets a snapshot', async () => {
    const viewer = await open();
    await viewer.turn('say hi');
    const { conversation, epoch } = viewer.cursor;
    const other = await open({ conversation, after: '1', epoch: 'other' });
    expect(other.init.mode).toBe('snapshot');
    const beyond = await open({ conversation, after: '9999', epoch });
    expect(beyond.init.mode).toBe('snapshot');
    expect(beyond.text).toBe(viewer.text);
    await Promise.all([viewer, other, beyond].map((each) => each.close()));
  });

  test('without naming a conversation a person gets the newest one; "new" makes another', async () => {
    const first = await open();
    await first.turn('say hi');
    const again = await open({});
    expect(again.init.conversationId).toBe(first.init.conversationId);
    const fresh = await open();
    expect(fresh.init.conversationId).not.toBe(first.init.conversationId);
    await Promise.all([first, again, fresh].map((viewer) => viewer.close()));
  });
});

describe('commands', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await TestGateway.start();
  });
  afterAll(() => gateway.end());
  const open = (query: Record<string, string> = { conversation: 'new' }, token = 'ada-token'): Promise<TestViewer> =>
    TestViewer.open({ url: gateway.url, token, query });

  test('the same prompt id ten times over three connections is carried out once', async () => {
    const first = await open();
    const conversation = first.init.conversationId;
    const viewers = [first, await open({ conversation }), await open({ conversation })];
    for (let time = 0; time < 10; time++) {
      viewers[time % 3]?.send({ type: 'prompt', id: 'only-once', prompt: 'say once' });
    }
    const answers = await until('ten answers', () => {
      const all = viewers.flatMap((viewer) => viewer.messages.filter((message) => message.type === 'accepted'));
      return all.length === 10 && all;
    });
    expect(answers.filter((answer) => answer.duplicate === undefined)).toHaveLength(1);
    await first.until((message) => message.type === 'done');
    await first.turn('say twice');
    expect(first.text.match(/once/g)).toHaveLength(1);
    expect(first.count('user')).toBe(2);
    await Promise.all(viewers.map((viewer) => viewer.close()));
  });

  test('prompts that come while a turn runs are queued and done in order, one done each', async () => {
    const viewer = await open();
    for (let index = 0; index < 5; index++) viewer.send({ type: 'prompt', prompt: `sleep 0.05\nsay number-${index}` });
    await until('five ends', () => viewer.count('done') === 5);
    expect(viewer.text.match(/number-\d/g)).toEqual([0, 1, 2, 3, 4].map((index) => `number-${index}`));
    await viewer.close();
  });

  test('abort ends the running turn; what waits in the queue is carried out', async () => {
    const viewer = await open();
    viewer.send({ type: 'prompt', prompt: 'sleep 600' });
    viewer.send({ type: 'prompt', prompt: 'say next' });
    await viewer.until((message) => message.type === 'status' && message.status === 'in-progress');
    viewer.send({ type: 'abort' });
    await until('two ends', () => viewer.count('done') === 2);
    expect(viewer.log.flatMap((message) => (message.type === 'done' ? [message.reason] : []))).toEqual([
      'aborted',
      'completed',
    ]);
    await viewer.close();
  });

  test('abort with nothing to abort is accepted', async () => {
    const viewer = await open();
    const id = viewer.send({ type: 'abort' });
    expect(await viewer.until((message) => message.type === 'accepted')).toMatchObject({ id });
    await viewer.close();
  });

  test('of two decisions the first wins and the second learns what stands', async () => {
    const ada = await open();
    const grace = await open({ conversation: ada.init.conversationId }, 'grace-token');
    ada.send({ type: 'prompt', prompt: 'write never.txt x' });
    const asked = await grace.until((message) => message.type === 'tool_use');
    const toolId = asked.type === 'tool_use' ? asked.tool.id : '';
    grace.send({ type: 'reject', toolId, reason: 'not today' });
    await ada.until((message) => message.type === 'decision');
    const late = ada.send({ type: 'approve', toolId });
    expect(await ada.until((message) => message.type === 'accepted' && message.id === late)).toMatchObject({
      duplicate: true,
    });
    const copies = await until('the copy', () => {
      const all = ada.messages.filter((message) => message.type === 'decision');
      return all.length === 2 && all;
    });
    expect(copies[1]).toMatchObject({ approved: false, userId: 'grace', reason: 'not today' });
    expect(copies[1]).not.toHaveProperty('seq');
    await ada.until((message) => message.type === 'done');
    await Promise.all([ada.close(), grace.close()]);
  });

  test('settings hold from the next prompt on, also after a restart', async () => {
    const viewer = await open();
    viewer.send({ type: 'settings', settings: { permissionMode: 'acceptEdits' } });
    expect(await viewer.turn('write allowed.txt x')).toMatchObject({ reason: 'completed' });
    expect(viewer.count('decision')).toBe(0);
    const { cursor } = viewer;
    await gateway.kill();
    await gateway.start();
    const again = await open(cursor);
    expect(again.init.settings).toEqual({ permissionMode: 'acceptEdits' });
    expect(await again.turn('write allowed.txt y')).toMatchObject({ reason: 'completed' });
    await again.close();
  });
});

/** A socket that is upgraded and then never read. */
function deafViewer(port: number, conversation: string): { readonly isOpen: boolean; end(): void } {
  const socket = connect(port, '127.0.0.1');
  let isOpen = false;
  socket.on('error', () => undefined);
  socket.once('readable', () => {
    socket.read(1);
    isOpen = true;
  });
  socket.write(
    [
      `GET /projects/shop/agent/demo?conversation=${conversation} HTTP/1.1`,
      'Host: 127.0.0.1',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Authorization: Bearer ada-token',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      '',
      '',
    ].join('\r\n'),
  );
  return {
    get isOpen() {
      return isOpen;
    },
    end: () => socket.destroy(),
  };
}

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
