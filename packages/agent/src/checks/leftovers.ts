import { readdirSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { markVariable } from './environment.ts';

/** By what the processes of a check are known. */
export type Trace = {
  /** How a word in `HOLDFAST_CHECK_RUN` begins, which all inherit that do not clear their environment. */
  readonly mark: string;
  /** Process group and session that the command was started as. */
  readonly group: number;
  /** The output pipe: who holds it open belongs here. */
  readonly pipeInode?: number;
  /** First process of the pid namespace: when it has ended, the kernel has ended all others in it. */
  readonly sandboxInit?: ProcessId;
};

/** A pid, and when it began: a pid that is used again is another process. */
export type ProcessId = { readonly pid: number; readonly startTicks: string };

type Stat = { readonly group: number; readonly session: number; readonly startTicks: string };

/** Where there is no /proc only the group is known. */
const hasProc = process.platform === 'linux';

/** The living processes of a check, its own group first as a negative number where nothing better is known. */
export function findLeftovers(trace: Trace): readonly number[] {
  if (!hasProc) return signal(-trace.group, 0) ? [-trace.group] : [];
  const mark = new RegExp(`(^|\\0)${markVariable}=[^\\0]*\\b${trace.mark}`);
  const found: number[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const stat = readStat(pid);
    if (stat === undefined) continue;
    if (stat.group === trace.group || stat.session === trace.group || hasMark(pid, mark)) found.push(pid);
  }
  const init = trace.sandboxInit;
  if (init !== undefined && !found.includes(init.pid) && isAlive(init)) found.push(init.pid);
  return found;
}

/** Asks all processes of a check to end: the command's own, not those of the sandbox around it. */
export function askToEnd(trace: Trace): void {
  if (trace.sandboxInit === undefined) signal(-trace.group, 'SIGTERM');
  for (const pid of findLeftovers(trace)) {
    if (trace.sandboxInit === undefined || (pid !== trace.group && pid !== trace.sandboxInit.pid))
      signal(pid, 'SIGTERM');
  }
}

/** Stops the group of a check, and counts its processes. */
export function holdAndCount(trace: Trace): number {
  signal(-trace.group, 'SIGSTOP');
  return findLeftovers(trace).length;
}

/** Lets go on what was held. */
export function letGo(trace: Trace): void {
  signal(-trace.group, 'SIGCONT');
}

/** Kills, again and again because what is being killed may fork, until nothing is found; false when something is after `patienceMs`. */
export async function killLeftovers(trace: Trace, patienceMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + patienceMs;
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 50)) {
    if (trace.sandboxInit !== undefined && isAlive(trace.sandboxInit)) signal(trace.sandboxInit.pid, 'SIGKILL');
    signal(-trace.group, 'SIGKILL');
    const found = findLeftovers(trace);
    if (found.length === 0) return true;
    for (const pid of found) signal(pid, 'SIGKILL');
    if (performance.now() > giveUpAt) return false;
    await delay(waitMs);
  }
}

/** Kills who holds the output pipe of a check though it carries no mark: it cleared its environment. */
export function killPipeHolders(inode: number): void {
  if (!hasProc) return;
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (Number.isInteger(pid) && pid !== process.pid && holds(pid, inode)) signal(pid, 'SIGKILL');
  }
}

/** Undefined when there is no such process, or only its zombie. */
export function readProcessId(pid: number): ProcessId | undefined {
  const stat = readStat(pid);
  return stat === undefined ? undefined : { pid, startTicks: stat.startTicks };
}

/** How many tasks (processes and threads) the whole machine has; one cheap read. Undefined where that is not known. */
export function countTasks(): number | undefined {
  const count = Number(readProc('loadavg')?.split(' ')[3]?.split('/')[1]);
  return Number.isInteger(count) ? count : undefined;
}

function isAlive(id: ProcessId): boolean {
  return readStat(id.pid)?.startTicks === id.startTicks;
}

function holds(pid: number, inode: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const stat = statSync(`/proc/${pid}/fd/${fd}`, { throwIfNoEntry: false });
      return stat?.isFIFO() === true && stat.ino === inode;
    });
  } catch {
    // It has gone, or is somebody else's.
    return false;
  }
}

function hasMark(pid: number, mark: RegExp): boolean {
  const text = readProc(`${pid}/environ`);
  return text !== undefined && mark.test(text);
}

function readStat(pid: number): Stat | undefined {
  const text = readProc(`${pid}/stat`);
  // pid (comm) state ppid pgrp session …: comm may hold anything, also a closing bracket; the last one ends it
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , group, session] = fields ?? [];
  const startTicks = fields?.[19];
  if (state === undefined || startTicks === undefined || state === 'Z' || state === 'X') return undefined;
  return { group: Number(group), session: Number(session), startTicks };
}

function readProc(name: string): string | undefined {
  try {
    return readFileSync(`/proc/${name}`, 'latin1');
  } catch {
    return undefined;
  }
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** Kills what carries the mark, at once and without waiting: for the end of this process. */
export function killMarkedNow(mark: string): void {
  if (hasProc) for (const pid of findLeftovers({ mark, group: -1 })) signal(pid, 'SIGKILL');
}
