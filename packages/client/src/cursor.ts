import type { Cursor, ServerMessage } from '@holdfast/protocol';

/** What a message is to a reader at a cursor. */
export type Reading =
  /** It is for the reader, whose cursor is now this one. */
  | { readonly kind: 'next'; readonly cursor: Cursor }
  /** The reader has it already. */
  | { readonly kind: 'duplicate' }
  /** Something is missing before it: connect again with the cursor there is (none: from the start). */
  | { readonly kind: 'broken'; readonly reason: string };

/**
 * Reads a message at a cursor (docs/protocol.md section 5): `init` first, then what follows. A snapshot starts its epoch
 * at 0 and `history` moves the cursor; numbers of two epochs are never compared.
 */
export function readAt(cursor: Cursor | undefined, message: ServerMessage): Reading {
  if (message.type === 'init') {
    if (message.mode === 'snapshot') return { kind: 'next', cursor: { epoch: message.epoch, seq: 0 } };
    if (cursor?.epoch === message.epoch) return { kind: 'next', cursor };
    return { kind: 'broken', reason: 'The gateway went on at a place that nobody asked for.' };
  }
  if (cursor === undefined) return { kind: 'duplicate' };
  const { epoch, seq } = cursor;
  if (message.type === 'history') return { kind: 'next', cursor: { epoch, seq: Math.max(seq, message.seq) } };
  if (!('seq' in message) || message.seq === undefined) return { kind: 'next', cursor };
  if (message.seq <= seq) return { kind: 'duplicate' };
  if (message.seq > seq + 1) return { kind: 'broken', reason: 'A message was missing.' };
  return { kind: 'next', cursor: { epoch, seq: message.seq } };
}
