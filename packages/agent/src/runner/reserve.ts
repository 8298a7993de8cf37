import { rmSync, statSync, writeFileSync } from 'node:fs';
import { isDiskFault } from './disk-fault.ts';

/** Room beside the journal that is given up when the disk is full, so that a turn can be closed in order (7.8). */
const reserveBytes = 65_536;

/** True when the reserve is there; false when the disk has no room for it. */
export function ensureReserve(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.size === reserveBytes) return true;
  try {
    // Not zeros: a file system that compresses or leaves holes would keep no room for them.
    writeFileSync(path, globalThis.crypto.getRandomValues(Buffer.alloc(reserveBytes)), { mode: 0o600 });
    return true;
  } catch (error) {
    if (!isDiskFault(error)) throw error;
    rmSync(path, { force: true });
    return false;
  }
}

export function releaseReserve(path: string): void {
  rmSync(path, { force: true });
}
