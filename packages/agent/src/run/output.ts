import { writeSync } from 'node:fs';
import type { LineSink } from './line-writer.ts';

/** stdout as a sink. `onBroken`: nobody reads any more. */
export function openOutput(onBroken: () => void): LineSink {
  let isBroken = false;
  let isListening = false;
  return {
    write(batch, done) {
      if (isBroken) return done();
      if (!isListening) {
        isListening = true;
        process.stdout.on('error', () => {
          isBroken = true;
          onBroken();
        });
      }
      process.stdout.write(batch, () => done());
    },
    writeNow(batch) {
      if (!isBroken) writeFully(Buffer.from(batch));
    },
  };
}

/** Writes to a pipe that may be full for a moment; gives up after a second, or when nobody reads. */
function writeFully(bytes: Buffer): void {
  // Counted, not timed: a clock costs the start a millisecond.
  const maxWaits = 200;
  for (let at = 0, waits = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at);
    } catch (fault) {
      waits += 1;
      if ((fault as NodeJS.ErrnoException).code !== 'EAGAIN' || waits > maxWaits) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
