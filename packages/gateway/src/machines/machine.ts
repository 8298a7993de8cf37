import { connect as connectTo, type Socket } from 'node:net';
import { HoldfastError, type CheckRequest, type OpenRequest } from '@holdfast/protocol';
import type { Logger } from '../lib/logger.ts';
import { runChecksOn } from './check-channel.ts';
import type { CheckHost, CheckListener } from './check-host.ts';
import type { LinkProcess } from './launcher.ts';
import type { RunnerEvents, RunnerHost } from './runner-host.ts';
import { LinkBroke, Wire } from './wire.ts';

export type MachineParts = {
  readonly name: string;
  /** It is this machine: runners' sockets can be reached without the link in between (docs/protocol.md 8.8). */
  readonly isHere: boolean;
  /** Connects, with the tries and pauses that the contract names; rejects with the HoldfastError that people shall read. */
  readonly connect: (options: { signal: AbortSignal }) => Promise<LinkProcess>;
  readonly log: Logger;
};

type Link = { readonly process: LinkProcess; readonly wire: Wire };

/** Runners that end while one is on the way to them; after so many there is something wrong. */
const maxKnocks = 5;
/** Links that break while one session or run is being opened; likewise. */
const maxBreaks = 3;

/**
 * A machine: one link, made when it is first needed and again after it broke, carrying all sessions and runs of checks as channels. On this very
 * machine the link only finds the runners, and each session has its own connection to its runner's socket.
 */
export class Machine implements RunnerHost, CheckHost {
  readonly #parts: MachineParts;
  readonly #closed = new AbortController();
  readonly #sockets = new Set<Socket>();
  #link: Promise<Link> | null = null;

  constructor(parts: MachineParts) {
    this.#parts = parts;
  }

  attach(request: OpenRequest, events: RunnerEvents, { signal }: { signal: AbortSignal }): Promise<void> {
    return this.#overLinks(() => this.#attach(request, events, signal));
  }

  runChecks(request: CheckRequest, listener: CheckListener, { signal }: { signal: AbortSignal }): Promise<void> {
    return this.#overLinks(async () => {
      const { wire } = await abortable(this.#connected(), signal);
      await runChecksOn(wire, request, listener, { machine: this.#parts.name, signal });
    });
  }

  /** Ends the link and the connections; runners go on. Twice is fine. */
  async close(): Promise<void> {
    this.#closed.abort();
    for (const socket of this.#sockets) socket.destroySoon();
    const link = await this.#link?.catch(() => null);
    await link?.process.stop();
  }

  async #overLinks(act: () => Promise<void>): Promise<void> {
    for (let breaks = 1; ; breaks++) {
      try {
        return await act();
      } catch (error) {
        // It may have been dead for a while without anybody's knowing: whether the machine can be reached the next one tells.
        if (!(error instanceof LinkBroke) || breaks === maxBreaks) throw error;
      }
    }
  }

  async #attach(request: OpenRequest, events: RunnerEvents, signal: AbortSignal): Promise<void> {
    const link = await this.#connected();
    signal.throwIfAborted();
    if (!this.#parts.isHere) return link.wire.attach(request, events, signal);
    for (let knocks = 1; ; knocks++) {
      const socket = await reach(await link.wire.find(request));
      if (socket !== undefined && (await this.#attachHere(socket, request, events, signal))) return;
      if (knocks === maxKnocks) {
        throw new HoldfastError('unavailable', 'The runner of the session ends before it answers; try again.');
      }
    }
  }

  /** False: the runner ended without an answer. */
  async #attachHere(socket: Socket, request: OpenRequest, events: RunnerEvents, signal: AbortSignal): Promise<boolean> {
    let hasVanished = false;
    const wire = new Wire(socket, socket, () => socket.destroy());
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      hasVanished = true;
      wire.end({ reason: 'lost' });
    });
    const attaching = wire.attach(
      request,
      {
        attached: (channel) => {
          const detach = (): void => {
            channel.detach();
            socket.end();
          };
          events.attached({ ...channel, detach });
        },
        lines: (offset, lines) => events.lines(offset, lines),
        gone: (gone) => {
          socket.destroySoon();
          events.gone(gone);
        },
      },
      signal,
    );
    try {
      await attaching;
      return true;
    } catch (error) {
      socket.destroySoon();
      if (hasVanished && !signal.aborted) return false;
      throw error;
    }
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
    const wire = new Wire(process.stdout, process.stdin, (error) => {
      log.error({ err: error, machine: name }, 'link spoke something else');
      void process.stop();
    });
    void process.exited.then(({ code, signal, stderr }) => {
      log.info({ machine: name, code, signal, stderr: stderr.slice(-500) }, 'link ended');
      this.#link = null;
      wire.end({ reason: 'unreachable' });
    });
    log.info({ machine: name }, 'link established');
    return { process, wire };
  }
}

/** Rejects with the signal's reason when that comes first; connecting goes on, for others may want it. */
async function abortable<Value>(coming: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([coming, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Undefined: nobody listens there any more. */
function reach(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connectTo(path);
    socket.once('connect', () => {
      socket.off('error', fail);
      socket.on('error', () => undefined);
      resolve(socket);
    });
    const fail = (): void => resolve(undefined);
    socket.once('error', fail);
  });
}
