import type { Readable, Writable } from 'node:stream';
import {
  decodeData,
  decodeJsonPayload,
  encodeFrame,
  frameKind,
  FrameReader,
  HoldfastError,
  isErrorCode,
  type Found,
  type FrameKind,
  type Gone,
  type LinkFrame,
  type Opened,
  type OpenRequest,
} from '@holdfast/protocol';
import { StaleGeneration, type RunnerChannel, type RunnerEvents } from './runner-host.ts';

export type Loss = Gone | { readonly reason: 'unreachable' };

type Channel = {
  readonly number: number;
  readonly events: RunnerEvents;
  readonly attached: PromiseWithResolvers<void>;
  isAttached: boolean;
};

/** What comes on a channel that is not a session's. */
export type ChannelReceiver = {
  frame(frame: LinkFrame): void;
  /** The streams have ended; nothing comes any more. */
  lost(loss: Loss): void;
};

/** After `close`, `release` and `lost` its verbs do nothing. */
export type WireChannel = {
  send(kind: FrameKind, payload?: object): void;
  /** Tells the other end that nothing more is wanted. */
  close(): void;
  /** The other end has said that it is over. */
  release(): void;
};

/** The streams ended before the runner had answered; another link may fare better. */
export class LinkBroke extends HoldfastError {
  constructor(what = 'while the session was started; send the prompt again') {
    super('unavailable', `The connection to the machine broke ${what}.`);
  }
}

/** Frames over a pair of streams, a link's or a runner's socket, and the channels on it (docs/protocol.md section 8). */
export class Wire {
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #channels = new Map<number, Channel>();
  readonly #searches = new Map<number, PromiseWithResolvers<string>>();
  readonly #receivers = new Map<number, ChannelReceiver>();
  readonly #paused = new Set<number>();
  #next = 1;
  #loss: Loss | undefined;

  /** `onStrange`: what came is not frames; the caller must end the streams. */
  constructor(input: Readable, output: Writable, onStrange: (error: unknown) => void) {
    this.#input = input;
    this.#output = output;
    const reader = new FrameReader();
    input.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk, (frame) => this.#receive(frame));
      } catch (error) {
        onStrange(error);
      }
    });
    output.on('error', () => undefined);
  }

  /** Opens a channel; resolves after `events.attached`, rejects when the runner refuses or the wire ends first. */
  async attach(request: OpenRequest, events: RunnerEvents, signal: AbortSignal): Promise<void> {
    if (this.#loss !== undefined) throw refusalOf(this.#loss);
    const channel = { number: this.#next++, events, attached: Promise.withResolvers<void>(), isAttached: false };
    this.#channels.set(channel.number, channel);
    this.#send(frameKind.open, channel.number, request);
    const giveUp = (): void => {
      this.#detach(channel);
      channel.attached.reject(signal.reason);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await channel.attached.promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** Where the session's runner listens, on the link's machine. */
  async find(request: OpenRequest): Promise<string> {
    if (this.#loss !== undefined) throw refusalOf(this.#loss);
    const number = this.#next++;
    const search = Promise.withResolvers<string>();
    this.#searches.set(number, search);
    this.#send(frameKind.find, number, { ...request, env: {} });
    return search.promise.finally(() => this.#searches.delete(number));
  }

  /** Opens a channel for something else than a session. Throws `LinkBroke` when the streams have ended. */
  open(kind: FrameKind, request: object, receiver: ChannelReceiver): WireChannel {
    if (this.#loss !== undefined) throw new LinkBroke('before anything began; try again');
    const number = this.#next++;
    this.#receivers.set(number, receiver);
    this.#send(kind, number, request);
    const isHeld = (): boolean => this.#receivers.get(number) === receiver;
    return {
      send: (what, payload) => {
        if (isHeld()) this.#send(what, number, payload);
      },
      close: () => {
        if (this.#receivers.delete(number)) this.#send(frameKind.close, number);
      },
      release: () => void this.#receivers.delete(number),
    };
  }

  /** The streams have ended: everybody on the wire is told. */
  end(loss: Loss): void {
    this.#loss = loss;
    const channels = [...this.#channels.values()];
    this.#channels.clear();
    for (const channel of channels) drop(channel, loss);
    for (const search of this.#searches.values()) search.reject(refusalOf(loss));
    const receivers = [...this.#receivers.values()];
    this.#receivers.clear();
    for (const receiver of receivers) receiver.lost(loss);
  }

  #send(kind: FrameKind, channel: number, payload?: object): void {
    if (this.#output.writable) this.#output.write(encodeFrame(kind, channel, payload));
  }

  #receive(frame: LinkFrame): void {
    const receiver = this.#receivers.get(frame.channel);
    if (receiver !== undefined) return receiver.frame(frame);
    if (frame.kind === frameKind.found) {
      const { socket } = decodeJsonPayload(frame.payload) as Found;
      this.#searches.get(frame.channel)?.resolve(socket);
    } else if (frame.kind === frameKind.gone) {
      this.#gone(frame.channel, decodeJsonPayload(frame.payload) as Gone);
    }
    const channel = this.#channels.get(frame.channel);
    if (channel === undefined) return;
    if (frame.kind === frameKind.data) {
      const { offset, lines } = decodeData(frame.payload);
      channel.events.lines(offset, Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength));
    } else if (frame.kind === frameKind.opened) {
      channel.isAttached = true;
      channel.events.attached(this.#handle(channel, decodeJsonPayload(frame.payload) as Opened));
      channel.attached.resolve();
    }
  }

  #gone(number: number, gone: Gone): void {
    this.#searches.get(number)?.reject(refusalOf(gone));
    const channel = this.#channels.get(number);
    if (channel === undefined) return;
    this.#channels.delete(number);
    this.#resume(channel);
    drop(channel, gone);
  }

  #handle(channel: Channel, opened: Opened): RunnerChannel {
    const { number } = channel;
    const isHeld = (): boolean => this.#channels.get(number) === channel;
    return {
      opened,
      send: (message) => {
        if (isHeld()) this.#send(frameKind.command, number, message);
      },
      acknowledge: (offset) => {
        if (isHeld()) this.#send(frameKind.ack, number, { offset });
      },
      detach: () => this.#detach(channel),
      pause: () => {
        this.#paused.add(number);
        this.#input.pause();
      },
      resume: () => this.#resume(channel),
    };
  }

  #resume(channel: Channel): void {
    if (this.#paused.delete(channel.number) && this.#paused.size === 0) this.#input.resume();
  }

  #detach(channel: Channel): void {
    if (!this.#channels.delete(channel.number)) return;
    this.#resume(channel);
    this.#send(frameKind.close, channel.number);
  }
}

function drop(channel: Channel, loss: Loss): void {
  if (channel.isAttached) channel.events.gone(loss);
  else channel.attached.reject(refusalOf(loss));
}

/** Why an OPEN came to nothing. */
function refusalOf(loss: Loss): Error {
  if (loss.reason === 'stale') return new StaleGeneration(loss.generation ?? 0);
  if (loss.reason === 'unreachable') return new LinkBroke();
  const code = isErrorCode(loss.code) ? loss.code : 'unavailable';
  return new HoldfastError(code, loss.message ?? `The runner did not start (${loss.reason}).`);
}
