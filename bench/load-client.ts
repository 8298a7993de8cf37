import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { RunningContender } from './contender.ts';
import type { LoadAnswer, LoadOrder, Received } from './load/orders.ts';

/** A number of viewers of one contender, in a process of their own. */
export class LoadClient implements AsyncDisposable {
  readonly #child: ChildProcess;
  #received = Promise.withResolvers<Received>();
  #ready = Promise.withResolvers<void>();

  private constructor() {
    this.#child = fork(new URL('load-client.process.ts', import.meta.url), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (answer: LoadAnswer) => {
      if (answer.kind === 'ready') this.#ready.resolve();
      else if (answer.kind === 'received') this.#received.resolve(answer.received);
      else this.#ready.reject(new Error(answer.reason));
    });
    this.#child.once('exit', (code) => {
      const gone = new Error(`the load client ended with ${code}`);
      this.#ready.reject(gone);
      this.#received.reject(gone);
    });
    // Both may be rejected when nobody waits.
    this.#received.promise.catch(() => undefined);
    this.#ready.promise.catch(() => undefined);
  }

  /** Resolves when all viewers are connected and would get the next line. */
  static async open(to: RunningContender, viewers: number): Promise<LoadClient> {
    const client = new LoadClient();
    const upgrade = { url: to.wsUrl, headers: to.headers };
    await client.#order({ kind: 'open', viewers, upgrade, dialect: to.dialect });
    return client;
  }

  /** Starts to count; `received` resolves when every viewer has so many lines, or the time is up. */
  async expect(linesPerViewer: number, options: { latency: boolean; timeoutMs?: number }): Promise<void> {
    this.#received = Promise.withResolvers<Received>();
    this.#received.promise.catch(() => undefined);
    await this.#order({
      kind: 'expect',
      linesPerViewer,
      latency: options.latency,
      timeoutMs: options.timeoutMs ?? 60_000,
    });
  }

  /** Rejects when not every line came: a figure of fewer lines would be a lie. */
  async received(): Promise<Received> {
    const received = await this.#received.promise;
    if (!received.isWhole) throw new Error(`only ${received.lines} lines came`);
    return received;
  }

  /** All viewers go away without a word. */
  cut(): Promise<void> {
    return this.#order({ kind: 'cut' });
  }

  /** They come back, each with its cursor. */
  comeBack(): Promise<void> {
    return this.#order({ kind: 'return' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  #order(order: LoadOrder): Promise<void> {
    this.#ready = Promise.withResolvers<void>();
    this.#ready.promise.catch(() => undefined);
    this.#child.send(order);
    return this.#ready.promise;
  }
}
