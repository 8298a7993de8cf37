import { setTimeout as wait } from 'node:timers/promises';
import {
  checkNames,
  HoldfastError,
  parseGateRule,
  type CheckMode,
  type CheckName,
  type CheckRequest,
  type ConversationId,
  type UserId,
} from '@holdfast/protocol';
import type { ConversationStore } from '../conversations/store.ts';
import type { Logger } from '../lib/logger.ts';
import type { CheckHost } from '../machines/check-host.ts';
import type { Project } from '../projects/project.ts';
import { directoryIn } from './directory-in.ts';
import { LiveRun } from './live-run.ts';
import { newRunId, RunFolders, type RunLimits } from './run-folders.ts';
import { finishDeadLogs, hasLog, readLog, RunLogs } from './run-logs.ts';
import { checksOf, endRun, newRun, type RunRecord } from './run-record.ts';
import { tellCheck, tellTask, type Poster, type TellParts } from './tell-conversation.ts';

/** Where a project's checks run, and with what. */
export type CheckPlace = {
  readonly host: CheckHost;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
};

export type ChecksParts = {
  /** Where runs are kept. */
  readonly folder: string;
  readonly limits?: RunLimits;
  /** Who this gateway is, and whether another one is certainly gone. */
  readonly owner: string;
  readonly isOwnerDead: (owner: string) => boolean;
  readonly placeOf: (project: Project) => CheckPlace;
  readonly poster: Poster;
  readonly store: Pick<ConversationStore, 'read' | 'save'>;
  /** For runs that name none. */
  readonly mode: CheckMode;
  readonly log: Logger;
};

/** What a person asks for. What is absent comes from the project, or is found on its machine. */
export type CheckOrder = {
  readonly only?: readonly CheckName[];
  readonly mode?: CheckMode;
  readonly gates?: readonly string[];
  readonly workingDir?: string;
  readonly conversationId?: ConversationId;
};

export type StartResult =
  | { readonly kind: 'started'; readonly runId: string }
  /** This run of the same directory is under way. */
  | { readonly kind: 'busy'; readonly runId: string };

const maxLiveRuns = 50;
const recoverEveryMs = 10_000;
/** How long a gateway that stops waits for its runs to end. */
const stopMs = 8_000;
const killed = 'The gateway that ran the checks was killed; they are ended. Run them again.';

/** The runs of checks of this gateway: those that are under way, and those that are kept on this machine. */
export class Checks {
  readonly #parts: ChecksParts;
  readonly #folders: RunFolders;
  readonly #tell: TellParts;
  readonly #live = new Map<string, { readonly run: LiveRun; readonly over: Promise<void> }>();
  /** The run that has a directory: a second one there would write into the same files. */
  readonly #places = new Map<string, string>();
  /** Kept runs for which nothing is left to do. */
  readonly #settled = new Set<string>();
  readonly #stopped = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #recovering: Promise<void> | undefined;

  constructor(parts: ChecksParts) {
    this.#parts = parts;
    this.#folders = new RunFolders(parts.folder, parts.limits);
    const { poster, store, log } = parts;
    this.#tell = { poster, store, log, signal: this.#stopped.signal };
  }

  /** Ends what killed gateways left, now and for ever. */
  start(): void {
    void this.#recover();
    this.#timer = setInterval(() => void this.#recover(), recoverEveryMs);
  }

