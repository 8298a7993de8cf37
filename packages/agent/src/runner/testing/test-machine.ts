import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@holdfast/protocol';
import { rolldown } from 'rolldown';
import { vi } from 'vitest';
import { sessionPaths, type SessionPaths } from '../session-paths.ts';
import { TestAttach } from './test-attach.ts';
import { TestLink } from './test-link.ts';

let bundled: Promise<string> | undefined;

/** The commands as one file, as they are shipped. Made once for a test file. */
export async function bundleEntry(): Promise<string> {
  bundled ??= bundle();
  return await bundled;
}

/** Always to the same place, and in one step: other test files may be reading it. */
async function bundle(): Promise<string> {
  const folder = join(import.meta.dirname, '../../../../../node_modules/.cache/holdfast-runner');
  const made = join(folder, `entry.${process.pid}.mjs`);
  const build = await rolldown({ input: join(import.meta.dirname, 'entry.ts'), platform: 'node' });
  await build.write({ file: made, format: 'esm' });
  await build.close();
  const file = join(folder, 'entry.mjs');
  renameSync(made, file);
  return file;
}

/** A project's machine in a folder: its state, the processes on it, and what is left of them. */
export class TestMachine {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'hf-'));
  readonly stateDir: string;
  readonly cwd: string;
  readonly runtime: string;
  readonly #mark = newId();
  readonly #children: ChildProcess[] = [];
  readonly #entry: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(entry: string, env: Readonly<Record<string, string>>, runtime: string) {
    this.#entry = entry;
    this.runtime = runtime;
    this.stateDir = env['HOLDFAST_STATE_DIR'] ?? join(this.folder, 'state');
    this.cwd = join(this.folder, 'project');
    mkdirSync(this.cwd);
    this.#env = {
      PATH: process.env['PATH'] ?? '',
      HOLDFAST_STATE_DIR: this.stateDir,
      HOLDFAST_TEST: this.#mark,
      ...env,
    };
  }

  static async start(
    env: Readonly<Record<string, string>> = {},
    runtime: string = process.execPath,
  ): Promise<TestMachine> {
    return new TestMachine(await bundleEntry(), env, runtime);
  }

  link(env: Readonly<Record<string, string>> = {}): TestLink {
    return new TestLink(this.#spawn(['link'], env), this.cwd);
  }

  attach(session: string, from = 0, env: Readonly<Record<string, string>> = {}): TestAttach {
    const target = ['--session', session, '--agent', 'fake', '--cwd', this.cwd, '--from', String(from)];
    return new TestAttach(this.#spawn(['attach', ...target], env));
  }

  paths(session: string): SessionPaths {
    return sessionPaths(this.stateDir, session);
  }

  runnerPid(session: string): number {
    return (JSON.parse(readFileSync(this.paths(session).pid, 'utf8')) as { pid: number }).pid;
  }

  agentPid(session: string): number {
    return (JSON.parse(readFileSync(this.paths(session).pid, 'utf8')) as { agentPid: number }).agentPid;
  }

  journal(session: string): string[] {
    return readFileSync(this.paths(session).journal, 'utf8').split('\n').slice(0, -1);
  }

  /** Every living process that was started here, directly or not. */
  processes(): { pid: number; command: string }[] {
    return readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      const environ = readOrEmpty(`/proc/${name}/environ`);
      if (!environ.split('\0').includes(`HOLDFAST_TEST=${this.#mark}`)) return [];
      return [{ pid: Number(name), command: readOrEmpty(`/proc/${name}/cmdline`).split('\0').slice(1).join(' ') }];
    });
  }

  runners(): number[] {
    return this.processes().flatMap(({ pid, command }) => (command.trimEnd().endsWith(' runner') ? [pid] : []));
  }

  /** Ends the runners in order and asserts that nothing is left of anything. */
  async stop(): Promise<void> {
    for (const child of this.#children) child.stdin?.end();
    for (const pid of this.runners()) process.kill(pid, 'SIGTERM');
    await vi.waitFor(() => this.#assertEmpty(), { timeout: 20_000, interval: 20 });
    rmSync(this.folder, { recursive: true, force: true });
  }

  folderIsThere(session: string): boolean {
    return existsSync(this.paths(session).folder);
  }

  #assertEmpty(): void {
    const left = this.processes();
    if (left.length > 0) throw new Error(`processes are left: ${JSON.stringify(left)}`);
  }

  #spawn(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
    const child = spawn(this.runtime, [this.#entry, ...args], {
      env: { ...this.#env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#children.push(child);
    return child;
  }
}

/** The process may have gone meanwhile. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
