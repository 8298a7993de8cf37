import type { DraftEnd } from './draft-end.ts';
import type { StepResult } from './target.ts';

/** What may come about for a draft; the generation is that of the claim under which it is said. */
export type OutboxEvent =
  | {
      readonly kind: 'claim';
      readonly owner: string;
      readonly atMs: number;
      readonly untilMs: number;
      /** A claim of this owner is taken from it although its time is not over: it is known that nobody is at it any more. */
      readonly takeFrom?: string;
    }
  | { readonly kind: 'renew'; readonly generation: number; readonly atMs: number; readonly untilMs: number }
  | { readonly kind: 'sending'; readonly generation: number; readonly atMs: number; readonly step: string }
  | { readonly kind: 'note'; readonly generation: number; readonly step: string; readonly progress: StepResult }
  | {
      readonly kind: 'done';
      readonly generation: number;
      readonly atMs: number;
      readonly step: string;
      readonly result: StepResult;
    }
  /** Trying again later may help; `notBefore` when it is known from when on. */
  | {
      readonly kind: 'interrupted';
      readonly generation: number;
      readonly atMs: number;
      readonly message: string;
      readonly notBefore?: number;
    }
  | {
      readonly kind: 'released';
      readonly generation: number;
      /** What was being sent may take effect until then: others wait so long, but no longer than for the claim. */
      readonly settledAt?: number;
    }
  | { readonly kind: 'ended'; readonly generation: number; readonly end: DraftEnd }
  | { readonly kind: 'tidied'; readonly generation: number }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'retry'; readonly atMs: number };

export type Refusal =
  /** Somebody else has taken it over, or the time of the claim is over. */
  | 'stale'
  | 'held'
  | 'not_due'
  | 'ended'
  /** What people see of it may be there already. */
  | 'too_late';
