import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isClaimed } from './claim.ts';
import { readRunnerPid } from './meta.ts';
import { killRun, livingRuns } from './processes.ts';
import { sessionPaths } from './session-paths.ts';

const graceMs = 2000;

/**
 * Ends what runners left behind that were killed themselves and that nobody took over: an agent that does not see the
 * end of its input, a process that left its group. Their journals stay for whoever opens the session again. Safe at any
 * time: only what has the mark of a dead run is touched. Returns how many runs there were.
 */
export async function endOrphans(stateDir: string): Promise<number> {
  const living = livingRuns();
  if (living.size === 0) return 0;
  const orphaned = sessionNames(stateDir).flatMap((session) => {
    const { folder, pid } = sessionPaths(stateDir, session);
    // In this order: a runner that comes in between has another mark.
    const run = readRunnerPid(pid)?.run;
    return run !== undefined && living.has(run) && !isClaimed(folder) ? [run] : [];
  });
  await Promise.all(orphaned.map(async (run) => await killRun({ run }, graceMs)));
  return orphaned.length;
}

function sessionNames(stateDir: string): string[] {
  try {
    return readdirSync(join(stateDir, 'runners'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  }
}
