import type { Socket } from 'node:net';
import { encodeFrame, encodeRawFrame, frameKind, HoldfastError, type Gone, type LinkFrame } from '@holdfast/protocol';
import { FramePass } from './frame-pass.ts';
import type { LinkOutput } from './link-output.ts';

/** Bytes of commands that may wait for a runner; beyond that something is wrong with it. */
const maxQueuedBytes = 8_388_608;
const maxAttempts = 5;

/** What the link keeps under a number. */
export type Channel = {
  take(frame: LinkFrame): void;
  /** The gateway wants no more of it, and nothing more may be sent. Resolves when what is to be done for that is done. */
  close(): Promise<void>;
  /** At once, whatever is on its way. */
  destroy(): void;
};

export type ChannelOptions = {
  readonly channel: number;
  /** The OPEN frame as it came. */
  readonly open: Uint8Array;
  /** Finds or starts the runner. */
  readonly connect: (signal: AbortSignal) => Promise<Socket>;
  readonly output: LinkOutput;
  /** Called once: the channel's number is free again. */
  readonly onOver: () => void;
};

/**
 * One attached session on the link: frames to its runner, frames from its runner, as bytes. Until the runner has answered
 * the OPEN, everything that was sent is kept, and sent again when that runner ends before it answers: it may have been
 * about to leave when we came.
 */
export class LinkChannel implements Channel {
  readonly #options: ChannelOptions;
  readonly #gaveUp = new AbortController();
  #unanswered: Uint8Array[];
  #socket: Socket | undefined;
  #isAnswered = false;
  /** GONE was sent to the gateway, or the gateway has closed the channel: nothing more may be sent on it. */
  #isOver = false;
  readonly #done: Promise<void>;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#unanswered = [options.open];
    this.#done = this.#run();
  }

  /** Passes a frame of the gateway on. */
  take({ kind, channel, payload }: LinkFrame): void {
    this.send(encodeRawFrame(kind, channel, payload));
  }

  send(frame: Uint8Array): void {
    if (!this.#isAnswered) this.#unanswered.push(frame);
    this.#socket?.write(frame);
    const queued = this.#socket?.writableLength ?? this.#unanswered.reduce((sum, { length }) => sum + length, 0);
    if (queued <= maxQueuedBytes) return;
    this.#gone({ reason: 'failed', code: 'unavailable', message: 'The session does not take its commands.' });
    this.#socket?.destroy();
  }

  /** The gateway wants no more of it. Resolves when what was sent before has reached the runner. */
  async close(): Promise<void> {
    this.#over();
    this.send(encodeFrame(frameKind.close, this.#options.channel));
    await this.#done;
  }

  /** At once, whatever is on its way. */
  destroy(): void {
    this.#over();
    this.#gaveUp.abort();
    this.#socket?.destroy();
  }

  async #run(): Promise<void> {
    try {
      for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
        const socket = await this.#options.connect(this.#gaveUp.signal);
        await this.#pass(socket);
        if (this.#isOver) return;
        if (this.#isAnswered) return this.#gone({ reason: 'lost' });
      }
      this.#gone({
        reason: 'failed',
        code: 'unavailable',
        message: 'The runner of the session ends before it answers.',
      });
    } catch (thrown) {
      const { code, message } = HoldfastError.from(thrown);
      this.#gone({ reason: 'failed', code, message });
    }
  }

  /** Resolves when the connection is over. */
  async #pass(socket: Socket): Promise<void> {
    this.#socket = socket;
    const frames = new FramePass();
    socket.once('close', this.#options.output.addSource(socket));
    for (const frame of this.#unanswered) socket.write(frame);
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.on('data', (chunk: Buffer) => {
        let isLast = false;
        try {
          frames.push(
            chunk,
            (kind) => {
              this.#answered();
              isLast ||= kind === frameKind.gone;
            },
            (pieces) => this.#isOver || this.#options.output.write(pieces),
          );
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          socket.destroy();
        }
        if (isLast) this.#over();
      });
    });
    this.#socket = undefined;
  }

  #answered(): void {
    this.#isAnswered = true;
    this.#unanswered = [];
  }

  #gone(gone: Gone): void {
    if (this.#isOver) return;
    this.#options.output.write([encodeFrame(frameKind.gone, this.#options.channel, gone)]);
    this.#over();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onOver();
  }
}
