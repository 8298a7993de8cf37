import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { newId } from '@holdfast/protocol';

/**
 * Who holds a lease: `host/boot/pid/start/random`. On the same host and boot one can tell whether the holder still lives, so
 * that a restarted gateway need not wait for the lease of its dead forerunner.
 */
export function newOwner(): string {
  return [hostname(), bootId(), process.pid, startOf(process.pid) ?? '?', newId()].join('/');
}

/** True only when it is certain: same host, same boot, and no such process (or another one with the same number). */
export function isOwnerDead(owner: string): boolean {
  const [host, boot, pid, start] = owner.split('/');
  if (host !== hostname() || boot !== bootId()) return false;
  const now = startOf(Number(pid));
  if (now !== undefined) return now !== start;
  return !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Start time of a process in clock ticks since boot (proc(5), field 22); undefined where there is no /proc or no such process. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie is dead, whoever has still to wait for it.
    return fields[0] === 'Z' ? 'ended' : fields[19];
  } catch {
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return 'unknown';
  }
}
