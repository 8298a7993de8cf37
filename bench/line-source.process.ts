import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { nowMicros, writeMark } from './line-mark.ts';

/*
 * An agent CLI (docs/protocol.md section 6) that costs next to nothing: it answers the prompt `stream N [MS [BYTES]]`
 * with N text lines of BYTES bytes each, one each MS milliseconds (fractions are fine; 0: as fast as the pipe takes
 * them), each with the time mark, and then `done`. Any other prompt is answered with `done` alone.
 * Start it in the place of `holdfast-agent run demo`: arguments are not looked at.
 */

type Stream = { readonly lines: number; readonly everyMs: number; readonly lineBytes: number };

const defaultLineBytes = 200;
const batchBytes = 65_536;
const encoder = new TextEncoder();
const head = '{"type":"text","agent":"demo","content":"@';
const tail = '","streaming":true,"block":"b1"}\n';

function main(): void {
  write(encoder.encode('{"type":"init","agent":"demo","protocol":1}\n'));
  const prompts: string[] = [];
  let isBusy = false;
  const next = (): void => {
    const prompt = prompts.shift();
    if (prompt === undefined || isBusy) return;
    isBusy = true;
    emit(parseStream(prompt), () => {
      write(encoder.encode('{"type":"done","agent":"demo","reason":"completed"}\n'));
      isBusy = false;
      next();
    });
  };
  const input = createInterface({ input: process.stdin });
  input.on('line', (line) => {
    const prompt = parsePrompt(line);
    if (prompt === undefined) return;
    prompts.push(prompt);
    if (!isBusy) next();
  });
  input.on('close', () => process.exit(0));
}

function parsePrompt(line: string): string | undefined {
  const message = JSON.parse(line) as { readonly type?: unknown; readonly prompt?: unknown };
  return message.type === 'prompt' && typeof message.prompt === 'string' ? message.prompt : undefined;
}

function parseStream(prompt: string): Stream {
  const [verb, lines = 0, everyMs = 0, lineBytes = defaultLineBytes] = prompt
    .trim()
    .split(/\s+/)
    .map((word, index) => (index === 0 ? word : Number(word)));
  if (verb !== 'stream') return { lines: 0, everyMs: 0, lineBytes: defaultLineBytes };
  return { lines: Number(lines), everyMs: Number(everyMs), lineBytes: Number(lineBytes) };
}

function emit(stream: Stream, onEnd: () => void): void {
  const batch = new Batch(stream.lineBytes);
  let sent = 0;
  if (stream.everyMs === 0) {
    while (sent < stream.lines) {
      const lines = Math.min(batch.capacity, stream.lines - sent);
      batch.write(lines);
      sent += lines;
    }
    onEnd();
    return;
  }
  const began = nowMicros();
  const timer = setInterval(
    () => {
      const due = Math.min(stream.lines, Math.floor((nowMicros() - began) / 1000 / stream.everyMs));
      // One write a line, as an agent does.
      for (; sent < due; sent += 1) batch.write(1);
      if (sent < stream.lines) return;
      clearInterval(timer);
      onEnd();
    },
    Math.max(1, Math.floor(stream.everyMs)),
  );
}

/** A buffer full of equal lines in which only the time changes. */
class Batch {
  readonly capacity: number;
  readonly #bytes: Uint8Array;
  readonly #lineBytes: number;

  constructor(lineBytes: number) {
    const digits = '0'.repeat(15);
    const padding = '.'.repeat(Math.max(0, lineBytes - head.length - digits.length - 1 - tail.length));
    const line = encoder.encode(`${head}${digits} ${padding}${tail}`);
    this.#lineBytes = line.length;
    this.capacity = Math.max(1, Math.floor(batchBytes / line.length));
    this.#bytes = new Uint8Array(this.capacity * line.length);
    for (let at = 0; at < this.capacity; at += 1) this.#bytes.set(line, at * line.length);
  }

  write(lines: number): void {
    const now = nowMicros();
    for (let at = 0; at < lines; at += 1) writeMark(this.#bytes, at * this.#lineBytes + head.length, now);
    write(this.#bytes.subarray(0, lines * this.#lineBytes));
  }
}

/** The whole of it, also into a pipe that does not block. */
function write(bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if (!isFull(error)) throw error;
      Atomics.wait(waiting, 0, 0, 0.1);
    }
  }
}

const waiting = new Int32Array(new SharedArrayBuffer(4));

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}

main();
