import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { TestGateway } from '../support/gateway.ts';
import { randomFrom, seed } from '../support/random.ts';
import { ReturningViewer, streamText } from '../support/returning-viewer.ts';
import { until } from '../support/until.ts';
import { TestViewer } from '../support/viewer.ts';

describe('the gateway is killed', () => {
  let gateway: TestGateway;
  afterEach(() => gateway.end());

  test(
    `50 times in 5,000-delta turns: every message once, one done each (seed ${seed})`,
    { timeout: 240_000 },
    async () => {
      gateway = await TestGateway.start();
      const random = randomFrom(seed);
      const viewer = await ReturningViewer.open({ url: gateway.url, query: { conversation: 'new' } });
      let kills = 0;
      let turns = 0;
      while (kills < 50) {
        viewer.viewer.send({ type: 'prompt', id: `turn-${++turns}`, prompt: 'stream 5000 4' });
        await viewer.viewer.until((message) => message.type === 'accepted');
        while (kills < 50 && viewer.count('done') < turns) {
          // A random moment is what is tested; nothing is awaited by this pause.
          await wait(random() * 300);
          await gateway.kill();
          kills++;
          await gateway.start();
          await viewer.reconnect();
        }
        await until('the end of the turn', () => viewer.count('done') === turns, 60_000);
      }
      viewer.verify();
      expect(viewer.text).toBe(streamText(5_000).repeat(turns));
      expect(viewer.count('done')).toBe(turns);
      expect(viewer.log.filter((message) => message.type === 'done' && message.reason !== 'completed')).toEqual([]);
      expect(viewer.count('user')).toBe(turns);
    },
  );

  test('and the agent works on meanwhile', async () => {
    gateway = await TestGateway.start();
    const viewer = await ReturningViewer.open({ url: gateway.url, query: { conversation: 'new' } });
    viewer.viewer.send({ type: 'prompt', prompt: 'stream 20 5\nsleep 0.1\nstream 20 5' });
    await viewer.viewer.until((message) => message.type === 'text');
    await gateway.kill();
    expect(gateway.processesOf('run')).toHaveLength(1);
    await until('the link to be gone with the gateway', () => gateway.processesOf('link').length === 0);
    await gateway.start();
    await viewer.reconnect();
    await viewer.viewer.until((message) => message.type === 'done');
    viewer.verify();
    expect(viewer.text).toBe(streamText(20) + streamText(20));
  });

  test('while an approval waits: it waits still, and is carried out once', async () => {
    gateway = await TestGateway.start();
    const viewer = await ReturningViewer.open({ url: gateway.url, query: { conversation: 'new' } });
    viewer.viewer.send({ type: 'prompt', prompt: 'run echo once >> count.txt\nrun cat count.txt' });
    await viewer.viewer.until((message) => message.type === 'tool_use');
    await gateway.kill();
    await gateway.start();
    await viewer.reconnect();
    const [tool] = viewer.viewer.init.pending;
    expect(viewer.viewer.init.status).toBe('waiting');
    expect(tool).toMatchObject({ name: 'run', status: 'pending', input: { command: 'echo once >> count.txt' } });
    viewer.viewer.send({ type: 'approve', id: 'yes', toolId: tool?.id });
    await viewer.viewer.until((message) => message.type === 'accepted');
    await gateway.kill();
    await gateway.start();
    await viewer.reconnect();
    viewer.viewer.send({ type: 'approve', id: 'yes', toolId: tool?.id });
    expect(await viewer.viewer.until((message) => message.type === 'accepted')).toMatchObject({ duplicate: true });
    const second = await until('the second call', () =>
      viewer.log.find((message) => message.type === 'tool_use' && message.tool.id !== tool?.id),
    );
    viewer.viewer.send({ type: 'approve', toolId: second.type === 'tool_use' ? second.tool.id : '' });
    await viewer.viewer.until((message) => message.type === 'done');
    const results = viewer.log.flatMap((message) => (message.type === 'tool_result' ? [JSON.stringify(message)] : []));
    expect(results).toHaveLength(2);
    expect(results[1]?.match(/once/g)).toHaveLength(1);
    viewer.verify();
  });

  test('right after a prompt was accepted: it is carried out once nevertheless', async () => {
    gateway = await TestGateway.start();
    const viewer = await ReturningViewer.open({ url: gateway.url, query: { conversation: 'new' } });
    for (let round = 1; round <= 5; round++) {
      viewer.viewer.send({ type: 'prompt', id: `p${round}`, prompt: `say round ${round}` });
      await viewer.viewer.until((message) => message.type === 'accepted');
      await gateway.kill();
      await gateway.start();
      await viewer.reconnect();
      await until('the end of the turn', () => viewer.count('done') === round);
    }
    viewer.verify();
    expect(viewer.count('user')).toBe(5);
    expect(viewer.text.replaceAll(/\s/g, '')).toBe('round1round2round3round4round5');
  });

  test('gracefully: viewers hear 1012, the runner goes on, and the next start has everything', async () => {
    gateway = await TestGateway.start();
    const viewer = await ReturningViewer.open({ url: gateway.url, query: { conversation: 'new' } });
    viewer.viewer.send({ type: 'prompt', prompt: 'stream 300 5' });
    await viewer.viewer.until((message) => message.type === 'text');
    await gateway.kill('SIGTERM');
    expect((await viewer.viewer.closed).code).toBe(1012);
    expect(gateway.processesOf('run')).toHaveLength(1);
    await gateway.start();
    await viewer.reconnect();
    await viewer.viewer.until((message) => message.type === 'done');
    viewer.verify();
    expect(viewer.text).toBe(streamText(300));
  });

  test('for good, on one store with two gateways: the other one takes over', async () => {
    gateway = await TestGateway.start();
    const other = await gateway.sibling();
    try {
      const viewer = await TestViewer.open({ url: other.url, query: { conversation: 'new' } });
      const { conversationId: conversation } = viewer.init;
      const first = await TestViewer.open({ url: gateway.url, query: { conversation } });
      first.send({ type: 'prompt', prompt: 'stream 200 10' });
      await viewer.until((message) => message.type === 'text');
      await gateway.kill();
      await viewer.until((message) => message.type === 'done');
      expect(viewer.text).toBe(streamText(200));
      expect(viewer.fault).toBeUndefined();
      await viewer.close();
    } finally {
      await other.kill('SIGTERM');
    }
  });
});
