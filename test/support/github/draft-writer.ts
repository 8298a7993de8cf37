import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { WriterOrders, WriterSaid } from './draft-writer.process.ts';
import { until } from '../until.ts';

const program = fileURLToPath(new URL('draft-writer.process.ts', import.meta.url));

/** A process that publishes drafts, and that a test kills. */
export class DraftWriter implements AsyncDisposable {
  readonly said: WriterSaid[] = [];
  readonly #child: ChildProcess;
  readonly #errors: Buffer[] = [];

  constructor(orders: WriterOrders) {
    this.#child = fork(program, [JSON.stringify(orders)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#child.on('message', (said: WriterSaid) => this.said.push(said));
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#errors.push(chunk));
  }

  /** What it says on stderr. */
  get errors(): string {
    return Buffer.concat(this.#errors).toString();
  }

  /** Resolves when it stands at so many of the moments at which it was told to stand. */
  async standsAt(count: number): Promise<void> {
    await this.#until(`${count} drafts to stand still`, () => this.#count('standing') >= count);
  }

  /** Resolves when so many drafts have ended by its hand. */
  async ends(count: number): Promise<void> {
    await this.#until(`${count} drafts to end`, () => this.#count('ended') >= count);
  }

  /** Resolves when all that it was to publish has ended. */
  async settles(): Promise<void> {
    await this.#until('the process to settle', () => this.#count('settled') > 0);
  }

  /** SIGSTOP; resolves when the kernel has stopped it. */
  async freeze(): Promise<void> {
    this.#child.kill('SIGSTOP');
    await this.isFrozen();
  }

  /** Resolves when the kernel has stopped it. */
  async isFrozen(): Promise<void> {
    await this.#until('the process to be frozen', () =>
      / T /.test(readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8').replace(/^.*\)/s, '')),
    );
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  #count(kind: WriterSaid['kind']): number {
    return this.said.filter((one) => one.kind === kind).length;
  }

  async #until(what: string, isSo: () => boolean): Promise<void> {
    try {
      await until(what, () => {
        if (this.#child.exitCode !== null) throw new Error(`the process ended with ${this.#child.exitCode}`);
        return isSo();
      });
    } catch (error) {
      throw new Error(`${JSON.stringify(this.said)}\n${this.errors}`, { cause: error });
    }
  }
}
