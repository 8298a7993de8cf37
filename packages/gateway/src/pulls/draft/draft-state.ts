import type { DraftEnd } from './draft-end.ts';
import type { Outbox } from './outbox.ts';

/** How a draft stands, for whoever asked for it. */
export type DraftState =
  | {
      readonly kind: 'open';
      /** The step that is under way, or comes next. */
      readonly step: string;
      readonly isRunning: boolean;
      /** Epoch milliseconds; in the past when it is due. */
      readonly nextAttemptAt: number;
      /** What went wrong at the last attempt; null when nothing did. */
      readonly lastError: string | null;
    }
  | DraftEnd;

/** What there is to tell of an outbox at a time (epoch milliseconds). */
export function stateOf(outbox: Outbox, atMs: number): DraftState {
  if (outbox.end !== null) return outbox.end;
  return {
    kind: 'open',
    step: outbox.steps.find(({ phase }) => phase !== 'done')?.name ?? '',
    isRunning: outbox.claim !== null && outbox.claim.until > atMs,
    nextAttemptAt: outbox.notBefore,
    lastError: outbox.lastError,
  };
}
