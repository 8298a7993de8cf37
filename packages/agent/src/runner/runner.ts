import type { Socket } from 'node:net';
import { resolve } from 'node:path';
import {
  newId,
  parseClientMessage,
  type ClientMessage,
  type ErrorCode,
  type Gone,
  type OpenRequest,
} from '@holdfast/protocol';
import { Attachment } from './attachment.ts';
import type { RunnerEnvironment } from './environment.ts';
import { isDiskFault } from './disk-fault.ts';
import { Journal } from './journal.ts';
import type { LogFile } from './log-file.ts';
import { LineCutter } from './line-cutter.ts';
import { processStamp } from './processes.ts';
import { ensureReserve, releaseReserve } from './reserve.ts';
import { SessionRecord } from './session-record.ts';
import type { SessionFolder } from './session-folder.ts';
import { Agent, type AgentEnd } from './supervise.ts';
import type { TurnEffect } from './turn.ts';

export type RunnerOptions = {
  readonly folder: SessionFolder;
  readonly environment: RunnerEnvironment;
  readonly log: LogFile;
  /** The command that runs the session's agent in `cwd`. */
  readonly agentArgv: (agent: string, cwd: string) => readonly string[];
  /** Called once: nothing runs any more, and the journal is closed. `free`: it may be removed. */
  readonly onEnded: (free: boolean) => void;
};

/** Bytes of commands that may wait inside of the agent's pipe before the attachment is made to wait. */
const maxAgentBacklogBytes = 4_194_304;
/** A line may be a little longer than the agent may make it: the newline, and a reader's own idea of where it ends. */
const maxLineBytes = 1_048_576 + 65_536;
const diskRetryMs = 1000;

const noRoom = {
  code: 'unavailable',
  error: "The journal cannot be written: the disk of the project's machine is full or broken; make room there.",
} as const;

