import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestGateway } from '../support/gateway.ts';
import { streamText } from '../support/returning-viewer.ts';
import { until } from '../support/until.ts';
import { TestViewer } from '../support/viewer.ts';

describe('a part is killed in mid-turn', () => {
  let gateway: TestGateway;
  let viewer: TestViewer;

  beforeEach(async () => {
    gateway = await TestGateway.start();
    viewer = await TestViewer.open({ url: gateway.url, query: { conversation: 'new' } });
  });
  afterEach(async () => {
    await viewer.close();
    await gateway.end();
  });

  const killAll = (kind: 'link' | 'runner' | 'run'): void => {
    for (const { pid } of gateway.processesOf(kind)) process.kill(pid, 'SIGKILL');
  };
  const firstText = (): Promise<unknown> => viewer.until((message) => message.type === 'text');
  const done = (from = 0): Promise<unknown> => viewer.until((message) => message.type === 'done', { from });

  async function worksAgain(): Promise<void> {
    expect(await viewer.turn('say still here')).toMatchObject({ reason: 'completed' });
    expect(viewer.fault).toBeUndefined();
  }

  test('the agent: its turn ends with agent_crashed and one done, and the next prompt works', async () => {
    viewer.send({ type: 'prompt', prompt: 'stream 5000 5' });
    await firstText();
    killAll('run');
    expect(await done()).toMatchObject({ reason: 'error' });
    expect(viewer.log.find((message) => message.type === 'error')).toMatchObject({ code: 'agent_crashed' });
    expect(viewer.count('done')).toBe(1);
    await worksAgain();
  });

  test('the agent ends by itself without a word: the same', async () => {
    expect(await viewer.turn('crash')).toMatchObject({ reason: 'error' });
    expect(viewer.log.find((message) => message.type === 'error')).toMatchObject({ code: 'agent_crashed' });
    await worksAgain();
  });

  test('the agent while its tool runs: the tool is closed as unknown and its process is gone', async () => {
    viewer.send({ type: 'prompt', prompt: 'run setsid sleep 1000' });
    const asked = await viewer.until((message) => message.type === 'tool_use');
    viewer.send({ type: 'approve', toolId: asked.type === 'tool_use' ? asked.tool.id : '' });
    await until('the command to run', () => gateway.processes().some(({ command }) => command === 'sleep 1000'));
    killAll('run');
    await done();
    expect(viewer.log.find((message) => message.type === 'tool_result')).toMatchObject({
      error: 'interrupted, outcome unknown',
    });
    await until(
      'the command to be gone',
      () => !gateway.processes().some(({ command }) => command.includes('sleep 1000')),
    );
    await worksAgain();
  });

  test('the runner: its turn ends as interrupted, its agent is gone, and the next prompt works', async () => {
    viewer.send({ type: 'prompt', prompt: 'stream 5000 5' });
    await firstText();
    const [agent] = gateway.processesOf('run');
    killAll('runner');
    expect(await done()).toMatchObject({ reason: 'interrupted' });
    expect(viewer.count('done')).toBe(1);
    await until('the orphaned agent to end', () => !gateway.processes().some(({ pid }) => pid === agent?.pid));
    await worksAgain();
  });

  test('the runner while an approval waits: it waits no more, and the prompt can be sent again', async () => {
    viewer.send({ type: 'prompt', prompt: 'write a.txt b' });
    const asked = await viewer.until((message) => message.type === 'tool_use');
    killAll('runner');
    await done();
    viewer.send({ type: 'approve', id: 'late', toolId: asked.type === 'tool_use' ? asked.tool.id : '' });
    expect(await viewer.until((message) => message.type === 'error' && message.id === 'late')).toMatchObject({
      code: 'not_found',
    });
    await worksAgain();
  });

  test('the link, five times: the turn goes on, and further sessions get a new one', async () => {
    viewer.send({ type: 'prompt', prompt: 'stream 1500 2' });
    await firstText();
    for (let kill = 0; kill < 5; kill++) {
      killAll('link');
      const other = await TestViewer.open({ url: gateway.url, query: { conversation: 'new' } });
      expect(await other.turn('say here too')).toMatchObject({ reason: 'completed' });
      await other.close();
    }
    expect(await done()).toMatchObject({ reason: 'completed' });
    expect(viewer.text).toBe(streamText(1_500));
    expect(viewer.fault).toBeUndefined();
  });

  test('everything but the gateway: the turn ends as interrupted and the next prompt works', async () => {
    viewer.send({ type: 'prompt', prompt: 'stream 5000 5' });
    await firstText();
    killAll('link');
    killAll('runner');
    killAll('run');
    expect(await done()).toMatchObject({ reason: 'interrupted' });
    await worksAgain();
  });

  test('everything, the gateway too: the next start closes the turn', async () => {
    viewer.send({ type: 'prompt', prompt: 'stream 5000 5' });
    await firstText();
    const { cursor } = viewer;
    await gateway.kill();
    killAll('link');
    killAll('runner');
    killAll('run');
    await gateway.start();
    viewer = await TestViewer.open({ url: gateway.url, query: cursor });
    expect(await done()).toMatchObject({ reason: 'interrupted' });
    await worksAgain();
  });
});
