import { readdirSync, readFileSync } from 'node:fs';

/*
 * What an agent starts may start more, in groups and sessions of its own (Claude Code runs every shell command in a new
 * session), and nobody tells us. But it all inherits an environment variable: by that it is found again. Linux only (/proc);
 * elsewhere these functions find nothing and the end of the agent itself must do.
 */

/** The variable; its value is one word for each process that marks. */
export const markVariable = 'HOLDFAST_AGENT_RUN';

/** The living processes, other than this one, that carry the mark. */
export function findMarked(mark: string): readonly number[] {
  if (process.platform !== 'linux') return [];
  const wanted = `${markVariable}=${mark}`;
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid && readEnvironment(pid).includes(wanted));
}

/** Kills what carries the mark, at once and without waiting: for the end of this process. */
export function killMarkedNow(mark: string): void {
  for (const pid of findMarked(mark)) signal(pid, 'SIGKILL');
}

/** TERM, `graceMs`, KILL, until nothing carries the mark. Resolves false when something is still there 5 s after that. */
export async function killMarked(mark: string, graceMs: number): Promise<boolean> {
  const began = performance.now();
  for (let found = findMarked(mark), first = true; found.length > 0; found = findMarked(mark), first = false) {
    const spentMs = performance.now() - began;
    if (spentMs > graceMs + 5000) return false;
    if (first) for (const pid of found) signal(pid, 'SIGTERM');
    // Again each time: what is being killed may have forked meanwhile.
    else if (spentMs >= graceMs) for (const pid of found) signal(pid, 'SIGKILL');
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  return true;
}

/** Empty for a process that has gone, is a zombie, or is somebody else's. */
function readEnvironment(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    return [];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has gone by itself.
  }
}
