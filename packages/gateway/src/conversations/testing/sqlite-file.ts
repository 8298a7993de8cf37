import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { ConversationId, ProjectId, UserId } from '@holdfast/protocol';
import type { NewConversation } from '../store.ts';

/** A folder of its own for the files of a test; gone when it is disposed. */
export class SQLiteFolder implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'holdfast-sqlite-'));
  #count = 0;

  /** Of a file that is not there yet, in a folder that is not there yet. */
  freshPath(): string {
    return join(this.path, `db-${this.#count++}`, 'holdfast.db');
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Another process on a file (sqlite-child.ts). */
export class SQLiteChild implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  /** What it has said. */
  readonly said: string[] = [];

  constructor(does: 'create' | 'count' | 'back' | 'hold', path: string, ...rest: string[]) {
    const script = fileURLToPath(new URL('sqlite-child.ts', import.meta.url));
    const args = ['--disable-warning=ExperimentalWarning', script, does, path, ...rest];
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout });
    this.#lines.on('line', (line) => this.said.push(line));
  }

  /** Waits until it has said so many lines. */
  async lines(count: number): Promise<void> {
    while (this.said.length < count) await once(this.#lines, 'line');
  }

  /** Tells it to stop and waits until it has. */
  async end(): Promise<void> {
    this.#child.stdin.end();
    await this.#exited();
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #exited(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }
}

/** Looks into a file, or changes it, below the store. */
export function inFile<Result>(path: string, look: (db: DatabaseSync) => Result): Result {
  const db = new DatabaseSync(path, { timeout: 5_000 });
  try {
    return look(db);
  } finally {
    db.close();
  }
}

export function newConversation(id: string, rest: Partial<NewConversation> = {}): NewConversation {
  return {
    conversationId: id as ConversationId,
    userId: 'ada' as UserId,
    projectId: 'shop' as ProjectId,
    agent: 'demo',
    epoch: 'e',
    at: 1,
    ...rest,
  };
}
