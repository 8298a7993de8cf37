import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord, newId, parseJson } from '@holdfast/protocol';
import type { RunRecord } from './run-record.ts';

/** How much is kept; the oldest runs go first. */
export type RunLimits = { readonly maxRuns: number; readonly maxBytes: number };

const runIdPattern = /^[0-9a-z]{9}-[0-9a-f]{32}$/;

/** A new id; later ones sort after earlier ones. */
export function newRunId(now: number): string {
  return `${now.toString(36).padStart(9, '0')}-${newId()}`;
}

/** Safe as the name of a folder. */
export function isRunId(text: string): boolean {
  return runIdPattern.test(text);
}

/** Runs as they are kept on this machine: a folder each, with `run.json` and the logs; for the owner's eyes only. */
export class RunFolders {
  readonly #root: string;
  readonly #limits: RunLimits;

  constructor(root: string, limits: RunLimits = { maxRuns: 200, maxBytes: 1_073_741_824 }) {
    this.#root = root;
    this.#limits = limits;
  }

  path(runId: string): string {
    return join(this.#root, runId);
  }

  async create(record: RunRecord): Promise<void> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
    await mkdir(this.path(record.runId), { mode: 0o700 });
    await this.save(record);
  }

  /** Whole or not at all. */
  async save(record: RunRecord): Promise<void> {
    const file = join(this.path(record.runId), 'run.json');
    const temporary = `${file}.${newId()}`;
    await writeFile(temporary, JSON.stringify(record), { mode: 0o600 });
    await rename(temporary, file);
  }

  /** Undefined when there is none, or none that can be read. */
  async read(runId: string): Promise<RunRecord | undefined> {
    if (!isRunId(runId)) return undefined;
    const text = await readFile(join(this.path(runId), 'run.json'), 'utf8').catch(() => '');
    const record = parseJson(text);
    return isRecord(record) && record['runId'] === runId ? (record as unknown as RunRecord) : undefined;
  }

  /** The oldest first. */
  async ids(): Promise<readonly string[]> {
    const names = await readdir(this.#root).catch(() => []);
    return names.filter(isRunId).toSorted();
  }

  /** Removes the oldest that are too many or too large together; none of `kept`, and none that is being written. */
  async prune(kept: ReadonlySet<string>): Promise<void> {
    const ids = (await this.ids()).toReversed();
    let bytes = 0;
    for (const [index, id] of ids.entries()) {
      const files = await sizesIn(this.path(id));
      bytes += [...files.values()].reduce((sum, size) => sum + size, 0);
      const isBusy = kept.has(id) || [...files.keys()].some((name) => name.endsWith('.part'));
      if (isBusy || (index < this.#limits.maxRuns && bytes <= this.#limits.maxBytes)) continue;
      await rm(this.path(id), { recursive: true, force: true });
    }
  }
}

async function sizesIn(folder: string): Promise<ReadonlyMap<string, number>> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return new Map(names.map((name, index) => [name, sizes[index] ?? 0]));
}
