import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The bytes of a file, or of all files below a directory; links are not followed. Undefined when there is none. */
export function measureBytes(path: string): number | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + (measureBytes(join(path, name)) ?? 0), 0);
}
