import { errorRules, type ErrorCode } from '@holdfast/protocol';

/** What a closed socket means for the client (docs/protocol.md 2.4). */
export type CloseMeaning =
  /** Trying again the same way cannot help. */
  | 'stop'
  /** One of our messages was too big: leave it out and come back. */
  | 'too-big'
  | 'retry';

/** RFC 6455: the connection ended without a close frame. */
export const closedAbnormally = 1006;

const stopCodes: ReadonlySet<number> = new Set([4400, 4401, 4403, 4404]);
const tooBig = 1009;

/** Reads a close code. */
export function meaningOf(closeCode: number): CloseMeaning {
  if (stopCodes.has(closeCode)) return 'stop';
  return closeCode === tooBig ? 'too-big' : 'retry';
}

/** A sentence for a close without a reason of its own. */
export function closeSentence(closeCode: number): string {
  switch (closeCode) {
    case 4400:
      return errorRules.bad_message.sentence;
    case 4401:
      return errorRules.unauthorized.sentence;
    case 4403:
      return errorRules.forbidden.sentence;
    case 4404:
      return errorRules.not_found.sentence;
    case tooBig:
      return 'A message was too big for the gateway.';
    case 1012:
      return 'The gateway is restarting.';
    case 1013:
      return 'The gateway has too much to do.';
    default:
      return 'The gateway went away.';
  }
}

/** The error code that stands for a final close code. */
export function errorCodeOf(closeCode: number): ErrorCode {
  switch (closeCode) {
    case 4400:
      return 'bad_message';
    case 4401:
      return 'unauthorized';
    case 4403:
      return 'forbidden';
    case 4404:
      return 'not_found';
    default:
      return 'unavailable';
  }
}