/**
 * One session: its journal, its agent and the newest attachment (docs/protocol.md section 7). Commands wait while an
 * agent is being ended, so that what is accepted afterwards meets a new one.
 */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #folder: SessionFolder;
  readonly #log: LogFile;
  readonly #journal: Journal;
  readonly #record: SessionRecord;
  #agent: Agent | undefined;
  /** Set while an agent is being ended. */
  #isSettling = false;
  #waiting: (() => void)[] = [];
  #killed: Promise<void> = Promise.resolve();
  #current: Attachment | undefined;
  #env: Readonly<Record<string, string>> = {};
  #abortTimer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  /** Set while the closing lines of a turn wait for room on the disk. */
  #closeTimer: NodeJS.Timeout | undefined;
  #isEnding = false;

  /** Opens the journal and closes what an earlier runner left open in it. */
  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#folder = options.folder;
    this.#log = options.log;
    const { meta, paths } = options.folder;
    let journal: Journal | undefined;
    this.#record = new SessionRecord((onLine) => (journal = new Journal(paths.journal, onLine)), meta.agent, {
      appended: (lines, lineCount) => this.#current?.feed(lines, lineCount),
      effect: (effect) => this.#carryOut(effect),
      dropped: (why, start) => this.#log.write('warn', 'agent line dropped', { why, start }),
    });
    this.#journal = journal as unknown as Journal;
    ensureReserve(paths.reserve);
    this.#guardDisk(() => this.#record.apply({ kind: 'agentGone' }));
    this.#restartIdleClock();
  }

  /** A new attachment; the one before it is told to go. Undefined when it was refused, or this one ends. */
  open(request: OpenRequest, socket: Socket, channel: number, refuse: (gone: Gone) => void): Attachment | undefined {
    // Not answered: the link opens it again when this runner is out of the way.
    if (this.#isEnding) return undefined;
    const { meta } = this.#folder;
    if (request.agent !== meta.agent) {
      const message = `Session ${meta.session} belongs to the agent ${meta.agent}, not ${request.agent}.`;
      refuse({ reason: 'failed', code: 'conflict', message });
      return undefined;
    }
    const generation = request.generation ?? meta.generation + 1;
    if (generation < meta.generation) {
      refuse({ reason: 'stale', generation: meta.generation });
      return undefined;
    }
    this.#current?.letGo({ reason: 'superseded', generation });
    this.#env = request.env;
    this.#folder.update({ generation, cwd: request.cwd });
    const { session, epoch } = meta;
    const isKnownEpoch = request.epoch === undefined || request.epoch === epoch;
    const next = this.#journal.next;
    const from = isKnownEpoch ? Math.min(request.from, next) : 0;
    this.#current = new Attachment(socket, channel, this.#journal, { session, epoch, generation, from, next });
    this.#restartIdleClock();
    return this.#current;
  }

  /** A client message in JSON; done once for each id, and only for the newest attachment. */
  command(from: Attachment, text: string): void {
    if (this.#isSettling) {
      from.socket.pause();
      this.#waiting.push(() => this.command(from, text));
      return;
    }
    if (from !== this.#current || this.#isEnding) return;
    const parsed = parseClientMessage(text);
    if (!parsed.ok) {
      this.#log.write('warn', 'command not understood', { error: parsed.error });
      return;
    }
    const id = parsed.message.id ?? newId();
    if (this.#record.hasAccepted(id)) return;
    const isAccepted = this.#hasRoom() && this.#guardDisk(() => this.#record.accept(id, parsed.message));
    if (isAccepted) this.#deliver({ ...parsed.message, id }, from);
    else from.letGo({ reason: 'failed', code: 'unavailable', message: noRoom.error });
    this.#restartIdleClock();
  }

  /** Everything before `offset` is stored for good. */
  acknowledge(from: Attachment, offset: number): void {
    if (from === this.#current && offset > this.#folder.meta.acked) {
      this.#folder.acknowledge(Math.min(offset, this.#journal.next));
    }
  }

  /** The attachment has gone, or wants to; the session goes on. What it sent before still counts. */
  detach(from: Attachment): void {
    if (this.#isSettling && this.#waiting.length > 0) {
      this.#waiting.push(() => this.detach(from));
      return;
    }
    from.socket.end();
    if (from !== this.#current) return;
    this.#current = undefined;
    this.#restartIdleClock();
  }

  /** The attachment wants the session to be over: nothing of it is kept. */
  end(from: Attachment): void {
    if (from === this.#current) void this.#finish('ended', () => true);
  }

  /** Somebody wants this process to end: the turn is closed as interrupted, the journal stays for the next runner. */
  interrupt(): void {
    void this.#finish('lost', () => false);
  }

  #deliver(message: ClientMessage, from: Attachment): void {
    // Without an agent there is nothing to decide about and nothing to abort: it is accepted and does nothing.
    if (this.#agent === undefined && message.type !== 'prompt' && message.type !== 'settings') return;
    this.#agent ??= this.#startAgent();
    this.#agent.write(`${JSON.stringify(message)}\n`, () => this.#isSettling || from.socket.resume());
    if (this.#agent.backlogBytes > maxAgentBacklogBytes) from.socket.pause();
  }

  #startAgent(): Agent {
    const { meta, run } = this.#folder;
    const cutter = new LineCutter(maxLineBytes, () =>
      this.#record.complain('The agent wrote a line longer than 1 MiB; it was dropped.'),
    );
    const { passed } = this.#options.environment;
    const cwd = resolve(passed['HOME'] ?? '/', meta.cwd);
    const agent = new Agent({
      argv: this.#options.agentArgv(meta.agent, cwd),
      cwd,
      env: { ...passed, ...this.#env, HOLDFAST_SESSION: meta.session },
      run,
      onOutput: (chunk) => {
        this.#guardDisk(() => {
          const lines = cutter.push(chunk);
          if (lines !== undefined) this.#record.output(lines);
        });
        this.#restartIdleClock();
      },
      onLog: (chunk) => this.#log.append(chunk),
      onExit: () => (this.#isSettling = true),
      onEnded: (end) => this.#agentEnded(end, cutter.restBytes),
    });
    const stamp = agent.pid === undefined ? undefined : processStamp(agent.pid);
    this.#folder.noteAgent(agent.pid, stamp);
    return agent;
  }

  #agentEnded(end: AgentEnd, restBytes: number): void {
    const facts = { code: end.code, signal: end.signal, restBytes, error: end.startError?.message };
    this.#log.write(this.#record.turn.prompts.length > 0 ? 'error' : 'info', 'agent ended', facts);
    this.#agent = undefined;
    const error = describeEnd(end, this.#folder.meta.cwd);
    this.#guardDisk(() => this.#record.apply({ kind: 'agentGone', error }));
    this.#settled();
  }

  /** Ends the agent; its output counts no more from this moment on. Resolves when no agent is left that is being ended. */
  #killAgent(): Promise<void> {
    const agent = this.#agent;
    if (agent === undefined) return this.#killed;
    this.#agent = undefined;
    this.#isSettling = true;
    this.#killed = agent.stop().then((isGone) => {
      if (!isGone) this.#log.write('error', 'agent could not be killed', { pid: agent.pid });
      this.#settled();
    });
    return this.#killed;
  }

  #settled(): void {
    if (this.#isEnding) return;
    this.#isSettling = false;
    this.#current?.socket.resume();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) run();
    this.#restartIdleClock();
  }

  #carryOut(effect: TurnEffect): void {
    if (effect.kind === 'kill') void this.#killAgent();
    if (effect.kind === 'stopAbortClock') clearTimeout(this.#abortTimer);
    if (effect.kind === 'startAbortClock') {
      const expire = (): boolean => this.#guardDisk(() => this.#record.apply({ kind: 'abortExpired' }));
      this.#abortTimer = setTimeout(expire, this.#options.environment.abortMs);
    }
  }

  /** Runs what writes to the journal; when that cannot be written, gives the agent up and closes its turn (7.8). */
  #guardDisk(write: () => void): boolean {
    try {
      write();
      return true;
    } catch (error) {
      if (!isDiskFault(error)) throw error;
      this.#log.write('error', 'journal could not be written', { error: error.message });
      void this.#killAgent();
      releaseReserve(this.#folder.paths.reserve);
      this.#closeWithoutRoom();
      return false;
    }
  }

  /** Until it succeeds: somebody else may have taken the room that the reserve gave back. */
  #closeWithoutRoom(): void {
    clearTimeout(this.#closeTimer);
    this.#closeTimer = undefined;
    try {
      this.#record.apply({ kind: 'agentGone', error: noRoom });
    } catch (error) {
      if (!isDiskFault(error)) throw error;
      if (!this.#isEnding) this.#closeTimer = setTimeout(() => this.#closeWithoutRoom(), diskRetryMs);
    }
  }

  /** Nothing is accepted while the last turn could not be closed, or without the room to close the next one. */
  #hasRoom(): boolean {
    if (this.#closeTimer !== undefined) this.#closeWithoutRoom();
    return this.#closeTimer === undefined && ensureReserve(this.#folder.paths.reserve);
  }

  #restartIdleClock(): void {
    clearTimeout(this.#idleTimer);
    if (this.#isEnding || this.#current !== undefined || this.#record.turn.prompts.length > 0) return;
    const isStored = (): boolean => this.#folder.meta.acked >= this.#journal.next;
    this.#idleTimer = setTimeout(() => void this.#finish('ended', isStored), this.#options.environment.idleMs);
  }

  async #finish(reason: 'ended' | 'lost', mayFree: () => boolean): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#abortTimer);
    clearTimeout(this.#closeTimer);
    await this.#killAgent();
    this.#guardDisk(() => this.#record.apply({ kind: 'agentGone' }));
    const free = mayFree();
    this.#current?.letGo({ reason });
    this.#current = undefined;
    this.#journal.close();
    this.#options.onEnded(free);
  }
}

function describeEnd(end: AgentEnd, cwd: string): { code: ErrorCode; error: string } {
  if (end.startError !== undefined) {
    return { code: 'agent_unavailable', error: `The agent cannot be started in ${cwd}: ${end.startError.message}` };
  }
  const how = end.signal === null ? `exit code ${end.code ?? 'unknown'}` : `signal ${end.signal}`;
  return { code: 'agent_crashed', error: `The agent ended unexpectedly (${how}); send the prompt again.` };
}
