import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ConversationId } from '@holdfast/protocol';
import { LogBatchWriter, textsOf, type LogBatch } from '../conversations/log-batch.ts';
import { Feed, type Watcher } from './feed.ts';

/** Keeps what it is shown; each showing takes it `costMs` of the fake clock. */
class Notes implements Watcher {
  readonly batches: LogBatch[] = [];
  wakes = 0;
  isOver = false;
  readonly #costMs: number;

  constructor(costMs = 0) {
    this.#costMs = costMs;
  }

  push(batch: LogBatch): void {
    this.batches.push(batch);
    if (this.#costMs > 0) vi.setSystemTime(Date.now() + this.#costMs);
    now += this.#costMs;
  }

  wake(): void {
    this.wakes++;
  }

  gone(): void {
    this.isOver = true;
  }
}

let now = 0;
beforeEach(() => {
  now = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('a feed', () => {
  test('shows a small audience everything at once', () => {
    const feed = new Feed('c' as ConversationId, 0);
    const watcher = new Notes(5);
    feed.watchers.add(watcher);
    for (let seq = 1; seq <= 5; seq++) feed.publish(batchOf(seq));
    expect(watcher.batches).toHaveLength(5);
    expect(feed.lastSeq).toBe(5);
  });

  test('shows a large audience together what comes while it rests, and leaves nothing out', () => {
    const feed = new Feed('c' as ConversationId, 0);
    const crowd = Array.from({ length: 100 }, () => new Notes(0.1));
    for (const watcher of crowd) feed.watchers.add(watcher);
    feed.publish(batchOf(1));
    for (let seq = 2; seq <= 6; seq++) feed.publish(batchOf(seq));
    expect(crowd[0]?.batches).toHaveLength(1);
    expect(feed.lastSeq).toBe(1);
    now += 40;
    vi.advanceTimersByTime(40);
    for (const { batches } of crowd) {
      expect(batches.map(({ firstSeq, lastSeq }) => [firstSeq, lastSeq])).toEqual([
        [1, 1],
        [2, 6],
      ]);
      expect(batches.flatMap(textsOf)).toHaveLength(6);
    }
  });

  test('lets its watchers read the log when another process has written it, after what was still to be shown', () => {
    const feed = new Feed('c' as ConversationId, 0);
    const crowd = Array.from({ length: 100 }, () => new Notes(0.1));
    for (const watcher of crowd) feed.watchers.add(watcher);
    feed.publish(batchOf(1));
    feed.publish(batchOf(2));
    feed.advance(9);
    expect(crowd[0]).toMatchObject({ wakes: 1 });
    expect(crowd[0]?.batches).toHaveLength(2);
    expect(feed.lastSeq).toBe(9);
    feed.advance(3);
    expect(feed.lastSeq).toBe(9);
  });

  test('lets its watchers read the log when a batch does not follow on what they had', () => {
    const feed = new Feed('c' as ConversationId, 0);
    const watcher = new Notes();
    feed.watchers.add(watcher);
    feed.publish(batchOf(5));
    expect(watcher).toMatchObject({ batches: [], wakes: 1 });
    expect(feed.lastSeq).toBe(5);
  });
});

function batchOf(seq: number): LogBatch {
  const writer = new LogBatchWriter(seq, 0);
  writer.addMessage({ type: 'notice', agent: 'demo', code: 'x', content: `m${seq}` });
  return writer.finish();
}
