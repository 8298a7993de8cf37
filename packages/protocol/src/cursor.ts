/** A viewer's place in a conversation's log (docs/protocol.md section 5). */
export type Cursor = { readonly epoch: string; readonly seq: number };

/**
 * Reads `after` and `epoch` of a query. Undefined when neither is there; `'bad'` when one is missing or not of its form
 * (`after` is a whole number from 0, `epoch` 1–64 characters).
 */
export function parseCursor(after: string | null, epoch: string | null): Cursor | undefined | 'bad' {
  if (after === null && epoch === null) return undefined;
  if (after === null || epoch === null) return 'bad';
  if (!/^\d{1,15}$/.test(after) || !/^[\w-]{1,64}$/.test(epoch)) return 'bad';
  return { epoch, seq: Number(after) };
}
