import type { ConversationStore } from '../conversations/store.ts';
import type { Logger } from '../lib/logger.ts';

/** The time, and being called later; a test brings its own. */
export type Clock = {
  readonly now: () => number;
  readonly setTimeout: (run: () => void, delayMs: number) => unknown;
  readonly clearTimeout: (timer: unknown) => void;
};

export type DailyCleanupParts = {
  readonly store: Pick<ConversationStore, 'beginWork' | 'endWork' | 'cleanup'>;
  /** Who does it, among the gateways that share the store. */
  readonly owner: string;
  /** How long after its last activity a conversation is kept; null: for ever, and nothing is ever done. */
  readonly ttlMs: number | null;
  readonly log: Logger;
  /** Called after conversations were deleted. */
  readonly onDeleted: () => Promise<void>;
  readonly clock?: Clock;
};

const dayMs = 24 * 3_600_000;
const lookEveryMs = 3_600_000;
/** Who began and has not ended by then is taken for dead. */
const patienceMs = 600_000;

/**
 * Deletes expired conversations once a day: looks at the start and every hour whether it is due, and of several gateways on
 * one store one does it. What a stop interrupts is done by whoever looks after the turn has run out.
 */
export class DailyCleanup {
  readonly #parts: DailyCleanupParts;
  readonly #clock: Clock;
  readonly #stopped = new AbortController();
  #timer: unknown;
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: DailyCleanupParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
  }

  start(): void {
    if (this.#parts.ttlMs === null || this.#stopped.signal.aborted) return;
    this.#looking = this.#look(this.#parts.ttlMs)
      .catch((error: unknown) => this.#parts.log.warn({ err: error }, 'expired conversations not deleted'))
      .finally(() => {
        if (!this.#stopped.signal.aborted) this.#timer = this.#clock.setTimeout(() => this.start(), lookEveryMs);
      });
  }

  /** Stops between two batches and waits for that. Twice is fine. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#clock.clearTimeout(this.#timer);
    await this.#looking;
  }

  async #look(ttlMs: number): Promise<void> {
    const { store, owner, log, onDeleted } = this.#parts;
    const now = this.#clock.now();
    if (!(await store.beginWork('cleanup', { owner, now, until: now + patienceMs, everyMs: dayMs }))) return;
    const { signal } = this.#stopped;
    const deleted = await store.cleanup({ before: now - ttlMs, signal });
    if (!signal.aborted) await store.endWork('cleanup', owner, this.#clock.now());
    log.info({ deleted, tookMs: this.#clock.now() - now }, 'expired conversations deleted');
    if (deleted > 0) await onDeleted();
  }
}

const systemClock: Clock = {
  now: Date.now,
  setTimeout: (run, delayMs) => setTimeout(run, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
};
