import { describe, expect, it } from 'vitest';
import { LineWriter } from './line-writer.ts';

function openWriter() {
  const batches: string[] = [];
  const reads: (() => void)[] = [];
  const writer = new LineWriter({
    write: (batch, done) => {
      batches.push(batch);
      reads.push(done);
    },
    writeNow: (batch) => batches.push(batch),
  });
  return { writer, batches, read: () => reads.shift()?.() };
}

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('LineWriter', () => {
  it('writes the lines of one tick at once', async () => {
    const { writer, batches } = openWriter();
    writer.write('a');
    writer.write('b');
    expect(batches).toEqual([]);
    await turnOfTheLoop();
    expect(batches).toEqual(['a\nb\n']);
  });

  it('collects what comes while a batch is being read, and is full when that is much', async () => {
    const { writer, batches, read } = openWriter();
    writer.write('a');
    await turnOfTheLoop();
    writer.write('b');
    writer.write('x'.repeat(300_000));
    await turnOfTheLoop();
    expect(batches).toEqual(['a\n']);
    expect(writer.isFull).toBe(true);
    let isDrained = false;
    const drained = writer.drained().then(() => (isDrained = true));
    read();
    expect(batches).toHaveLength(2);
    expect(isDrained).toBe(false);
    read();
    await drained;
    expect(writer.isFull).toBe(false);
  });

  it('lets what is left go at once at the end of the process', () => {
    const { writer, batches } = openWriter();
    writer.write('last');
    writer.flushNow();
    expect(batches).toEqual(['last\n']);
  });
});
