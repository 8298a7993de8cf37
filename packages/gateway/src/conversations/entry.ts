import { HoldfastError } from '@holdfast/protocol';
import type { Entry } from './entry-store.ts';

/** Room for the rest of an item within DynamoDB's 400 KB. */
export const maxEntryBytes: number = 256 * 1024;

/** True while it counts as there. */
export function isCurrent(entry: Entry | undefined, atMs: number): entry is Entry {
  return entry !== undefined && (entry.expiresAt === null || entry.expiresAt > atMs);
}

/** Throws `internal`: keys are made by the program. */
export function checkKey(key: string): void {
  if (/^[A-Za-z0-9._:/-]{1,200}$/.test(key)) return;
  throw new HoldfastError('internal', `The key of an entry cannot be "${key.slice(0, 300)}".`);
}

/** Throws `internal` for what no engine keeps. */
export function checkEntry(key: string, entry: Entry): void {
  if (entry.list !== null) checkKey(entry.list);
  const bytes = Buffer.byteLength(entry.body);
  if (bytes <= maxEntryBytes) return;
  throw new HoldfastError('internal', `The entry ${key} has ${bytes} bytes; ${maxEntryBytes} is the most.`);
}
