import { HoldfastError } from '@holdfast/protocol';
import type { Entry } from './entry-store.ts';

/** Room for the rest of an item within DynamoDB's 400 KB. */
export const maxEntryBytes: number = 256 * 1024;

/** The last moment that a Date can name, epoch milliseconds. */
const lastMs = 8_640_000_000_000_000;

/** True while it counts as there. */
export function isCurrent(entry: Entry | undefined, atMs: number): entry is Entry {
  return entry !== undefined && (entry.expiresAt === null || entry.expiresAt > atMs);
}

/** Throws `internal`: keys and names of lists are made by the program. */
export function checkKey(key: string): void {
  if (/^[A-Za-z0-9._:/-]{1,200}$/.test(key)) return;
  throw new HoldfastError('internal', `The key of an entry cannot be "${key.slice(0, 300)}".`);
}

/** Throws `internal` for what not every engine keeps as it is. */
export function checkEntry(key: string, { body, list, expiresAt }: Entry): void {
  if (list !== null) checkKey(list);
  if (expiresAt !== null && !(Number.isInteger(expiresAt) && Math.abs(expiresAt) <= lastMs)) {
    throw new HoldfastError('internal', `The entry ${key} cannot expire at ${expiresAt}.`);
  }
  if (body === '' || !body.isWellFormed()) throw new HoldfastError('internal', `The entry ${key} is no JSON text.`);
  const bytes = Buffer.byteLength(body);
  if (bytes <= maxEntryBytes) return;
  throw new HoldfastError('internal', `The entry ${key} has ${bytes} bytes; ${maxEntryBytes} is the most.`);
}
