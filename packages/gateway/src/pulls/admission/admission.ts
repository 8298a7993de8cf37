import type { Secret } from '../../lib/secret.ts';
import type { Answer, Question, Verdict } from '../retry/classify.ts';
import type { Resource } from '../retry/resource.ts';

/** What somebody wants to send, as far as it decides when and with which token. */
export type Ask = {
  readonly resource: Resource;
  /** Reads cost one point of GitHub's minute, everything else five. */
  readonly kind: 'read' | 'write' | 'content';
  /** Whose repository is asked for (`acme` of `acme/shop`): installations of other accounts are passed over. Default: any token will do. */
  readonly owner?: string;
  /** Only with this token, because what is asked is known under it (an ETag); any other is taken when it is not free. */
  readonly prefer?: string;
};

/** One request may be sent, now. Whoever holds a permit says how it went, exactly once, whatever happened. */
export type Permit = {
  readonly kind: 'permit';
  /** `token-1`, `app-1` …; what metrics and logs know the token by. */
  readonly label: string;
  readonly secret: Secret;
  /** Every answer, good or not: its headers tell what is left. Gives what the answer means for the call. */
  ended(question: Question, answer: Answer): Verdict;
  /** Nothing was sent after all: the caller gave up in between. */
  unused(): void;
};

export type Admitted =
  | Permit
  /** Nothing may be sent before `availableAtMs` (epoch), which is later than the caller would wait. */
  | { readonly kind: 'too_late'; readonly availableAtMs: number }
  /** There is no token that GitHub would take; `message` says what to do. */
  | { readonly kind: 'none'; readonly message: string };

/**
 * The door that every request to GitHub goes through: it waits until one may be sent without breaking a limit, and says with which token.
 * Callers are let through in the order in which they came, as far as their tokens allow. `admit` rejects with the signal's reason when it
 * aborts, and with `unavailable` when the door has been closed; who waits is not counted anywhere.
 */
export interface Admission {
  admit(ask: Ask, options: { readonly signal: AbortSignal; readonly notAfterMs: number }): Promise<Admitted>;
}
