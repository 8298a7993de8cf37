import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  decodeData,
  decodeJsonPayload,
  encodeFrame,
  frameKind,
  FrameReader,
  linkGreeting,
  type FrameKind,
  type LinkFrame,
} from '@holdfast/protocol';
import { LineLog, type Line } from './line-log.ts';
import { TestCheck } from './test-check.ts';

/** The gateway's end of a running `holdfast-agent link`. */
export class TestLink {
  readonly process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #cwd: string;
  readonly #channels = new Map<number, { takeFrame(frame: LinkFrame): void }>();
  readonly #frames = new FrameReader();
  #nextChannel = 1;
  #greeting = '';

  constructor(child: ChildProcess, cwd: string) {
    this.process = child;
    this.#cwd = cwd;
    this.#exited = once(child, 'exit');
    child.stdout?.on('data', (chunk: Buffer) => this.#take(chunk));
    child.stderr?.on('data', (chunk: Buffer) => process.stderr.write(chunk));
    child.stdin?.on('error', () => undefined);
  }

  /** Opens a session on a new channel; the answer is the channel's first line. */
  open(session: string, options: object = {}): TestChannel {
    const number = this.#nextChannel;
    this.#nextChannel += 1;
    const channel = new TestChannel((kind, payload) => this.#send(kind, number, payload));
    this.#channels.set(number, channel);
    this.#send(frameKind.open, number, { session, agent: 'fake', cwd: this.#cwd, from: 0, env: {}, ...options });
    return channel;
  }

  /** Runs checks on a new channel, in the project's directory. */
  check(request: object = {}): TestCheck {
    const number = this.#nextChannel;
    this.#nextChannel += 1;
    const channel = new TestCheck((kind, payload) => this.#send(kind, number, payload));
    this.#channels.set(number, channel);
    this.#send(frameKind.check, number, { cwd: this.#cwd, ...request });
    return channel;
  }

  async close(): Promise<void> {
    this.process.stdin?.end();
    await this.#exited;
  }

  #send(kind: FrameKind, channel: number, payload?: object): void {
    this.process.stdin?.write(encodeFrame(kind, channel, payload));
  }

  #take(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#greeting !== linkGreeting) {
      const missing = linkGreeting.length - this.#greeting.length;
      this.#greeting += bytes.subarray(0, missing).toString();
      bytes = bytes.subarray(missing);
    }
    this.#frames.push(bytes, (frame) => this.#channels.get(frame.channel)?.takeFrame(frame));
  }
}

/** One attached session. OPENED and GONE appear among its lines as `opened` and `gone`. */
export class TestChannel extends LineLog {
  /** The offset of the line after the last one that came. */
  next = 0;
  bytes = 0;
  /** False: DATA is counted but not kept. */
  keepsLines = true;
  #onData: (() => void) | undefined;
  #isFrozen = false;
  readonly #send: (kind: FrameKind, payload?: object) => void;

  constructor(send: (kind: FrameKind, payload?: object) => void) {
    super();
    this.#send = send;
  }

  async opened(): Promise<Line> {
    return await this.untilType('opened');
  }

  async gone(): Promise<Line> {
    return await this.untilType('gone');
  }

  command(message: object): void {
    this.#send(frameKind.command, message);
  }

  prompt(id: string, prompt: string): void {
    this.command({ type: 'prompt', id, prompt });
  }

  ack(offset: number): void {
    this.#send(frameKind.ack, { offset });
  }

  close(): void {
    this.#send(frameKind.close);
  }

  end(): void {
    this.#send(frameKind.end);
  }

  /** Resolves when the journal was received up to this offset. */
  async untilOffset(offset: number): Promise<void> {
    while (this.next < offset) await new Promise<void>((resolve) => (this.#onData = resolve));
  }

  /** Takes nothing more, and returns the lines of the journal that came, as they stand there. */
  freeze(): string[] {
    this.#isFrozen = true;
    return this.lines.flatMap((line) => (['opened', 'gone'].includes(line.type) ? [] : [JSON.stringify(line)]));
  }

  takeFrame(frame: LinkFrame): void {
    if (this.#isFrozen) return;
    if (frame.kind === frameKind.data) this.#takeData(frame.payload);
    else {
      const payload = decodeJsonPayload(frame.payload) ?? {};
      if (frame.kind === frameKind.opened) this.next = Number(payload['from']);
      this.add({ type: frame.kind === frameKind.opened ? 'opened' : 'gone', ...payload });
    }
  }

  #takeData(payload: Uint8Array): void {
    const { offset, lines } = decodeData(payload);
    if (offset !== this.next) throw new Error(`line ${this.next} was expected and ${offset} came`);
    let count = 0;
    for (let at = lines.indexOf(10); at >= 0; at = lines.indexOf(10, at + 1)) count += 1;
    if (lines.at(-1) !== 10) throw new Error('a DATA frame must hold whole lines');
    this.next += count;
    this.bytes += lines.length;
    if (this.keepsLines) this.take(lines);
    this.#onData?.();
  }
}
