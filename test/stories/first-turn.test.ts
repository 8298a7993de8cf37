import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestGateway } from '../support/gateway.ts';
import { TestViewer } from '../support/viewer.ts';

describe('a person and the demo agent', () => {
  let gateway: TestGateway;

  beforeAll(async () => {
    gateway = await TestGateway.start();
  });
  afterAll(() => gateway.end());

  const open = (query: Record<string, string> = { conversation: 'new' }): Promise<TestViewer> =>
    TestViewer.open({ url: gateway.url, query });

  test('a prompt streams back and ends with one done and its usage', async () => {
    const viewer = await open();
    const done = await viewer.turn('say hello world');
    expect(done).toMatchObject({ type: 'done', reason: 'completed', usage: { inputTokens: 15 } });
    expect(viewer.text.trim()).toBe('hello world');
    expect(viewer.count('done')).toBe(1);
    expect(viewer.fault).toBeUndefined();
    await viewer.close();
  });

  test('messages have type and agent, and durable ones begin with number and time', async () => {
    const viewer = await open();
    await viewer.turn('think about it\nsay done');
    for (const message of viewer.messages) expect(message.agent).toBe('demo');
    expect(viewer.log.map(({ seq }) => seq)).toEqual(viewer.log.map((_, index) => index + 1));
    for (const { at } of viewer.log) expect(new Date(at).toISOString()).toBe(at);
    await viewer.close();
  });

  test('a tool call waits, is approved, and really writes', async () => {
    const viewer = await open();
    viewer.send({ type: 'prompt', prompt: 'write notes/hello.txt hi there' });
    const asked = await viewer.until((message) => message.type === 'tool_use' && message.tool.status === 'pending');
    const file = join(gateway.workspace, 'notes', 'hello.txt');
    expect(existsSync(file)).toBe(false);
    if (asked.type !== 'tool_use') throw new Error('no tool call');
    viewer.send({ type: 'approve', toolId: asked.tool.id });
    await viewer.until((message) => message.type === 'done');
    expect(readFileSync(file, 'utf8').trim()).toBe('hi there');
    expect(viewer.log.map(({ type }) => type).filter((type) => type !== 'status')).toEqual([
      'user',
      'tool_use',
      'decision',
      'tool_use',
      'tool_use',
      'tool_result',
      'done',
    ]);
    await viewer.close();
  });
});
