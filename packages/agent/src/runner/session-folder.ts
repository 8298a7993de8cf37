import { rmdirSync, rmSync } from 'node:fs';
import { HoldfastError, newId } from '@holdfast/protocol';
import type { Claim } from './claim.ts';
import { readMeta, readRunnerPid, writeMeta, writeRunnerPid, type Meta, type RunnerPid } from './meta.ts';
import { isAlive, killRun } from './processes.ts';
import { isDiskFault } from './disk-fault.ts';
import type { SessionPaths } from './session-paths.ts';

/** What a runner is to be the runner of. */
export type Assignment = { readonly session: string; readonly agent: string; readonly cwd: string };

const ackedWriteMs = 1000;
const leftoverGraceMs = 500;

/** A session's folder in the hands of the one process that has the claim on it. */
export class SessionFolder {
  readonly paths: SessionPaths;
  /** The mark of all that this runner starts. */
  readonly run: string = newId();
  readonly #claim: Claim;
  #meta: Meta;
  #ackedTimer: NodeJS.Timeout | undefined;

  private constructor(paths: SessionPaths, claim: Claim, meta: Meta) {
    this.paths = paths;
    this.#claim = claim;
    this.#meta = meta;
    writeRunnerPid(paths.pid, { pid: process.pid, run: this.run });
  }

  /** Takes the folder over, after making sure that nothing which an earlier runner started there lives on. */
  static async take(paths: SessionPaths, claim: Claim, assignment: Assignment): Promise<SessionFolder> {
    const before = readRunnerPid(paths.pid);
    if (before !== undefined) await endLeftovers(before);
    const meta = readMeta(paths.meta);
    if (meta !== undefined) return new SessionFolder(paths, claim, meta);
    // Also when the file was lost and a journal is there: its numbers may not be those that somebody remembers.
    const fresh: Meta = { ...assignment, epoch: newId(), generation: 0, acked: 0 };
    writeMeta(paths.meta, fresh);
    return new SessionFolder(paths, claim, fresh);
  }

  get meta(): Meta {
    return this.#meta;
  }

  /** Changes the record; on the disk when this returns, unless the disk is full: then it holds while this runner lives. */
  update(changes: Partial<Pick<Meta, 'generation' | 'cwd'>>): void {
    this.#meta = { ...this.#meta, ...changes };
    this.#writeMeta();
  }

  /** Written a little later: to forget one only means to keep a journal for longer. */
  acknowledge(acked: number): void {
    this.#meta = { ...this.#meta, acked };
    this.#ackedTimer ??= setTimeout(() => {
      this.#ackedTimer = undefined;
      this.#writeMeta();
    }, ackedWriteMs);
  }

  /** So that the next runner finds this agent if this one is killed. */
  noteAgent(pid: number | undefined, stamp: string | undefined): void {
    const agent = pid === undefined || stamp === undefined ? {} : { agentPid: pid, agentStamp: stamp };
    unlessFull(() => writeRunnerPid(this.paths.pid, { pid: process.pid, run: this.run, ...agent }));
  }

  /** Gives the claim back, and with `free` everything that was kept. */
  leave(free: boolean): void {
    clearTimeout(this.#ackedTimer);
    const { journal, meta, pid, reserve, log, folder } = this.paths;
    if (!free) this.#writeMeta();
    const gone = free ? [journal, meta, `${meta}.next`, pid, `${pid}.next`, reserve, log, `${log}.1`] : [pid, reserve];
    for (const path of gone) rmSync(path, { force: true });
    // The claim last: until then nobody else is in the folder. And not the folder with what is in it: the next runner
    // may be there by then.
    this.#claim.release();
    if (free) removeIfEmpty(folder);
  }

  #writeMeta(): void {
    unlessFull(() => writeMeta(this.paths.meta, this.#meta));
  }
}

/** What is known here and cannot be written now is written with the next change, or when the runner leaves. */
function unlessFull(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!isDiskFault(error)) throw error;
  }
}

async function endLeftovers(before: RunnerPid): Promise<void> {
  const { agentPid, agentStamp, run } = before;
  const isAgentThere = agentPid !== undefined && agentStamp !== undefined && isAlive(agentPid, agentStamp);
  if (await killRun(isAgentThere ? { group: agentPid, run } : { run }, leftoverGraceMs)) return;
  throw new HoldfastError('unavailable', 'Processes of the earlier runner of this session could not be killed.');
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') throw error;
  }
}
