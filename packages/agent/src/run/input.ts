import { readSync } from 'node:fs';

type InputListener = { onChunk(chunk: Buffer): void; onEnd(): void };

/**
 * Reads stdin to its end. The first chunk is waited for synchronously: before it there is nothing to do, and the machinery of
 * process.stdin costs a tenth of the start. `onFirst` runs when there is something to do.
 */
export function readInput(onFirst: () => void, listener: InputListener): void {
  const first = readFirst();
  if (first !== 'later' && first.length === 0) return listener.onEnd();
  onFirst();
  if (first !== 'later') listener.onChunk(first);
  process.stdin.on('data', (chunk: Buffer) => listener.onChunk(chunk));
  process.stdin.once('end', () => listener.onEnd());
  // The other end went without saying good-bye: the same thing.
  process.stdin.once('error', () => listener.onEnd());
}

/** `later`: stdin cannot be waited for here (somebody made it non-blocking). */
function readFirst(): Buffer | 'later' {
  const buffer = Buffer.allocUnsafe(64 * 1024);
  try {
    return buffer.subarray(0, readSync(0, buffer, 0, buffer.length, null));
  } catch {
    return 'later';
  }
}
