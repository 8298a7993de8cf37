import { HoldfastError, type Gone, type OpenRequest } from '@holdfast/protocol';
import type { Logger } from '../lib/logger.ts';
import { StaleGeneration, type RunnerChannel, type RunnerHost } from '../machines/runner-host.ts';
import { pauseBefore } from './pause.ts';

export type Loss = Gone | { readonly reason: 'unreachable' };

export type AttachmentParts = {
  readonly host: RunnerHost;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** What to ask for now: the offset and generation change between attempts. */
  readonly request: () => OpenRequest;
  readonly onLines: (offset: number, lines: Buffer) => void;
  readonly onAttached: (channel: RunnerChannel) => void;
  /** The attachment broke. True: it is wanted again. */
  readonly onLost: (loss: Loss) => boolean;
  /** An attempt failed for this reason. True: try again, for ever; false: enough. */
  readonly onFailed: (error: HoldfastError) => boolean;
  /** The runner has seen generation `current`. False: the conversation is not ours any more. */
  readonly onStale: (current: number) => Promise<boolean>;
};

/**
 * A session's hold on its runner: attached, being attached, or neither. `ensure` asks for it, and from then on a hold that
 * breaks is taken again as long as the session wants it; one that breaks again and again, more and more slowly.
 */
export class Attachment {
  readonly #parts: AttachmentParts;
  #channel: RunnerChannel | null = null;
  #isAttaching = false;
  /** Attachments that broke one after the other without a line in between. */
  #losses = 0;

  constructor(parts: AttachmentParts) {
    this.#parts = parts;
  }

  get channel(): RunnerChannel | null {
    return this.#channel;
  }

  get isAttaching(): boolean {
    return this.#isAttaching;
  }

  ensure(): void {
    if (this.#isAttaching || this.#channel !== null || this.#parts.signal.aborted) return;
    this.#isAttaching = true;
    void this.#attach();
  }

  close(): void {
    this.#channel?.detach();
    this.#channel = null;
  }

  /** Until it is attached (then `#hold` was called) or given up. */
  async #attach(): Promise<void> {
    const { signal } = this.#parts;
    if (this.#losses > 1) await pauseBefore(this.#losses - 2, signal);
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await this.#attachOnce();
        return;
      } catch (thrown) {
        if (signal.aborted || !(await this.#mayTryAgain(thrown, attempt))) break;
      }
    }
    this.#isAttaching = false;
  }

  async #mayTryAgain(thrown: unknown, attempt: number): Promise<boolean> {
    const { signal, log, onFailed, onStale } = this.#parts;
    if (thrown instanceof StaleGeneration) return onStale(thrown.current);
    const error = HoldfastError.from(thrown);
    log.warn({ err: error, attempt }, 'runner not reached');
    if (!onFailed(error)) return false;
    await pauseBefore(attempt, signal);
    return true;
  }

  async #attachOnce(): Promise<void> {
    const { host, signal, request, onLines } = this.#parts;
    await host.attach(
      request(),
      {
        attached: (channel) => this.#hold(channel),
        lines: (offset, lines) => {
          this.#losses = 0;
          onLines(offset, lines);
        },
        gone: (loss) => this.#lose(loss),
      },
      { signal },
    );
  }

  #hold(channel: RunnerChannel): void {
    if (this.#parts.signal.aborted) {
      channel.detach();
      return;
    }
    this.#channel = channel;
    this.#isAttaching = false;
    this.#parts.onAttached(channel);
  }

  #lose(loss: Loss): void {
    this.#channel = null;
    this.#losses++;
    if (this.#parts.signal.aborted) return;
    this.#parts.log.info({ reason: loss.reason }, 'runner detached');
    if (this.#parts.onLost(loss)) this.ensure();
  }
}
