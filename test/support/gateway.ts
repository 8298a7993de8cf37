import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { processesMarked, type MarkedProcess } from './marked.ts';
import { until } from './until.ts';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const main = join(repository, 'packages', 'gateway', 'dist', 'main.js');

export type StoryOptions = {
  /** Its folder, for a story that has to know it before; removed at the end. Default: one of its own. */
  readonly dir?: string;
  /** The `projects:` YAML; default: one local project `shop` in `<dir>/shop`, open to everybody. */
  readonly config?: (dir: string) => string;
  readonly env?: Readonly<Record<string, string>>;
};

/**
 * A real gateway in a process of its own, with a folder of its own for store, runners and workspace, on a port that stays the
 * same over restarts. Users `ada` and `grace` sign in with `ada-token` and `grace-token`.
 */
export class TestGateway {
  readonly dir: string;
  readonly workspace: string;
  readonly port: number;
  readonly #env: Record<string, string>;
  readonly #options: StoryOptions;
  #child: ChildProcess | null = null;
  /** What all starts wrote to stderr. */
  log = '';

  private constructor(dir: string, port: number, options: StoryOptions) {
    this.dir = dir;
    this.port = port;
    this.#options = options;
    this.workspace = join(dir, 'shop');
    mkdirSync(this.workspace, { recursive: true });
    const config = join(dir, 'holdfast.yaml');
    const yaml = options.config?.(dir);
    writeFileSync(
      config,
      yaml ?? `projects:\n  - id: shop\n    members: ['*']\n    workspace: { local: ${this.workspace} }\n`,
    );
    this.#env = {
      PATH: process.env['PATH'] ?? '',
      HOME: join(dir, 'home'),
      HOST: '127.0.0.1',
      PORT: String(port),
      HOLDFAST_CONFIG: config,
      HOLDFAST_STATE_DIR: this.stateDir,
      HOLDFAST_IDLE_MS: '2000',
      PERSISTENCE_ADAPTER: 'sqlite',
      SQLITE_DB_PATH: join(dir, 'store', 'holdfast.db'),
      AUTH_TOKENS: 'ada:ada-token,grace:grace-token',
      ...options.env,
    };
    mkdirSync(join(dir, 'home'), { recursive: true });
  }

  static async start(options: StoryOptions = {}): Promise<TestGateway> {
    const gateway = new TestGateway(options.dir ?? mkdtempSync(join(tmpdir(), 'story-')), await freePort(), options);
    await gateway.start();
    return gateway;
  }

  /** Another gateway on the same store, runners and workspace. `end` of the first one counts its processes too. */
  async sibling(): Promise<TestGateway> {
    const other = new TestGateway(this.dir, await freePort(), this.#options);
    await other.start();
    return other;
  }

  get stateDir(): string {
    return join(this.dir, 'state');
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the gateway does not run');
    return pid;
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [main, 'serve'], { env: this.#env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.log = (this.log + text).slice(-200_000)));
    await until('the gateway to listen', async () => {
      if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}: ${this.log}`);
      return fetch(`${this.url}/livez`).then(
        (answer) => answer.ok,
        () => false,
      );
    });
  }

  /**
   * Stops it (SIGSTOP) between two transactions. One that is stopped in the middle of a commit holds SQLite's write lock until
   * it goes on or dies, and nobody else can write meanwhile: that is SQLite's promise, not a lease's.
   */
  async freeze(): Promise<void> {
    await until('a moment between two transactions', async () => {
      process.kill(this.pid, 'SIGSTOP');
      await until('it to stand still', () => readFileSync(`/proc/${this.pid}/stat`, 'latin1').includes(') T '));
      const isWriting = readFileSync('/proc/locks', 'latin1')
        .split('\n')
        .some((line) => new RegExp(`POSIX +ADVISORY +WRITE +${this.pid} `).test(line));
      if (isWriting) process.kill(this.pid, 'SIGCONT');
      return !isWriting;
    });
  }

  /** Ends it with this signal and waits until it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  /** Stops it, lets it go on; nothing happens when it does not run. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Everything that it started and that still lives, itself included. */
  processes(): readonly MarkedProcess[] {
    return processesMarked(this.stateDir);
  }

  /** Those of a kind: `link`, `runner`, `run`. */
  processesOf(kind: 'link' | 'runner' | 'run'): readonly MarkedProcess[] {
    return this.processes().filter(({ command }) => new RegExp(`holdfast-agent\\S*\\.js ${kind}\\b`).test(command));
  }

  /** Stops it gracefully and proves that nothing is left once the runners' idle time is over. */
  async end(): Promise<void> {
    await this.kill('SIGTERM');
    try {
      await until('every process to be gone', () => this.processes().length === 0, 30_000);
    } catch (error) {
      const left = this.processes();
      for (const { pid } of left) process.kill(pid, 'SIGKILL');
      throw new Error(`left over: ${left.map(({ pid, command }) => `${pid} ${command}`).join('; ')}`, { cause: error });
    } finally {
      rmSync(this.dir, { recursive: true, force: true });
    }
  }
}
