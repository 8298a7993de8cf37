import { mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StoredMessage } from '@holdfast/protocol';
import { TestGateway } from '../support/gateway.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { until } from '../support/until.ts';
import { TestViewer } from '../support/viewer.ts';

let disk: SmallDisk;
let gateway: TestGateway;
let viewer: TestViewer;

/** A gateway whose folder `name` lies on a disk of this size. */
async function startWith(name: 'state' | 'store', megabytes: number): Promise<void> {
  disk = new SmallDisk(megabytes);
  const dir = mkdtempSync(join(tmpdir(), 'story-'));
  symlinkSync(disk.path, join(dir, name));
  gateway = await TestGateway.start({ dir });
  viewer = await TestViewer.open({ url: gateway.url, query: { conversation: 'new' } });
}

beforeEach((context) => {
  if (!SmallDisk.isPossible) context.skip('a small file system can only be mounted by root');
});

afterEach(async () => {
  viewer.ws.terminate();
  disk.free();
  await gateway.end();
  disk.unmount();
});

/** What a new viewer reads from the store. */
async function stored(): Promise<readonly StoredMessage[]> {
  const reader = await TestViewer.open({ url: gateway.url, query: { ...viewer.cursor, after: '0' } });
  await until('the newest message', () => reader.seq === reader.init.seq);
  reader.ws.terminate();
  expect(reader.fault).toBeUndefined();
  return reader.log;
}
const words = (): readonly string[] => viewer.text.match(/tok-\d{6}/g) ?? [];
const numbered = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `tok-${String(index + 1).padStart(6, '0')}`);

describe('the disk with the runners’ journals is full', () => {
  test('the turn ends in order, what was seen stays, and with room the next prompt works', async () => {
    await startWith('state', 6);
    await viewer.turn('say before');
    disk.occupy(3);
    expect(await viewer.turn('stream 20000 0 400\nsay never')).toMatchObject({ reason: 'error' });
    expect(viewer.log.filter(({ type }) => type === 'error')).toMatchObject([{ code: 'unavailable' }]);
    expect(words()).toEqual(numbered(words().length));
    expect(words().length).toBeGreaterThan(1_000);
    expect(await stored()).toEqual(viewer.log);

    disk.occupy();
    expect(await viewer.turn('say refused')).toMatchObject({ reason: 'error' });
    expect(viewer.log.findLast(({ type }) => type === 'error')).toMatchObject({ code: 'unavailable' });

    disk.free();
    expect(await viewer.turn('say after')).toMatchObject({ reason: 'completed' });
    expect(/^before\s*tok-000001\.[^]*after\s*$/.test(viewer.text)).toBe(true);
    expect(/never|refused/.test(viewer.text)).toBe(false);
    expect(viewer.count('done')).toBe(4);
    expect(viewer.fault).toBeUndefined();
    expect(await stored()).toEqual(viewer.log);
  });
});

describe('the disk with the store is full', () => {
  const status = async (path: string): Promise<number> => (await fetch(`${gateway.url}${path}`)).status;

  test(
    'nothing is shown that is not stored, the gateway says that it is not ready, and with room everything arrives once',
    { timeout: 150_000 },
    async () => {
      await startWith('store', 64);
      await viewer.turn('say before');
      expect(await status('/readyz')).toBe(200);
      disk.occupy(58);

      viewer.send({ type: 'prompt', prompt: 'stream 12000 0 1000\nsay end' });
      await until('the store to be full', async () => (await status('/readyz')) === 503, 60_000);
      for (let look = 0; look < 20; look++) expect(await status('/readyz')).toBe(503);
      expect(await status('/livez')).toBe(200);
      expect(await (await fetch(`${gateway.url}/health`)).json()).toMatchObject({
        status: 'degraded',
        checks: { db: false },
      });

      // Small enough to find room perhaps: it is refused, or waits and is carried out.
      const small = viewer.send({ type: 'prompt', prompt: 'say small' });
      expect(viewer.count('done')).toBe(1);
      expect(words()).toEqual(numbered(words().length));
      expect(words().length).toBeLessThan(12_000);
      expect(await stored()).toEqual(viewer.log);

      disk.free();
      const answer = await viewer.until(({ type, ...rest }) => type !== 'user' && 'id' in rest && rest.id === small, {
        patienceMs: 60_000,
      });
      const turns = answer.type === 'accepted' ? 3 : 2;
      await until('every end', () => viewer.count('done') === turns, 60_000);
      expect(words()).toEqual(numbered(12_000));
      expect(viewer.text.match(/small/g) ?? []).toHaveLength(turns - 2);
      expect(viewer.log.filter((message) => message.type === 'done' && message.reason !== 'completed')).toEqual([]);
      await until('the gateway to be ready', async () => (await status('/readyz')) === 200);
      expect(await viewer.turn('say after')).toMatchObject({ reason: 'completed' });
      expect(viewer.fault).toBeUndefined();
      expect(await stored()).toEqual(viewer.log);
    },
  );

  test(
    'and the gateway is killed meanwhile: the next start has everything that was shown, and the rest when there is room',
    { timeout: 150_000 },
    async () => {
      await startWith('store', 64);
      disk.occupy(58);
      viewer.send({ type: 'prompt', prompt: 'stream 12000 0 1000' });
      await until('the store to be full', async () => (await status('/readyz')) === 503, 60_000);
      const shown = viewer.log;
      await gateway.kill();
      disk.free();
      await gateway.start();
      const { cursor } = viewer;
      viewer = await TestViewer.open({ url: gateway.url, query: { ...cursor, after: '0' } });
      await viewer.until((message) => message.type === 'done', { patienceMs: 60_000 });
      expect(viewer.log.slice(0, shown.length)).toEqual(shown);
      expect(words()).toEqual(numbered(12_000));
      expect(viewer.fault).toBeUndefined();
    },
  );
});
