import { HoldfastError, type CheckEvent, type CheckName, type CheckRequest } from '@holdfast/protocol';
import type { Logger } from '../lib/logger.ts';
import type { CheckHost } from '../machines/check-host.ts';
import type { RunFolders } from './run-folders.ts';
import type { RunLogs } from './run-logs.ts';
import { applyEvent, checksOf, endRun, type RunRecord } from './run-record.ts';
import { tellCheck, tellTask, type TellParts } from './tell-conversation.ts';

export type LiveRunParts = {
  readonly folders: Pick<RunFolders, 'save'>;
  readonly logs: RunLogs;
  readonly tell: TellParts;
  readonly log: Logger;
  /** Who named the commands. */
  readonly from: Readonly<Partial<Record<CheckName, string>>>;
  /** Called once: nothing of it runs any more. */
  readonly onFinished: () => void;
};

/** A run that is under way here. Everything is in its file before the conversation hears of it, so that a next start can go on. */
export class LiveRun {
  readonly #parts: LiveRunParts;
  readonly #cancelled = new AbortController();
  readonly #finish: () => void;
  /** Resolves when nothing of it runs any more. Its logs, and what is told of it, may still be on the way. */
  readonly finished: Promise<void>;
  #record: RunRecord;
  #cancelReason: string | undefined;
  #hasBegun = false;
  #saved: Promise<void> = Promise.resolve();
  #told: Promise<void> = Promise.resolve();
  #isUntold = false;

  constructor(parts: LiveRunParts, record: RunRecord) {
    this.#parts = parts;
    this.#record = record;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.finished = promise.then(parts.onFinished);
    this.#finish = resolve;
  }

  get record(): RunRecord {
    return this.#record;
  }

  get logs(): RunLogs {
    return this.#parts.logs;
  }

  /** Asks the machine to end it. The first reason stands. */
  cancel(reason: string): void {
    if (this.#record.state === 'finished') return;
    this.#cancelReason ??= reason;
    this.#cancelled.abort(new HoldfastError('unavailable', this.#cancelReason));
  }

  /** Resolves when nothing is left to do for it; never rejects. */
  async carryOut(host: CheckHost, request: CheckRequest): Promise<void> {
    const { logs, log } = this.#parts;
    let note: string | undefined;
    try {
      await host.runChecks(
        request,
        { event: (event) => this.#hear(event), log: (check, bytes) => logs.append(check, bytes) },
        { signal: this.#cancelled.signal },
      );
      this.#end('The machine ended the run without a result.');
    } catch (thrown) {
      const error = HoldfastError.from(thrown);
      log.warn({ err: error, runId: this.#record.runId }, 'checks ended early');
      note = error.message;
      this.#end(error.message);
    }
    await logs.finish(note).catch((error: unknown) => log.warn({ err: error }, 'logs of checks not kept'));
    await this.#told;
    if (!this.#isUntold) {
      this.#record = { ...this.#record, isTold: true };
      this.#save();
    }
    await this.#saved;
  }

  #hear(event: CheckEvent): void {
    const before = this.#record;
    this.#hasBegun = true;
    const heard = applyEvent(before, event, Date.now(), this.#parts.from);
    this.#record =
      event.type === 'done' && this.#cancelReason !== undefined ? { ...heard, reason: this.#cancelReason } : heard;
    if (event.type === 'output' || before.state === 'finished') return;
    this.#save();
    if (event.type === 'started') this.#tell((record) => tellCheck(this.#parts.tell, record, event.check, undefined));
    if (event.type === 'finished')
      this.#tell((record) => tellCheck(this.#parts.tell, record, event.check, event.result));
    if (event.type === 'done') this.#finished();
  }

  #end(reason: string): void {
    const before = this.#record;
    if (before.state === 'finished') return;
    const verdict = this.#hasBegun || this.#cancelReason !== undefined ? 'cancelled' : 'could_not_start';
    this.#record = endRun(before, { verdict, reason: this.#cancelReason ?? reason, now: Date.now() });
    this.#save();
    for (const [check, { result }] of checksOf(this.#record)) {
      if (before.checks[check]?.state !== 'finished' && result !== undefined)
        this.#tell((record) => tellCheck(this.#parts.tell, record, check, result));
    }
    this.#finished();
  }

  #finished(): void {
    this.#tell((record) => tellTask(this.#parts.tell, record));
    this.#finish();
  }

  #save(): void {
    const record = this.#record;
    this.#saved = this.#saved
      .then(() => this.#parts.folders.save(record))
      .catch((error: unknown) => {
        this.#parts.log.error({ err: error, runId: record.runId }, 'run of checks not kept');
      });
  }

  /** In order, and only what is in the file. */
  #tell(act: (record: RunRecord) => Promise<void>): void {
    const [record, saved] = [this.#record, this.#saved];
    this.#told = this.#told
      .then(() => saved)
      .then(() => act(record))
      .catch((error: unknown) => {
        this.#isUntold = true;
        this.#parts.log.info({ err: error, runId: record.runId }, 'checks are told at the next start');
      });
  }
}
