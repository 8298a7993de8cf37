import { HoldfastError } from '@holdfast/protocol';
import type { Secret } from '../../lib/secret.ts';
import type { Failed, RetryAttempt, Tried } from '../retry/call-until-done.ts';
import type { Answer, Question } from '../retry/classify.ts';
import type { FailedCall } from '../retry/read-answer.ts';
import type { Admission, Admitted, Ask, Permit } from '../admission/admission.ts';

/** What came of a call that was sent. `call` is what really came; `answer` is what it is to be taken for. */
export type Came<Result> = { readonly question: Question; readonly answer: Answer; readonly call: FailedCall } & (
  | {
      readonly kind: 'answered';
      readonly result: Result;
      /** The error that it is when the verdict says so: GraphQL's come with status 200. */
      readonly asError?: () => Error;
    }
  | {
      readonly kind: 'failed';
      readonly error: unknown;
      /** The error tells of no exchange with GitHub, though there may have been one: it is thrown as it is. */
      readonly isFault?: true;
    }
  /** GitHub wants the same at another address. */
  | { readonly kind: 'sent_on'; readonly next: AdmittedSend<Result> }
);

/** One request: what it asks for at the door, and how it is sent once it is let in. */
export type AdmittedSend<Result> = {
  readonly ask: () => Ask;
  /** Throws only when nothing was sent. What comes after the signal has aborted is of no interest. */
  readonly send: (permit: Permit, signal: AbortSignal) => Promise<Came<Result>>;
};

export type AdmittedCall<Result> = AdmittedSend<Result> & {
  readonly admission: Admission;
  /** Epoch milliseconds; a permit that would come later is of no use. */
  readonly notAfterMs: number;
  /** False: what was sent once is not sent again, with another token neither. */
  readonly maySendAgain: boolean;
};

type Onward<Result> = { readonly kind: 'sent_on'; readonly next: AdmittedSend<Result>; readonly sent: Failed };

/**
 * The attempts of one call: each waits at the door, is sent with the token that it is let in with, and tells how that went; where GitHub sends it
 * on, the same once more. Every permit is ended or given back exactly once.
 */
export class AdmittedAttempts<Result> {
  readonly #call: AdmittedCall<Result>;
  /** Tokens that met a limit in this call. */
  readonly #limited = new Set<string>();
  /** Tokens that GitHub refused in this call, and with which secret. */
  readonly #refused = new Map<string, Secret>();
  #refusal: Error | undefined;

  constructor(call: AdmittedCall<Result>) {
    this.#call = call;
  }

  /** The token that was sent with last. */
  label = '';

  /** One attempt. Throws what is final, and `unauthorized` when there is no token to send it with. */
  async tryOnce({ signal }: RetryAttempt): Promise<Tried<Result>> {
    let one: AdmittedSend<Result> = this.#call;
    let sent: Failed | undefined;
    for (let heldMs = 0; ;) {
      const fromMs = Date.now();
      const admitted = await this.#admit(one, signal);
      heldMs += Date.now() - fromMs;
      if (admitted.kind === 'none') throw this.#refusal ?? new HoldfastError('unauthorized', admitted.message);
      const tried = admitted.kind === 'permit' ? await this.#sendWith(admitted, one, signal, heldMs) : admitted;
      if (tried.kind === 'too_late') return { ...tried, ...(sent && { sent }) };
      if (tried.kind !== 'sent_on') return tried;
      ({ next: one, sent } = tried);
    }
  }

  async #admit({ ask }: AdmittedSend<Result>, signal: AbortSignal): Promise<Admitted | { readonly kind: 'too_late' }> {
    const { admission, notAfterMs } = this.#call;
    try {
      return await admission.admit(ask(), { signal, notAfterMs });
    } catch (error) {
      if (!signal.aborted) throw error;
      return { kind: 'too_late' };
    }
  }

  async #sendWith(
    permit: Permit,
    one: AdmittedSend<Result>,
    signal: AbortSignal,
    heldMs: number,
  ): Promise<Tried<Result> | Onward<Result>> {
    const { label, secret } = permit;
    if (signal.aborted) {
      permit.unused();
      return { kind: 'too_late' };
    }
    // A door that does not know that this one was refused would let it in for ever.
    if (this.#refusal && this.#refused.get(label)?.reveal() === secret.reveal()) {
      permit.unused();
      throw this.#refusal;
    }
    this.label = label;
    const came = await sendOrGiveBack(one, permit, signal);
    const verdict = permit.ended(came.question, came.answer);
    if (came.kind === 'sent_on') {
      const sent = { kind: 'failed', error: undefined, call: came.call, verdict, heldMs } as const;
      return { kind: 'sent_on', next: came.next, sent };
    }
    if (came.kind === 'answered' && (verdict.kind === 'success' || !came.asError)) {
      return { kind: 'done', result: came.result };
    }
    const error = came.kind === 'failed' ? came.error : came.asError?.();
    const failed = { kind: 'failed', error, call: came.call, verdict, heldMs } as const;
    switch (verdict.kind) {
      case 'limited':
        if (this.#isFirstLimit(label)) return { ...failed, next: 'at_once_uncounted' };
        // The door waits for a time that lies ahead. GitHub's servers do not quite agree on when a limit ends: one that is over is backed off from.
        return { ...failed, next: (verdict.notBeforeMs ?? Infinity) > Date.now() ? 'at_once' : 'back_off' };
      case 'final':
        if (verdict.reason === 'unauthorized' && this.#isFirstRefusal(label, secret, error)) {
          return { ...failed, next: 'at_once_uncounted' };
        }
        return failed;
      case 'success':
      case 'transient':
      case 'unknown_outcome':
        return came.kind === 'failed' && came.isFault ? { ...failed, next: 'none' } : failed;
    }
  }

  #isFirstLimit(label: string): boolean {
    const isFirst = !this.#limited.has(label);
    this.#limited.add(label);
    return isFirst && this.#call.maySendAgain;
  }

  #isFirstRefusal(label: string, secret: Secret, error: unknown): boolean {
    const isFirst = !this.#refused.has(label);
    this.#refused.set(label, secret);
    this.#refusal = error as Error;
    return isFirst && this.#call.maySendAgain;
  }
}

async function sendOrGiveBack<Result>(
  { send }: AdmittedSend<Result>,
  permit: Permit,
  signal: AbortSignal,
): Promise<Came<Result>> {
  try {
    return await send(permit, signal);
  } catch (error) {
    permit.unused();
    throw error;
  }
}
