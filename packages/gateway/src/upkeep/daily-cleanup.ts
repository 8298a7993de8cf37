import type { ConversationStore } from '../conversations/store.ts';
import type { Logger } from '../lib/logger.ts';

/** The time, and being called later; a test brings its own. */
export type Clock = {
  readonly now: () => number;
  readonly setTimeout: (run: () => void, delayMs: number) => unknown;
  readonly clearTimeout: (timer: unknown) => void;
};

export type DailyCleanupParts = {
  readonly store: Pick<ConversationStore, 'beginWork' | 'endWork' | 'cleanup' | 'sweepEntries'>;
  /** Who does it, among the gateways that share the store. */
  readonly owner: string;
  /** How long after its last activity a conversation is kept; null: for ever. */
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

type Work = {
  /** What the store knows it by. */
  readonly name: string;
  /** Returns how many it deleted. */
  readonly run: (now: number, signal: AbortSignal) => Promise<number>;
  readonly onDeleted?: () => Promise<void>;
  readonly done: string;
  readonly failed: string;
};

/**
 * Deletes expired conversations and entries once a day: looks at the start and every hour whether that is due, and of several
 * gateways on one store one does it. What a stop interrupts is done by whoever looks after the turn has run out.
 */
export class DailyCleanup {
  readonly #parts: DailyCleanupParts;
  readonly #clock: Clock;
  readonly #works: readonly Work[];
  readonly #stopped = new AbortController();
  #timer: unknown;
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: DailyCleanupParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
    this.#works = worksOf(parts);
  }

  start(): void {
    if (this.#stopped.signal.aborted) return;
    this.#looking = this.#look().finally(() => {
      if (!this.#stopped.signal.aborted) this.#timer = this.#clock.setTimeout(() => this.start(), lookEveryMs);
    });
  }

  /** Stops between two batches and waits for that. Twice is fine. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#clock.clearTimeout(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    for (const work of this.#works) {
      // One that fails keeps no other from being done.
      await this.#do(work).catch((error: unknown) => this.#parts.log.warn({ err: error }, work.failed));
    }
  }

  async #do({ name, run, onDeleted, done }: Work): Promise<void> {
    const { store, owner, log } = this.#parts;
    const { signal } = this.#stopped;
    if (signal.aborted) return;
    const now = this.#clock.now();
    if (!(await store.beginWork(name, { owner, now, until: now + patienceMs, everyMs: dayMs }))) return;
    const deleted = await run(now, signal);
    if (!signal.aborted) await store.endWork(name, owner, this.#clock.now());
    log.info({ deleted, tookMs: this.#clock.now() - now }, done);
    if (deleted > 0) await onDeleted?.();
  }
}

function worksOf({ store, ttlMs, onDeleted }: DailyCleanupParts): readonly Work[] {
  const entries: Work = {
    name: 'sweep-entries',
    run: (_now, signal) => store.sweepEntries({ signal }),
    done: 'expired entries deleted',
    failed: 'expired entries not deleted',
  };
  if (ttlMs === null) return [entries];
  const conversations: Work = {
    name: 'cleanup',
    run: (now, signal) => store.cleanup({ before: now - ttlMs, signal }),
    onDeleted,
    done: 'expired conversations deleted',
    failed: 'expired conversations not deleted',
  };
  return [entries, conversations];
}

const systemClock: Clock = {
  now: Date.now,
  setTimeout: (run, delayMs) => setTimeout(run, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
};
