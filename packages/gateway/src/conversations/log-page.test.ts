import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ConversationId } from '@holdfast/protocol';
import { LogBatchWriter, type LogBatch } from './log-batch.ts';
import { readLogPage } from './log-page.ts';

const id = 'c1' as ConversationId;

/** A log whose batches have these many messages each; a page of it has about `pageBatches` batches. */
function logOf(sizes: readonly number[], pageBatches: number) {
  const batches: LogBatch[] = [];
  for (const size of sizes) {
    const writer = new LogBatchWriter((batches.at(-1)?.lastSeq ?? 0) + 1, 0);
    for (let index = 0; index < size; index++) writer.addMessage({ type: 'superseded', agent: 'demo', block: 'b' });
    batches.push(writer.finish());
  }
  const readLog = async (_id: ConversationId, seq: number): Promise<readonly LogBatch[]> =>
    batches.filter(({ lastSeq }) => lastSeq > seq).slice(0, pageBatches);
  return { readLog, newest: batches.at(-1)?.lastSeq ?? 0 };
}

test('a page begins behind its cursor and has as many messages as were asked for, wherever batches end', async () => {
  const anyLog = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(
      anyLog,
      fc.integer({ min: 1, max: 3 }),
      fc.nat(40),
      fc.integer({ min: 1, max: 30 }),
      async (sizes, pageBatches, after, limit) => {
        const { readLog, newest } = logOf(sizes, pageBatches);
        const page = await readLogPage({ readLog }, id, { after, limit });
        const expected = Math.max(0, Math.min(limit, newest - after));
        expect(page.texts.map((text) => JSON.parse(text).seq)).toEqual(
          Array.from({ length: expected }, (_, index) => after + 1 + index),
        );
        expect(page.lastSeq).toBe(after + expected);
      },
    ),
  );
});
