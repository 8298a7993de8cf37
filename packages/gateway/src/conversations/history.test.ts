import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyTranscript, readTranscript } from '@holdfast/client';
import type { ConversationId, DurableMessage, StoredMessage } from '@holdfast/protocol';
import { pagesOf, readHistory } from './history.ts';
import { LogBatchWriter, textsOf, type LogBatch } from './log-batch.ts';

const id = 'c1' as ConversationId;
const agent = 'demo';

/** A log of these messages, cut into batches after each of these lengths. */
function logOf(messages: readonly DurableMessage[], lengths: readonly number[] = []): LogBatch[] {
  const batches: LogBatch[] = [];
  const cuts = [...lengths];
  for (let at = 0; at < messages.length;) {
    const writer = new LogBatchWriter(at + 1, 1_000_000 + at);
    const end = Math.min(messages.length, at + (cuts.shift() ?? messages.length));
    for (; at < end; at++) writer.addMessage(messages[at] as DurableMessage);
    batches.push(writer.finish());
  }
  return batches;
}

/** Gives one batch at a time, so that a history is read in pages. */
function storeOf(batches: readonly LogBatch[]) {
  return {
    readLog: async (_id: ConversationId, seq: number): Promise<readonly LogBatch[]> =>
      batches.filter((batch) => batch.lastSeq > seq).slice(0, 1),
  };
}

const storedOf = (batches: readonly LogBatch[]): readonly StoredMessage[] =>
  batches.flatMap((batch) => textsOf(batch).map((text) => JSON.parse(text) as StoredMessage));
const text = (content: string, block = 'b1', streaming = true): DurableMessage => ({
  type: 'text',
  agent,
  content,
  streaming,
  block,
});

/** What an agent may say: blocks that stream, are interleaved, are given whole, and are voided for good. */
const messages: fc.Arbitrary<readonly DurableMessage[]> = fc
  .array(
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({
          kind: fc.constant('delta' as const),
          type: fc.constantFrom('text' as const, 'thinking' as const),
          block: fc.nat(3),
          content: fc.string(),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('whole' as const), block: fc.nat(3), content: fc.string() }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('void' as const), block: fc.nat(3) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('notice' as const), content: fc.string() }) },
    ),
    { maxLength: 60 },
  )
  .map((steps) => {
    // A block is of one type, and a voided block's id is not used again (docs/protocol.md 3.5).
    const lives = [0, 0, 0, 0];
    return steps.map((step): DurableMessage => {
      if (step.kind === 'notice') return { type: 'notice', agent, code: 'x', content: step.content };
      const type = step.block < 2 ? ('text' as const) : ('thinking' as const);
      const block = `${step.block}-${lives[step.block]}`;
      if (step.kind === 'void') {
        lives[step.block] = (lives[step.block] ?? 0) + 1;
        return { type: 'superseded', agent, block };
      }
      return { type, agent, block, content: step.content, streaming: step.kind === 'delta' };
    });
  });

describe('a history', () => {
  test('reads like all the messages that it was made of, however the log was cut', async () => {
    await fc.assert(
      fc.asyncProperty(messages, fc.array(fc.integer({ min: 1, max: 9 })), async (all, lengths) => {
        const batches = logOf(all, lengths);
        const history = await readHistory(storeOf(batches), id, all.length);
        const live = readTranscript(emptyTranscript, storedOf(batches));
        expect(readTranscript(emptyTranscript, history).items).toEqual(live.items);
        expect(history.length).toBeLessThanOrEqual(all.length);
        expect(history.map(({ seq }) => seq)).toEqual(history.map(({ seq }) => seq).toSorted((a, b) => a - b));
      }),
    );
  });

  test('joins what streamed of a block, with the number and time of the last', async () => {
    const batches = logOf([text('a'), text('b'), text('c'), text('d', 'b2'), text('e')], [2]);
    const history = await readHistory(storeOf(batches), id, 5);
    expect(history).toMatchObject([
      { seq: 3, content: 'abc', block: 'b1' },
      { seq: 4, content: 'd', block: 'b2' },
      { seq: 5, content: 'e', block: 'b1' },
    ]);
    expect(history[0]?.at).toBe(storedOf(batches)[2]?.at);
  });

  test('leaves out what was voided, and what is newer than what was asked for', async () => {
    const all = [
      text('void'),
      { type: 'superseded', agent, block: 'b1' } as const,
      text('kept', 'b2'),
      text('new', 'b2'),
    ];
    expect(await readHistory(storeOf(logOf(all)), id, 3)).toMatchObject([
      { type: 'superseded' },
      { content: 'kept', seq: 3 },
    ]);
  });

  test('of nothing is one empty page', async () => {
    expect(pagesOf(await readHistory(storeOf([]), id, 0), 1_000)).toEqual([[]]);
  });
});

describe('the pages of a history', () => {
  const maxBytes = 1_048_576;
  const bytesOf = (page: readonly StoredMessage[]): number => Buffer.byteLength(JSON.stringify(page));

  test.each([
    ['one block of many deltas', Array.from({ length: 5_000 }, () => text('x'.repeat(1_000)))],
    ['one block in a script of three bytes a character', Array.from({ length: 5_000 }, () => text('語'.repeat(300)))],
    ['many blocks', Array.from({ length: 5_000 }, (_, index) => text('x'.repeat(1_000), `b${index}`))],
  ])('hold about 1 MiB each: %s', async (_name, all) => {
    const batches = logOf(all, [1_000, 1_000]);
    const pages = pagesOf(await readHistory(storeOf(batches), id, all.length), maxBytes);
    for (const page of pages) expect(bytesOf(page)).toBeLessThan(maxBytes * 1.3);
    expect(pages.length).toBeLessThan(12);
    expect(readTranscript(emptyTranscript, pages.flat()).items).toEqual(
      readTranscript(emptyTranscript, storedOf(batches)).items,
    );
  });

  test('have all messages in order, and no page is empty but a lonely one', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200)), fc.integer({ min: 1, max: 1_000 }), (sizes, bytes) => {
        const history = sizes.map((size, index): StoredMessage => ({
          ...text('x'.repeat(size)),
          seq: index + 1,
          at: '',
        }));
        const pages = pagesOf(history, bytes);
        expect(pages.flat()).toEqual(history);
        if (pages.length > 1) expect(pages.every((page) => page.length > 0)).toBe(true);
      }),
    );
  });
});