  /** Cancels what runs, and waits until that is told; what could not be told is told at the next start. Twice is fine. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const live = [...this.#live.values()];
    for (const { run } of live) run.cancel('The gateway was stopped while the checks ran. Run them again.');
    const patience = new AbortController();
    const over = Promise.all(live.map((one) => one.over));
    await Promise.race([over, wait(stopMs, undefined, { signal: patience.signal }).catch(() => undefined)]);
    patience.abort();
    this.#stopped.abort(new HoldfastError('unavailable', 'The gateway is stopping.'));
    await this.#recovering;
  }

  /** Begins a run. Throws `bad_message` for a directory outside of the project. */
  async run(project: Project, order: CheckOrder, userId: UserId): Promise<StartResult> {
    if (this.#stopped.signal.aborted || this.#live.size >= maxLiveRuns)
      throw new HoldfastError('unavailable', 'Too many checks run at this gateway; try again when some have ended.');
    const place = this.#parts.placeOf(project);
    const directory = directoryIn(place.cwd, order.workingDir);
    const key = JSON.stringify([project.id, directory]);
    const busy = this.#places.get(key);
    if (busy !== undefined) return { kind: 'busy', runId: busy };
    const runId = newRunId(Date.now());
    this.#places.set(key, runId);
    try {
      await this.#begin({
        project,
        order,
        userId,
        place,
        directory,
        runId,
        onFinished: () => this.#places.delete(key),
      });
    } catch (cause) {
      this.#places.delete(key);
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new HoldfastError('unavailable', `The run of checks cannot be kept in ${this.#parts.folder}: ${why}`, {
        cause,
      });
    }
    return { kind: 'started', runId };
  }

  /** A run that is under way here or kept on this machine. */
  async get(runId: string): Promise<RunRecord | undefined> {
    return this.#live.get(runId)?.run.record ?? (await this.#folders.read(runId));
  }

  /** Ends a run that is under way here; resolves when it has ended. False: it runs at another gateway. */
  async cancel(runId: string, userId: UserId): Promise<boolean> {
    const live = this.#live.get(runId);
    if (live === undefined) return (await this.#folders.read(runId))?.state !== 'running';
    live.run.cancel(`Cancelled by ${userId}.`);
    await live.run.finished;
    return true;
  }

  /** The whole output of a check; of one that runs also what comes while it is read. Undefined: there is none (any more). */
  async log(
    runId: string,
    check: CheckName,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<AsyncGenerator<Uint8Array<ArrayBuffer>> | undefined> {
    const folder = this.#folders.path(runId);
    if (!(await hasLog(folder, check))) return undefined;
    return readLog(folder, check, { live: this.#live.get(runId)?.run.logs, signal });
  }

  async #begin(of: {
    readonly project: Project;
    readonly order: CheckOrder;
    readonly userId: UserId;
    readonly place: CheckPlace;
    readonly directory: string;
    readonly runId: string;
    readonly onFinished: () => void;
  }): Promise<void> {
    const { project, order, userId, place, directory, runId, onFinished } = of;
    const { owner, log } = this.#parts;
    const only = checkNames.filter((check) => order.only?.includes(check) ?? true);
    const mode = order.mode ?? this.#parts.mode;
    const record = newRun({
      ...{ runId, projectId: project.id, userId, conversationId: order.conversationId ?? null },
      ...{ directory, mode, owner, startedAt: Date.now(), only },
    });
    await this.#folders.create(record);
    const logs = await RunLogs.open(this.#folders.path(runId), only);
    const { commands } = project.checks;
    const from = Object.fromEntries(Object.entries(commands).map(([check, named]) => [check, named.from]));
    const runLog = log.child({ runId, projectId: project.id, userId });
    const run = new LiveRun({ folders: this.#folders, logs, tell: this.#tell, log: runLog, from, onFinished }, record);
    const request = requestOf(project, place, { ...order, only, mode }, directory);
    runLog.info({ only, mode, directory }, 'checks begin');
    const over = run.carryOut(place.host, request).then(() => this.#forget(runId, run));
    this.#live.set(runId, { run, over });
  }

  async #forget(runId: string, run: LiveRun): Promise<void> {
    this.#live.delete(runId);
    const { state, run: result } = run.record;
    this.#parts.log.info({ runId, state, allPassed: result?.allPassed ?? null }, 'checks ended');
    await this.#folders.prune(new Set(this.#live.keys())).catch((error: unknown) => {
      this.#parts.log.warn({ err: error }, 'old runs of checks not removed');
    });
  }

  async #recover(): Promise<void> {
    this.#recovering ??= this.#recoverAll()
      .catch((error: unknown) => {
        if (!this.#stopped.signal.aborted) this.#parts.log.error({ err: error }, 'runs of checks not recovered');
      })
      .finally(() => (this.#recovering = undefined));
    await this.#recovering;
  }

  async #recoverAll(): Promise<void> {
    for (const id of await this.#folders.ids()) {
      if (this.#stopped.signal.aborted) return;
      if (this.#settled.has(id) || this.#isOurs(id)) continue;
      const record = await this.#folders.read(id);
      if (record?.isTold === true) this.#settled.add(id);
      else if (record !== undefined && this.#isAbandoned(record)) await this.#settle(record);
    }
  }

  /** It begins or is under way. */
  #isOurs(runId: string): boolean {
    return this.#live.has(runId) || [...this.#places.values()].includes(runId);
  }

  /** Its gateway is gone; or it is this one, which could not tell it. */
  #isAbandoned({ owner }: RunRecord): boolean {
    return owner === this.#parts.owner || this.#parts.isOwnerDead(owner);
  }

  /** Ends it, and tells all of it: what is in the conversation already is there once. */
  async #settle(found: RunRecord): Promise<void> {
    const { runId } = found;
    const record = endRun(found, { verdict: 'cancelled', reason: killed, now: Date.now() });
    if (record !== found) await this.#folders.save(record);
    await finishDeadLogs(this.#folders.path(runId), checkNames, killed);
    for (const [check, { hasRun, result }] of checksOf(record)) {
      if (hasRun) await tellCheck(this.#tell, record, check, undefined);
      if (result !== undefined) await tellCheck(this.#tell, record, check, result);
    }
    await tellTask(this.#tell, record);
    await this.#folders.save({ ...record, isTold: true });
    this.#settled.add(runId);
    this.#parts.log.info({ runId, wasRunning: record !== found }, 'run of checks recovered');
  }
}

function requestOf(
  { checks }: Project,
  { cwd, env }: CheckPlace,
  order: CheckOrder & { readonly only: readonly CheckName[]; readonly mode: CheckMode },
  directory: string,
): CheckRequest {
  const { only, mode, gates = [] } = order;
  const commands = Object.fromEntries(Object.entries(checks.commands).map(([check, { command }]) => [check, command]));
  // A project's gate about a check that was not asked for would close every partial run.
  const own = checks.gates.filter((rule) => only.some((check) => check === parseGateRule(rule)?.check));
  return {
    ...{ cwd, workingDir: directory, only, mode, commands, env },
    timeoutsS: checks.timeoutsS,
    gates: [...new Set([...own, ...gates])],
    passEnv: checks.passEnv,
  };
}
