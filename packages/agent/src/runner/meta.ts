import { closeSync, fdatasyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { isRecord, parseJson } from '@holdfast/protocol';

/** `meta.json` (docs/protocol.md 7.1). `acked`: everything before this offset is stored for good elsewhere. */
export type Meta = {
  readonly session: string;
  readonly agent: string;
  readonly cwd: string;
  readonly epoch: string;
  readonly generation: number;
  readonly acked: number;
};

/** The file's content; undefined when it is not there or not whole. */
export function readMeta(path: string): Meta | undefined {
  const value = readJson(path);
  if (value === undefined) return undefined;
  const { session, agent, cwd, epoch, generation, acked } = value;
  if (typeof session !== 'string' || typeof agent !== 'string' || typeof cwd !== 'string') return undefined;
  if (typeof epoch !== 'string' || typeof generation !== 'number' || typeof acked !== 'number') return undefined;
  return { session, agent, cwd, epoch, generation, acked };
}

/** Replaces the file in one step: a reader, and a machine that loses power, sees the old one or the new one. */
export function writeMeta(path: string, meta: Meta): void {
  writeWhole(path, meta, true);
}

/** `runner.pid`: who ran here, and by what to find what it left behind. It is removed when a runner ends in order. */
export type RunnerPid = {
  readonly pid: number;
  readonly run: string;
  readonly agentPid?: number;
  readonly agentStamp?: string;
};

export function readRunnerPid(path: string): RunnerPid | undefined {
  const { pid, run, agentPid, agentStamp } = readJson(path) ?? {};
  if (typeof pid !== 'number' || typeof run !== 'string') return undefined;
  const agent = typeof agentPid === 'number' && typeof agentStamp === 'string' ? { agentPid, agentStamp } : {};
  return { pid, run, ...agent };
}

export function writeRunnerPid(path: string, runner: RunnerPid): void {
  // After a power cut there is nothing left to find by it.
  writeWhole(path, runner, false);
}

function readJson(path: string): Record<string, unknown> | undefined {
  try {
    const value = parseJson(readFileSync(path, 'utf8'));
    return isRecord(value) ? value : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function writeWhole(path: string, value: object, sync: boolean): void {
  const next = `${path}.next`;
  const fd = openSync(next, 'w', 0o600);
  try {
    writeSync(fd, `${JSON.stringify(value)}\n`);
    // Without it some file systems leave an empty file behind when the power goes just after the rename.
    if (sync) fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(next, path);
}
