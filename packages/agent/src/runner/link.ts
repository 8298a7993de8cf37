import { setTimeout as delay } from 'node:timers/promises';
import {
  encodeFrame,
  encodeRawFrame,
  frameKind,
  HoldfastError,
  type LinkFrame,
  type OpenRequest,
} from '@holdfast/protocol';
import { parseCheckRequest } from './link-check-request.ts';
import { LinkCheck, type CheckProgram } from './link-check.ts';
import { connectRunner, type ConnectOptions } from './connect-runner.ts';
import { LinkChannel, type Channel } from './link-channel.ts';
import type { LinkOutput } from './link-output.ts';
import { parseOpenRequest } from './open-request.ts';
import { sessionPaths } from './session-paths.ts';

/** How long what was sent last may take to reach the runners when the link ends. */
const flushMs = 2000;

/** Any number of attached sessions over one pipe (docs/protocol.md section 8). */
export class Link {
  readonly #output: LinkOutput;
  readonly #options: Omit<ConnectOptions, 'signal'>;
  readonly #checks: CheckProgram;
  readonly #channels = new Map<number, Channel>();
  /** All that still hold a connection, also those whose number is free again. */
  readonly #closing = new Set<Promise<void>>();
  readonly #closed = new AbortController();

  constructor(output: LinkOutput, options: Omit<ConnectOptions, 'signal'>, checks: CheckProgram) {
    this.#output = output;
    this.#options = options;
    this.#checks = checks;
  }

  /** Carries out one frame of the gateway. Unknown kinds, and frames for a channel that is gone, are dropped. */
  take(frame: LinkFrame): void {
    const { kind, channel, payload } = frame;
    if (kind === frameKind.open) return this.#open(channel, payload);
    if (kind === frameKind.check) return this.#check(channel, payload);
    if (kind === frameKind.find) return void this.#find(channel, payload);
    const open = this.#channels.get(channel);
    if (open === undefined) return;
    if (kind === frameKind.close) return this.#close(open);
    open.take(frame);
  }

  /** Lets all sessions go; their runners live on. Resolves when what was sent has reached them, or 2 s later. */
  async close(): Promise<void> {
    this.#closed.abort();
    const open = [...this.#channels.values()];
    for (const channel of open) this.#close(channel);
    await Promise.race([Promise.all(this.#closing), delay(flushMs, undefined, { ref: false })]);
    for (const channel of open) channel.destroy();
  }

  #open(channel: number, payload: Uint8Array): void {
    this.#free(channel);
    let request: OpenRequest;
    try {
      request = parseOpenRequest(payload);
    } catch (thrown) {
      return this.#fail(channel, thrown);
    }
    const { session, agent, cwd } = request;
    const opened = new LinkChannel({
      channel,
      open: encodeRawFrame(frameKind.open, channel, payload),
      connect: (signal) => connectRunner({ session, agent, cwd }, { ...this.#options, signal }),
      output: this.#output,
      onOver: () => this.#forget(channel, opened),
    });
    this.#channels.set(channel, opened);
  }

  /** Answered before anything else, so that the gateway knows that this link can do it. */
  #check(channel: number, payload: Uint8Array): void {
    this.#free(channel);
    this.#output.write([encodeFrame(frameKind.opened, channel, {})]);
    try {
      const request = parseCheckRequest(payload);
      const onOver = (): void => this.#forget(channel, check);
      const check = new LinkCheck({ channel, request, output: this.#output, program: this.#checks, onOver });
      this.#channels.set(channel, check);
    } catch (thrown) {
      this.#fail(channel, thrown);
    }
  }

  #free(channel: number): void {
    const before = this.#channels.get(channel);
    if (before !== undefined) this.#close(before);
  }

  #forget(number: number, channel: Channel): void {
    if (this.#channels.get(number) === channel) this.#channels.delete(number);
  }

  /** Sees to it that the session has a runner, and tells where it listens: a gateway on the same machine goes there itself. */
  async #find(channel: number, payload: Uint8Array): Promise<void> {
    try {
      const { session, agent, cwd } = parseOpenRequest(payload);
      const found = { session, agent, cwd };
      const runner = await connectRunner(found, { ...this.#options, signal: this.#closed.signal });
      runner.destroy();
      const { socket } = sessionPaths(this.#options.stateDir, session);
      this.#output.write([encodeFrame(frameKind.found, channel, { socket })]);
    } catch (thrown) {
      this.#fail(channel, thrown);
    }
  }

  #fail(channel: number, thrown: unknown): void {
    const { code, message } = HoldfastError.from(thrown);
    this.#output.write([encodeFrame(frameKind.gone, channel, { reason: 'failed', code, message })]);
  }

  #close(channel: Channel): void {
    const closed = channel.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }
}
