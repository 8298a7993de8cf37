import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogBatch } from '../log-batch.ts';
import { batchOf, contentsOf, fieldsOf, none, one, type StoreScene } from './store-scene.contract.ts';

/** Reading a log: whole batches in order, in pages, byte for byte; and logs and batches that are large. */
export function describeLogPages(scene: StoreScene): void {
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

  test('a page of no bytes is still one batch; of very many it is the rest', async () => {
    await scene.create();
    const generation = await scene.lease();
    for (let seq = 1; seq <= 5; seq++) await scene.write(generation, { batch: batchOf(seq, `m${seq}`) });
    expect((await scene.store.readLog(one, 0, 0)).flatMap(contentsOf)).toEqual(['m1']);
    const rest = await scene.store.readLog(one, 2, Number.MAX_SAFE_INTEGER);
    expect(rest.flatMap(contentsOf)).toEqual(['m3', 'm4', 'm5']);
  });

  test('reading after 0, in the middle and after the last follows what is appended', async () => {
    await scene.create();
    const generation = await scene.lease();
    await scene.write(generation, { batch: batchOf(1, 'a', 'b') });
    expect(await scene.texts(2)).toEqual([]);
    await scene.write(generation, { batch: batchOf(3, 'c'), durable: false });
    expect(await scene.texts(2)).toEqual(['c']);
  });

  test('from every number, in pages of any size: each message once, in order', { timeout: 60_000 }, async () => {
    await scene.create();
    const generation = await scene.lease();
    const sizes = [1, 3, 1, 1, 7, 2, 40, 1, 5, 1, 1, 9];
    let last = 0;
    for (const [index, size] of sizes.entries()) {
      const contents = Array.from({ length: size }, (_, at) => `${last + at + 1}:${'x'.repeat((index * 37) % 200)}`);
      await scene.write(generation, { batch: batchOf(last + 1, ...contents), durable: index % 2 === 0 });
      last += size;
    }
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: last + 2 }),
        fc.integer({ min: 0, max: 3_000 }),
        async (seq, maxBytes) => {
          const seen: number[] = [];
          for (let cursor = seq; ;) {
            const batches = await scene.store.readLog(one, cursor, maxBytes);
            if (batches.length === 0) break;
            expectWhole(batches, cursor);
            for (const batch of batches) {
              const numbers = contentsOf(batch).map((content) => Number(content.split(':', 1)[0]));
              seen.push(...numbers.filter((number) => number > seq));
            }
            cursor = batches.at(-1)?.lastSeq ?? cursor;
          }
          expect(seen).toEqual(Array.from({ length: Math.max(0, last - seq) }, (_, at) => seq + at + 1));
        },
      ),
      { numRuns: 25 },
    );
  });

  test('gives bytes back exactly: unicode, control characters, a large message', async () => {
    await scene.create();
    const batch = batchOf(1, 'käse 🧀 \u2028', '\u0000\u0001"\\', 'x'.repeat(300_000));
    await scene.write(await scene.lease(), { batch });
    const read = await scene.store.readLog(one, 0, 1_000_000);
    expect(Buffer.concat(read.map(({ bytes }) => bytes)).equals(batch.bytes)).toBe(true);
  });

  test('numbers have room to grow: batches of thousands of messages', async () => {
    await scene.create();
    const generation = await scene.lease();
    const many = Array.from({ length: 5_000 }, (_, index) => `${index}`);
    await scene.write(generation, { batch: batchOf(1, ...many), durable: false });
    await scene.write(generation, { batch: batchOf(5_001, ...many) });
    expect(await scene.store.get(one)).toMatchObject({ lastSeq: 10_000 });
    expect(await scene.texts(5_000)).toEqual(many);
    expect(await scene.store.readLog(one, 10_000, 1_000)).toEqual([]);
  });

  describe('large ones', () => {
    test('a batch of 6 MB is written as a whole and read as a whole', { timeout: 120_000 }, async () => {
      await scene.create();
      const generation = await scene.lease();
      const batch = batchOf(1, ...Array.from({ length: 12 }, (_, index) => `${index}`.padEnd(500_000, 'ä')));
      expect(batch.bytes.length).toBeGreaterThan(6_000_000);
      expect(await scene.write(generation, { batch, title: 'T' })).toBe('written');
      expect(await scene.write(generation, { batch: batchOf(13, 'after') })).toBe('written');
      expect(await scene.store.get(one)).toMatchObject({ lastSeq: 13, title: 'T' });
      const read = await scene.store.readLog(one, 0, 100_000_000);
      expectWhole(read, 0);
      expect(hashOf(read)).toBe(hashOf([batch, batchOf(13, 'after')]));
    });

    test('a large batch that is refused leaves nothing behind', { timeout: 120_000 }, async () => {
      await scene.create();
      const generation = await scene.lease();
      const large = ['x'.repeat(3_000_000), 'y'.repeat(3_000_000)];
      expect(await scene.write(generation - 1, { batch: batchOf(1, ...large) })).toBe('fenced');
      expect(await scene.write(generation, { batch: batchOf(2, ...large) })).toBe('fenced');
      expect(await scene.store.readLog(one, 0, 1_000)).toEqual([]);
      await scene.write(generation, { batch: batchOf(1, 'small') });
      expect(await scene.texts()).toEqual(['small']);
    });

    test('of two large batches with one number one is there, whole', { timeout: 120_000 }, async () => {
      await scene.create();
      const generation = await scene.lease();
      const batches = ['a', 'b'].map((letter) => batchOf(1, letter.repeat(2_500_000), letter.repeat(10)));
      const results = await Promise.all(batches.map((batch) => scene.write(generation, { batch })));
      expect(results.toSorted()).toEqual(['fenced', 'written']);
      const winner = batches[results.indexOf('written')];
      expect(hashOf(await scene.store.readLog(one, 0, 100_000_000))).toBe(hashOf(winner === undefined ? [] : [winner]));
    });

    test('a log of 50 MB is read back in pages, byte for byte', { timeout: 600_000 }, async () => {
      await scene.create(one, { fields: fieldsOf() });
      const generation = await scene.lease();
      const written = createHash('sha256');
      for (let index = 0; index < 50; index++) {
        const batch = batchOf(index * 4 + 1, ...['a', 'b', 'c', 'd'].map((letter) => letter.repeat(262_000 + index)));
        written.update(batch.bytes);
        const isLast = index === 49;
        expect(await scene.write(generation, { batch, runnerOffset: index, durable: isLast })).toBe('written');
      }
      const read = createHash('sha256');
      let bytes = 0;
      for (let cursor = 0; ;) {
        const batches = await scene.store.readLog(one, cursor, 4_000_000);
        if (batches.length === 0) break;
        expectWhole(batches, cursor);
        const length = batches.reduce((sum, batch) => sum + batch.bytes.length, 0);
        // A page is about what was asked for, never the whole log.
        expect(length).toBeLessThan(6_000_000);
        bytes += length;
        for (const batch of batches) read.update(batch.bytes);
        cursor = batches.at(-1)?.lastSeq ?? cursor;
      }
      expect(bytes).toBeGreaterThan(50_000_000);
      expect(read.digest('hex')).toBe(written.digest('hex'));
      expect(await scene.store.get(one)).toMatchObject({ lastSeq: 200, runnerOffset: 49 });
    });
  });
}

/** Batches follow each other without a hole; the first holds what comes after `seq`. */
function expectWhole(batches: readonly LogBatch[], seq: number): void {
  const [first] = batches;
  expect(first?.firstSeq).toBeLessThanOrEqual(seq + 1);
  expect(first?.lastSeq).toBeGreaterThan(seq);
  let next = first?.firstSeq;
  for (const { firstSeq, lastSeq } of batches) {
    expect(firstSeq).toBe(next);
    next = lastSeq + 1;
  }
}

function hashOf(batches: readonly LogBatch[]): string {
  const hash = createHash('sha256');
  for (const { bytes } of batches) hash.update(bytes);
  return hash.digest('hex');
}
