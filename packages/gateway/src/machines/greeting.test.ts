import { PassThrough } from 'node:stream';
import { linkGreeting } from '@holdfast/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Child } from './child.ts';
import { awaitGreeting } from './greeting.ts';

const never = new AbortController().signal;

/** A child that only has a stdout. */
function childWith(stdout: PassThrough): Child {
  return {
    process: { stdout } as unknown as Child['process'],
    ended: new Promise(() => {}),
    stderr: () => '',
    stop: async () => {},
  };
}

describe('waiting for the greeting', () => {
  test('hands over the same bytes wherever the stream is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string().filter((noise) => !`${noise}${linkGreeting}`.slice(0, -1).includes(linkGreeting)),
        fc.uint8Array({ maxLength: 100 }),
        fc.array(fc.nat(200), { maxLength: 5 }),
        async (noise, frames, cuts) => {
          const bytes = Buffer.concat([Buffer.from(noise + linkGreeting), frames]);
          const stdout = new PassThrough();
          const greeting = awaitGreeting(childWith(stdout), { timeoutMs: 5000, signal: never });
          for (const piece of piecesOf(bytes, cuts)) stdout.write(piece);
          expect(await greeting).toEqual({ kind: 'greeted' });
          stdout.end();
          expect(Buffer.concat(await stdout.toArray())).toEqual(Buffer.from(frames));
        },
      ),
    );
  });

  test('leaves the stream as it found it, so that it flows for the next listener', async () => {
    const stdout = new PassThrough();
    const greeting = awaitGreeting(childWith(stdout), { timeoutMs: 5000, signal: never });
    stdout.write(`Welcome\n${linkGreeting}first`);
    await greeting;
    expect(stdout.readableFlowing).toBeNull();
    const chunk = new Promise((resolve) => stdout.once('data', resolve));
    expect(String(await chunk)).toBe('first');
  });
});

function piecesOf(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const ends = [...cuts.filter((cut) => cut < bytes.length), bytes.length].toSorted((one, other) => one - other);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}
