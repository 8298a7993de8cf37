import { expect, test } from 'vitest';
import { newSessionState } from './conversation.ts';
import { batchOf, none, one, start, type StoreScene } from './store-scene.contract.ts';

/** The message log: appended in order by the one writer that the lease names, read in pages. */
export function describeLog(scene: StoreScene): void {
  test('writes messages, offset, session, status and title together', async () => {
    await scene.create();
    const generation = await scene.lease();
    const session = { ...newSessionState, runnerEpoch: 'r1' };
    const change = { runnerOffset: 7, session, status: 'in-progress', title: 'T' } as const;
    expect(await scene.write(generation, { batch: batchOf(1, 'a', 'b'), at: start + 9, ...change })).toBe('written');
    expect(await scene.store.get(one)).toMatchObject({ lastSeq: 2, lastActivityAt: start + 9, ...change });
    expect(await scene.texts()).toEqual(['a', 'b']);
  });

  test('keeps what a write does not name', async () => {
    await scene.create();
    const generation = await scene.lease();
    await scene.write(generation, { batch: batchOf(1, 'a'), runnerOffset: 7, status: 'waiting', title: 'T' });
    await scene.write(generation, { batch: batchOf(2, 'b') });
    expect(await scene.store.get(one)).toMatchObject({ lastSeq: 2, runnerOffset: 7, status: 'waiting', title: 'T' });
  });

  test('raises the version with every write', async () => {
    const { version } = await scene.create();
    const generation = await scene.lease();
    await scene.write(generation, { title: 'a' });
    await scene.write(generation, { title: 'b' });
    expect((await scene.store.get(one))?.version).toBe(version + 2);
  });

  test.each([
    ['a number too high', 3],
    ['a number that is taken', 1],
    ['no number at all', 0],
  ])('refuses a batch that begins with %s, whole', async (_name, firstSeq) => {
    await scene.create();
    const generation = await scene.lease();
    await scene.write(generation, { batch: batchOf(1, 'a') });
    expect(await scene.write(generation, { batch: batchOf(firstSeq, 'x'), title: 'not this' })).toBe('fenced');
    expect(await scene.store.get(one)).toMatchObject({ lastSeq: 1, title: '' });
    expect(await scene.texts()).toEqual(['a']);
  });

  test('refuses an old generation', async () => {
    await scene.create();
    const old = await scene.lease(one, 'gateway-1');
    scene.pass(1_000);
    const young = await scene.lease(one, 'gateway-2');
    expect(young).toBeGreaterThan(old);
    expect(await scene.write(old, { batch: batchOf(1, 'old') })).toBe('fenced');
    expect(await scene.write(young, { batch: batchOf(1, 'young') })).toBe('written');
    expect(await scene.texts()).toEqual(['young']);
  });

  test('refuses a write to a conversation that is not there', async () => {
    expect(await scene.write(1, { conversationId: none })).toBe('fenced');
  });

  test('many writes at once are done in the order of the calls', async () => {
    await scene.create();
    const generation = await scene.lease();
    const numbers = Array.from({ length: 60 }, (_, index) => index + 1);
    const results = await Promise.all(
      numbers.map((seq) => scene.write(generation, { batch: batchOf(seq, `m${seq}`), durable: seq % 3 === 0 })),
    );
    expect(new Set(results)).toEqual(new Set(['written']));
    expect(await scene.texts()).toEqual(numbers.map((seq) => `m${seq}`));
  });

  test('of two writers with one number one is refused', async () => {
    await scene.create();
    const generation = await scene.lease();
    const results = await Promise.all([
      scene.write(generation, { batch: batchOf(1, 'a') }),
      scene.write(generation, { batch: batchOf(1, 'b') }),
    ]);
    expect(results).toEqual(['written', 'fenced']);
    expect(await scene.texts()).toEqual(['a']);
  });

  test('reads from the middle of a batch: the whole batch is given', async () => {
    await scene.create();
    await scene.write(await scene.lease(), { batch: batchOf(1, 'a', 'b', 'c') });
    const [batch] = await scene.store.readLog(one, 1, 1_000);
    expect(batch).toMatchObject({ firstSeq: 1, lastSeq: 3 });
  });

  test('reads nothing at the end, beyond it, and of a conversation that is not there', async () => {
    await scene.create();
    await scene.write(await scene.lease(), { batch: batchOf(1, 'a') });
    expect(await scene.store.readLog(one, 1, 1_000)).toEqual([]);
    expect(await scene.store.readLog(one, 99, 1_000)).toEqual([]);
    expect(await scene.store.readLog(none, 0, 1_000)).toEqual([]);
  });

  test('reads in pages of about the size that was asked for, at least one batch', async () => {
    await scene.create();
    const generation = await scene.lease();
    for (let seq = 1; seq <= 10; seq++) await scene.write(generation, { batch: batchOf(seq, 'x'.repeat(1_000)) });
    expect(await scene.store.readLog(one, 0, 1)).toHaveLength(1);
    const page = await scene.store.readLog(one, 3, 3_000);
    expect(page.length).toBeGreaterThan(1);
    expect(page.length).toBeLessThan(5);
    expect(page[0]?.firstSeq).toBe(4);
  });

  test('gives bytes back exactly: unicode, control characters, a large message', async () => {
    await scene.create();
    const batch = batchOf(1, 'käse 🧀 \u2028', '\u0000\u0001"\\', 'x'.repeat(300_000));
    await scene.write(await scene.lease(), { batch });
    const read = await scene.store.readLog(one, 0, 1_000_000);
    expect(Buffer.concat(read.map(({ bytes }) => bytes)).equals(batch.bytes)).toBe(true);
  });
}
