import {
  checkNames,
  decodeJsonPayload,
  decodeLog,
  frameKind,
  type FrameKind,
  type LinkFrame,
} from '@holdfast/protocol';
import { LineLog, type Line } from './line-log.ts';

/** One run of checks: its events are its lines, with OPENED and GONE among them as `opened` and `gone`. */
export class TestCheck extends LineLog {
  /** What came of each whole output. */
  readonly logs: Readonly<Record<string, Buffer[]>> = Object.fromEntries(checkNames.map((check) => [check, []]));
  /** False: what comes of the outputs is not acknowledged. */
  takesLogs = true;
  readonly #send: (kind: FrameKind, payload?: object) => void;

  constructor(send: (kind: FrameKind, payload?: object) => void) {
    super();
    this.#send = send;
  }

  async gone(): Promise<Line> {
    return await this.untilType('gone');
  }

  log(check: string): string {
    return Buffer.concat(this.logs[check] ?? []).toString();
  }

  end(): void {
    this.#send(frameKind.end);
  }

  close(): void {
    this.#send(frameKind.close);
  }

  ack(check: string): void {
    this.#send(frameKind.ack, { check, offset: this.#bytesOf(check) });
  }

  takeFrame({ kind, payload }: LinkFrame): void {
    if (kind === frameKind.log) return this.#takeLog(payload);
    const value = decodeJsonPayload(payload) ?? {};
    const names: Readonly<Record<number, string>> = { [frameKind.opened]: 'opened', [frameKind.gone]: 'gone' };
    this.add({ type: names[kind] ?? '', ...value });
  }

  #takeLog(payload: Uint8Array): void {
    const log = decodeLog(payload);
    if (log === undefined) throw new Error('a LOG frame must name a check');
    const { check, offset, bytes } = log;
    if (offset !== this.#bytesOf(check)) throw new Error(`byte ${this.#bytesOf(check)} was expected, ${offset} came`);
    this.logs[check]?.push(Buffer.from(bytes));
    this.add({ type: 'log', check, bytes: bytes.length });
    if (this.takesLogs) this.ack(check);
  }

  #bytesOf(check: string): number {
    return (this.logs[check] ?? []).reduce((sum, { length }) => sum + length, 0);
  }
}
