import { errorRules, HoldfastError, type ErrorCode } from '@holdfast/protocol';
import { RetryError } from '../retry/retry-error.ts';

/** What an error means for a draft: the end, or another try. */
export type Failure =
  | { readonly kind: 'final'; readonly code: ErrorCode; readonly message: string }
  /** `notBefore`, epoch milliseconds, when it is known from when on it may help. */
  | { readonly kind: 'later'; readonly message: string; readonly notBefore?: number };

const finalCodes: ReadonlySet<ErrorCode> = new Set(['bad_message', 'conflict', 'forbidden', 'not_found']);

/**
 * Reads what a step threw. Only what says of itself that nothing will change is the end of it: a mistake of ours, a token that is not taken
 * today and a store that does not answer are tried again, until the time for that is over.
 */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof HoldfastError && finalCodes.has(thrown.code)) {
    return { kind: 'final', code: thrown.code, message: thrown.message };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const said = message === '' ? errorRules.internal.sentence : message;
  const notBefore = thrown instanceof RetryError ? thrown.availableAtMs : undefined;
  return { kind: 'later', message: said, ...(notBefore !== undefined && { notBefore }) };
}
