import type { ConversationId } from '@holdfast/protocol';
import type { ConversationStore, LogWrite } from '../conversations/store.ts';
import type { Logger } from '../lib/logger.ts';
import { pauseBefore } from './pause.ts';

/** A lease is renewed every third of this. */
export const leaseMs = 15_000;

type LeaseParts = {
  readonly store: ConversationStore;
  readonly conversationId: ConversationId;
  readonly owner: string;
  readonly generation: number;
  readonly log: Logger;
};

/** This gateway's right to drive a conversation. Its generation is in every write, and fences whoever had the right before. */
export class Lease {
  readonly #parts: LeaseParts;
  #generation: number;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
    this.#generation = parts.generation;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Writes until it is written, for as long as that takes; `over` when `signal` was aborted meanwhile. */
  async write(write: LogWrite, signal: AbortSignal): Promise<'written' | 'lost' | 'deleted' | 'over'> {
    const { store, conversationId, log } = this.#parts;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        if ((await store.write(write)) === 'written') return 'written';
        return (await store.get(conversationId)) === undefined ? 'deleted' : 'lost';
      } catch (error) {
        log.error({ err: error, attempt }, 'conversation not written');
        await pauseBefore(attempt, signal);
      }
    }
    return 'over';
  }

  /** The runner has seen a newer generation: takes one above it. False: somebody else has the conversation. */
  async raise(seen: number): Promise<boolean> {
    const { store, conversationId, owner } = this.#parts;
    const now = Date.now();
    const request = { owner, now, until: now + leaseMs, minGeneration: seen + 1 };
    const result = await store.acquire(conversationId, request);
    if (result.kind === 'acquired') this.#generation = result.generation;
    return result.kind === 'acquired';
  }

  async release(): Promise<void> {
    const { store, conversationId, owner, log } = this.#parts;
    await store.release(conversationId, owner, this.#generation).catch((error: unknown) => {
      log.warn({ err: error }, 'lease not released');
    });
  }
}
