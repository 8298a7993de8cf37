import {
  decodeData,
  decodeJsonPayload,
  encodeFrame,
  frameKind,
  FrameReader,
  HoldfastError,
  isErrorCode,
  type ClientMessage,
  type FrameKind,
  type Gone,
  type LinkFrame,
  type Opened,
  type OpenRequest,
} from '@holdfast/protocol';
import type { Logger } from '../lib/logger.ts';
import type { LinkProcess } from './launcher.ts';
import { StaleGeneration, type RunnerChannel, type RunnerEvents, type RunnerHost } from './runner-host.ts';

type Channel = {
  readonly number: number;
  readonly events: RunnerEvents;
  readonly attached: PromiseWithResolvers<void>;
  isAttached: boolean;
};

type Link = {
  readonly process: LinkProcess;
  readonly channels: Map<number, Channel>;
  readonly paused: Set<number>;
};

export type MachineParts = {
  readonly name: string;
  /** Connects, with the tries and pauses that the contract names; rejects with the HoldfastError that people shall read. */
  readonly connect: (options: { signal: AbortSignal }) => Promise<LinkProcess>;
  readonly log: Logger;
};

/**
 * A machine: one link, made when it is first needed and again after it broke, carrying all sessions as channels
 * (docs/protocol.md section 8).
 */
export class Machine implements RunnerHost {
  readonly #parts: MachineParts;
  readonly #closed = new AbortController();
  #link: Promise<Link> | null = null;
  #nextChannel = 1;

  constructor(parts: MachineParts) {
    this.#parts = parts;
  }

  async attach(request: OpenRequest, events: RunnerEvents, { signal }: { signal: AbortSignal }): Promise<void> {
    const link = await this.#connected();
    signal.throwIfAborted();
    const channel: Channel = {
      number: this.#nextChannel++,
      events,
      attached: Promise.withResolvers<void>(),
      isAttached: false,
    };
    link.channels.set(channel.number, channel);
    send(link, frameKind.open, channel.number, request);
    const giveUp = (): void => {
      detach(link, channel);
      channel.attached.reject(signal.reason);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await channel.attached.promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** Ends the link; runners go on. Twice is fine. */
  async close(): Promise<void> {
    this.#closed.abort();
    const link = await this.#link?.catch(() => null);
    await link?.process.stop();
  }

  #connected(): Promise<Link> {
    if (this.#closed.signal.aborted) {
      return Promise.reject(new HoldfastError('unavailable', 'The gateway is stopping.'));
    }
    const link = (this.#link ??= this.#connect());
    link.catch(() => {
      if (this.#link === link) this.#link = null;
    });
    return link;
  }

  async #connect(): Promise<Link> {
    const { connect, log, name } = this.#parts;
    const process = await connect({ signal: this.#closed.signal });
    const link: Link = { process, channels: new Map(), paused: new Set() };
    const reader = new FrameReader();
    process.stdout.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk, (frame) => receive(link, frame));
      } catch (error) {
        log.error({ err: error, machine: name }, 'link spoke something else');
        void process.stop();
      }
    });
    process.stdin.on('error', () => undefined);
    void process.exited.then(({ code, signal, stderr }) => {
      log.info({ machine: name, code, signal, stderr: stderr.slice(-500) }, 'link ended');
      this.#link = null;
      const channels = [...link.channels.values()];
      link.channels.clear();
      for (const channel of channels) drop(channel, { reason: 'unreachable' });
    });
    log.info({ machine: name }, 'link established');
    return link;
  }
}

function runnerChannel(link: Link, channel: Channel, opened: Opened): RunnerChannel {
  const isHeld = (): boolean => link.channels.get(channel.number) === channel;
  return {
    opened,
    send: (message: ClientMessage) => {
      if (isHeld()) send(link, frameKind.command, channel.number, message);
    },
    acknowledge: (offset) => {
      if (isHeld()) send(link, frameKind.ack, channel.number, { offset });
    },
    detach: () => detach(link, channel),
    pause: () => {
      link.paused.add(channel.number);
      link.process.stdout.pause();
    },
    resume: () => resume(link, channel),
  };
}

function resume(link: Link, channel: Channel): void {
  if (link.paused.delete(channel.number) && link.paused.size === 0) link.process.stdout.resume();
}

function detach(link: Link, channel: Channel): void {
  if (!link.channels.delete(channel.number)) return;
  resume(link, channel);
  send(link, frameKind.close, channel.number);
}

function send(link: Link, kind: FrameKind, channel: number, payload?: object): void {
  if (link.process.stdin.writable) link.process.stdin.write(encodeFrame(kind, channel, payload));
}

function receive(link: Link, frame: LinkFrame): void {
  const channel = link.channels.get(frame.channel);
  if (channel === undefined) return;
  switch (frame.kind) {
    case frameKind.data: {
      const { offset, lines } = decodeData(frame.payload);
      channel.events.lines(offset, Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength));
      return;
    }
    case frameKind.opened:
      channel.isAttached = true;
      channel.events.attached(runnerChannel(link, channel, decodeJsonPayload(frame.payload) as Opened));
      channel.attached.resolve();
      return;
    case frameKind.gone:
      link.channels.delete(frame.channel);
      resume(link, channel);
      drop(channel, decodeJsonPayload(frame.payload) as Gone);
      return;
    default:
  }
}

function drop(channel: Channel, gone: Gone | { readonly reason: 'unreachable' }): void {
  if (channel.isAttached) channel.events.gone(gone);
  else channel.attached.reject(refusal(gone));
}

function refusal(gone: Gone | { readonly reason: 'unreachable' }): Error {
  if (gone.reason === 'stale') return new StaleGeneration(gone.generation ?? 0);
  if (gone.reason === 'unreachable') {
    return new HoldfastError('unavailable', 'The connection to the machine broke while the session was started.');
  }
  const code = isErrorCode(gone.code) ? gone.code : 'unavailable';
  return new HoldfastError(code, gone.message ?? `The runner did not start (${gone.reason}).`);
}
