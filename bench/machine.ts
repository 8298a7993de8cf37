import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** What a reader must know to compare figures with those of another machine. */
export function machineFacts(): string {
  const memoryGib = Math.round(totalmem() / 2 ** 30);
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const load = loadavg()[0] ?? Number.NaN;
  return (
    `${model}, ${availableParallelism()} cores, ${memoryGib} GiB, Linux ${release()}, Node ${process.versions.node}; ` +
    `load before the start ${load.toFixed(1)} (above 0.5 somebody else is measured too)`
  );
}

const ticksPerSecond = 100;

/** The processor time that processes have used so far, user and system, their children left out. */
export function processorSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name, in parentheses, may have spaces in it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / ticksPerSecond;
}
