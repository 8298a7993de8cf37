import type { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import type { ConversationId } from '@holdfast/protocol';
import { LogBatchWriter, textsOf, type LogBatch } from '../conversations/log-batch.ts';
import type { ConversationStore } from '../conversations/store.ts';
import { Feed } from '../sessions/feed.ts';
import { Viewer } from './viewer.ts';

const id = 'c1' as ConversationId;

/** A TCP socket whose other end reads when it is told to. */
class SlowSocket {
  writable = true;
  writableLength = 0;
  bytesWritten = 0;
  mostUnsent = 0;
  readonly frames: Buffer[] = [];

  write(bytes: Buffer): void {
    this.frames.push(bytes);
    this.writableLength += bytes.length;
    this.bytesWritten += bytes.length;
    this.mostUnsent = Math.max(this.mostUnsent, this.writableLength);
  }
}

/** A log, a feed that follows it, and one viewer of both. */
class Scene {
  readonly log: LogBatch[] = [];
  readonly feed: Feed;
  readonly socket = new SlowSocket();
  readonly close = vi.fn<(code: number, reason: string) => void>();
  readonly viewer: Viewer;
  isStoreDown = false;
  #lastSeq = 0;

  constructor() {
    this.feed = new Feed(id, 0);
    const store = {
      readLog: async (_id: ConversationId, seq: number): Promise<readonly LogBatch[]> => {
        if (this.isStoreDown) throw new Error('away');
        const found = this.log.filter((batch) => batch.lastSeq > seq).slice(0, 2);
        await Promise.resolve();
        return found;
      },
    };
    const ws = { close: this.close } as unknown as WebSocket;
    this.viewer = new Viewer(ws, this.socket as unknown as Socket, 'demo', store as unknown as ConversationStore);
    this.feed.watchers.add(this.viewer);
  }

  /** The log grows: by this gateway's own session, or by another process, of which the feed is told later. */
  append(count: number, bytes: number, isOwn: boolean): void {
    const writer = new LogBatchWriter(this.#lastSeq + 1, 0);
    const content = 'x'.repeat(bytes);
    for (let index = 0; index < count; index++)
      writer.addMessage({ type: 'notice', agent: 'demo', code: 'x', content });
    const batch = writer.finish();
    this.#lastSeq = batch.lastSeq;
    this.log.push(batch);
    if (isOwn) this.feed.publish(batch);
  }

  hint(): void {
    this.feed.advance(this.#lastSeq);
  }

  /** The other end reads this share of what waits. */
  drain(share: number): void {
    const { socket } = this;
    socket.writableLength -= Math.ceil(socket.writableLength * share);
    if (socket.writableLength === 0) this.viewer.drained();
  }

  /** Lets everything happen that does not need the other end. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  async finish(): Promise<readonly number[]> {
    this.hint();
    for (let quiet = 0; quiet < 2;) {
      const before = this.socket.frames.length;
      await this.settle();
      this.drain(1);
      await this.settle();
      quiet = this.socket.frames.length === before ? quiet + 1 : 0;
    }
    return this.seqs;
  }

  get seqs(): readonly number[] {
    return this.socket.frames.flatMap((bytes) =>
      textsOf({ firstSeq: 1, lastSeq: 1, bytes }).map((text) => (JSON.parse(text) as { seq: number }).seq),
    );
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }
}

const numbers = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from }, (_, index) => from + index + 1);

const step = fc.oneof(
  fc.record({
    do: fc.constant('append' as const),
    count: fc.integer({ min: 1, max: 5 }),
    bytes: fc.constantFrom(1, 200, 70_000),
    isOwn: fc.boolean(),
  }),
  fc.record({ do: fc.constant('hint' as const) }),
  fc.record({ do: fc.constant('drain' as const), share: fc.constantFrom(0.5, 1) }),
  fc.record({ do: fc.constant('settle' as const) }),
);

describe('a viewer', () => {
  test('gets everything after its cursor once and in order, however log, hints and its own pace are interleaved', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 12 }),
        fc.array(step, { maxLength: 25 }),
        fc.nat(10),
        async (before, after, wish) => {
          const scene = new Scene();
          const act = async (one: typeof step extends fc.Arbitrary<infer Step> ? Step : never): Promise<void> => {
            if (one.do === 'append') scene.append(one.count, one.bytes, one.isOwn);
            else if (one.do === 'hint') scene.hint();
            else if (one.do === 'drain') scene.drain(one.share);
            else await scene.settle();
          };
          for (const one of before) await act(one);
          const cursor = Math.min(wish, scene.lastSeq);
          scene.feed.advance(cursor);
          scene.viewer.follow(scene.feed, cursor);
          for (const one of after) await act(one);
          expect(await scene.finish()).toEqual(numbers(cursor, scene.lastSeq));
          // 256 KiB that may wait, and what one look into the log gives on top.
          expect(scene.socket.mostUnsent).toBeLessThan(256 * 1024 + 2 * 5 * 70_200);
          expect(scene.close).not.toHaveBeenCalled();
        },
      ),
      { numRuns: 400 },
    );
  });

  test('that is live is given what is published in the same step', () => {
    const scene = new Scene();
    scene.viewer.follow(scene.feed, 0);
    scene.append(3, 1, true);
    expect(scene.seqs).toEqual([1, 2, 3]);
  });

  test('that does not read is given no more than its share, and the rest when it reads on', async () => {
    const scene = new Scene();
    scene.viewer.follow(scene.feed, 0);
    await scene.settle();
    for (let batch = 0; batch < 100; batch++) scene.append(1, 70_000, true);
    await scene.settle();
    expect(scene.socket.writableLength).toBeLessThan(400_000);
    expect(await scene.finish()).toEqual(numbers(0, 100));
  });

  test('is sent away, to come back, when the log cannot be read', async () => {
    const scene = new Scene();
    scene.append(1, 1, false);
    scene.isStoreDown = true;
    scene.viewer.follow(scene.feed, 0);
    scene.hint();
    await scene.settle();
    expect(scene.close).toHaveBeenCalledWith(1013, expect.stringMatching(/connect again/));
  });

  test('that has gone is written to no more', async () => {
    const scene = new Scene();
    scene.viewer.follow(scene.feed, 0);
    await scene.settle();
    scene.socket.writable = false;
    scene.append(1, 1, true);
    await scene.settle();
    expect(scene.seqs).toEqual([]);
  });

  test('is stuck for as long as something waits and nothing leaves, from the last look on', () => {
    const { viewer, socket } = new Scene();
    expect(viewer.stuckForMs(1_000)).toBe(0);
    viewer.sendFrames(Buffer.alloc(100));
    // It counts from the last look at which nothing waited.
    expect(viewer.stuckForMs(2_000)).toBe(1_000);
    expect(viewer.stuckForMs(61_000)).toBe(60_000);
    socket.writableLength = 50;
    expect(viewer.stuckForMs(62_000)).toBe(0);
    expect(viewer.stuckForMs(63_000)).toBe(1_000);
    socket.writableLength = 0;
    expect(viewer.stuckForMs(64_000)).toBe(0);
  });
});
