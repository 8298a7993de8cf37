import { open, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckName } from '@holdfast/protocol';

/** More than a machine keeps of one output; who sends more is not believed. */
const maxLogBytes = 100_000_000;
const pieceBytes = 65_536;

type Log = { readonly file: FileHandle; bytes: number; fault: string | undefined; writing: Promise<void> };

/** The whole outputs of a run that is under way: files `<check>.log.part`, which are `<check>.log` when nothing more comes. */
export class RunLogs {
  readonly #folder: string;
  readonly #logs: ReadonlyMap<CheckName, Log>;
  readonly #waiting = new Set<() => void>();
  #finishing: Promise<void> | undefined;
  #isFinished = false;

  private constructor(folder: string, logs: ReadonlyMap<CheckName, Log>) {
    this.#folder = folder;
    this.#logs = logs;
  }

  static async open(folder: string, checks: readonly CheckName[]): Promise<RunLogs> {
    const logs = new Map<CheckName, Log>();
    for (const check of checks) {
      const file = await open(partOf(folder, check), 'w', 0o600);
      logs.set(check, { file, bytes: 0, fault: undefined, writing: Promise.resolve() });
    }
    return new RunLogs(folder, logs);
  }

  /** Never rejects: a disk that is full costs the log, not the run. */
  async append(check: CheckName, bytes: Buffer): Promise<void> {
    const log = this.#logs.get(check);
    if (log === undefined || log.fault !== undefined || this.#finishing !== undefined) return;
    await (log.writing = log.writing.then(() => write(log, bytes)));
    this.#wake();
  }

  /** Nothing more comes. `note`: why what there is may not be whole. Twice is fine. */
  finish(note?: string): Promise<void> {
    return (this.#finishing ??= this.#finish(note));
  }

  /** Resolves when something may have come, or nothing comes any more; at once when that is so already. */
  async grown(check: CheckName, beyond: number, signal: AbortSignal): Promise<'grown' | 'finished'> {
    while (!this.#isFinished && !signal.aborted) {
      if ((this.#logs.get(check)?.bytes ?? 0) > beyond) return 'grown';
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener('abort', wake, { once: true });
      });
    }
    return 'finished';
  }

  async #finish(note: string | undefined): Promise<void> {
    for (const [check, log] of this.#logs) {
      await log.writing;
      const { file, fault } = log;
      const why = fault ?? note;
      if (why !== undefined) await file.writeFile(`\n[… ${why} …]\n`).catch(() => undefined);
      await file.close();
      await rename(partOf(this.#folder, check), logOf(this.#folder, check));
    }
    this.#isFinished = true;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}

async function write(log: Log, bytes: Buffer): Promise<void> {
  if (log.bytes + bytes.length > maxLogBytes) log.fault ??= `the log is limited to ${maxLogBytes} bytes`;
  if (log.fault !== undefined) return;
  try {
    await log.file.writeFile(bytes);
    log.bytes += bytes.length;
  } catch (error) {
    log.fault = error instanceof Error ? error.message : String(error);
  }
}

/** The output of a check, as far as it goes; with `live` also what comes while it is read. Nothing is open until it is read. */
export async function* readLog(
  folder: string,
  check: CheckName,
  { live, signal }: { readonly live: RunLogs | undefined; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const file = (await tryOpen(partOf(folder, check))) ?? (await tryOpen(logOf(folder, check)));
  if (file === undefined) return;
  try {
    for (let at = 0, isLast = live === undefined; !signal.aborted;) {
      const { buffer, bytesRead } = await file.read(new Uint8Array(pieceBytes), 0, pieceBytes, at);
      at += bytesRead;
      if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
      else if (isLast || live === undefined) return;
      // Read once more after its end: something may have come between the last read and that.
      else isLast = (await live.grown(check, at, signal)) === 'finished';
    }
  } finally {
    await file.close();
  }
}

/** Whether there is anything to be read. */
export async function hasLog(folder: string, check: CheckName): Promise<boolean> {
  const file = (await tryOpen(partOf(folder, check))) ?? (await tryOpen(logOf(folder, check)));
  await file?.close();
  return file !== undefined;
}

/** Gives the logs of a run whose gateway is dead their names; `note` stands at their end. */
export async function finishDeadLogs(folder: string, checks: readonly CheckName[], note: string): Promise<void> {
  for (const check of checks) {
    const part = await tryOpen(partOf(folder, check));
    if (part === undefined) continue;
    await part.close();
    const end = await open(partOf(folder, check), 'a');
    await end.writeFile(`\n[… ${note} …]\n`);
    await end.close();
    await rename(partOf(folder, check), logOf(folder, check));
  }
}

async function tryOpen(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function partOf(folder: string, check: CheckName): string {
  return join(folder, `${check}.log.part`);
}

function logOf(folder: string, check: CheckName): string {
  return join(folder, `${check}.log`);
}
