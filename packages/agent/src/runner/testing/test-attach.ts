import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { LineLog } from './line-log.ts';

/** A running `holdfast-agent attach`. */
export class TestAttach extends LineLog {
  readonly process: ChildProcess;
  readonly exitCode: Promise<number | null>;
  stderr = '';

  constructor(child: ChildProcess) {
    super();
    this.process = child;
    this.exitCode = once(child, 'exit').then(([code]) => code as number | null);
    child.stdout?.on('data', (chunk: Buffer) => this.take(chunk));
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    child.stdin?.on('error', () => undefined);
  }

  send(message: object): void {
    this.process.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  /** End of input: it detaches and exits. */
  async leave(): Promise<number | null> {
    this.process.stdin?.end();
    return await this.exitCode;
  }
}
