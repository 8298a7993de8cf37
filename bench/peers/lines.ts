import type { Readable } from 'node:stream';

const newline = 10;

/** Calls back with the lines of a stream, without their ends, as many as a chunk completes. */
export function onLines(input: Readable, callback: (line: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  input.on('data', (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let begin = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, begin)) {
      callback(bytes.subarray(begin, end));
      begin = end + 1;
    }
    rest = bytes.subarray(begin);
  });
}
