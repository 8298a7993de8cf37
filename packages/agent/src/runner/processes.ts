import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Which processes are there, whose they are, and how to end them for certain. Linux reads /proc; elsewhere groups only. */

type Stat = { readonly state: string; readonly group: number; readonly startTicks: string };

export type KillTarget = {
  /** The agent's process group, when it is known to be its own still. */
  readonly group?: number;
  /** The value of `HOLDFAST_RUN` in the environment of all that the agent started: finds what left the group. */
  readonly run: string;
};

const hasProc = process.platform === 'linux';

/**
 * A word that no other process with this pid has: when it started, and in which boot. Undefined when there is no such
 * process, or only its zombie.
 */
export function processStamp(pid: number): string | undefined {
  if (hasProc) {
    const stat = readStat(pid);
    return stat === undefined ? undefined : `${bootId()}-${stat.startTicks}`;
  }
  try {
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return started.trim() === '' ? undefined : started.trim().replaceAll(/\W+/g, '-');
  } catch {
    return undefined;
  }
}

/** True while the very process that had this stamp lives: a reused pid is another process. */
export function isAlive(pid: number, stamp: string): boolean {
  return processStamp(pid) === stamp;
}

/**
 * Ends everything of a run: TERM, `graceMs`, KILL, until nothing of it is found. True when that is proved; false when
 * something (in uninterruptible sleep, say) is still there after a further 5 s.
 */
export async function killRun(target: KillTarget, graceMs: number): Promise<boolean> {
  let found = findRun(target);
  if (found.length === 0) return true;
  const killAt = performance.now() + graceMs;
  const giveUpAt = killAt + 5000;
  signalAll(target, found, 'SIGTERM');
  for (let waitMs = 5; ; waitMs = Math.min(waitMs * 2, 100)) {
    await delay(waitMs);
    found = findRun(target);
    if (found.length === 0) return true;
    const now = performance.now();
    if (now >= giveUpAt) return false;
    // Again at each round: what is being killed may have forked in between.
    if (now >= killAt) signalAll(target, found, 'SIGKILL');
  }
}

/** The living processes of a run; zombies are not counted, they only wait for their parent to look. */
function findRun(target: KillTarget): readonly number[] {
  if (!hasProc) return target.group !== undefined && signal(-target.group, 0) ? [-target.group] : [];
  const mark = Buffer.from(`HOLDFAST_RUN=${target.run}\0`);
  const found: number[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const stat = readStat(pid);
    if (stat === undefined) continue;
    if (stat.group === target.group || hasMark(pid, mark)) found.push(pid);
  }
  return found;
}

/** The marks of all runs of which something lives, whoever started them. Empty where there is no /proc. */
export function livingRuns(): ReadonlySet<string> {
  const runs = new Set<string>();
  for (const name of hasProc ? readdirSync('/proc') : []) {
    const run =
      /^\d+$/.test(name) &&
      /(?:^|\0)HOLDFAST_RUN=(\w+)/.exec(readProc(Number(name), 'environ')?.toString('latin1') ?? '')?.[1];
    if (typeof run === 'string') runs.add(run);
  }
  return runs;
}

function signalAll(target: KillTarget, found: readonly number[], name: NodeJS.Signals): void {
  // The group at once, so that no member sees another one die first and starts it again; then the rest one by one.
  if (target.group !== undefined) signal(-target.group, name);
  for (const pid of found) signal(pid, name);
}

/** False when there is no such process (any more); one that is not ours counts as gone, it cannot be of our run. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

function readStat(pid: number): Stat | undefined {
  const text = readProc(pid, 'stat')?.toString('latin1');
  // pid (comm) state ppid pgrp …: comm may hold anything, also a closing bracket; the last one ends it
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , group] = fields ?? [];
  const startTicks = fields?.[19];
  if (state === undefined || group === undefined || startTicks === undefined) return undefined;
  return state === 'Z' || state === 'X' ? undefined : { state, group: Number(group), startTicks };
}

function hasMark(pid: number, mark: Buffer): boolean {
  return readProc(pid, 'environ')?.includes(mark) ?? false;
}

/** Undefined when the process has gone meanwhile, or is somebody else's. */
function readProc(pid: number, name: 'stat' | 'environ'): Buffer | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`);
  } catch {
    return undefined;
  }
}

let knownBootId: string | undefined;

function bootId(): string {
  knownBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
  return knownBootId;
}
