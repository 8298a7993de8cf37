import { HoldfastError } from '@holdfast/protocol';

/**
 * The whole body of an answer. Throws `unavailable` once it is longer than `maxBytes`, and what the connection throws when it is cut; nothing more
 * is read then.
 */
export async function readBytes(response: Response, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels what is left of the body.
  for await (const piece of response.body ?? []) {
    length += piece.length;
    if (length > maxBytes) {
      throw new HoldfastError(
        'unavailable',
        `GitHub's answer to ${response.url} is longer than ${maxBytes} bytes; ask for less at once (per_page), or for a part of it.`,
      );
    }
    pieces.push(piece);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
