import type { HoldfastError } from '@holdfast/protocol';
import {
  isErrorCode,
  newId,
  type ClientMessage,
  type ConversationId,
  type MessageId,
  type OpenRequest,
  type UserId,
} from '@holdfast/protocol';
import type { Command, CommandMessage, Conversation, SessionState } from '../conversations/conversation.ts';
import type { ConversationStore, LogWrite } from '../conversations/store.ts';
import type { Logger } from '../lib/logger.ts';
import type { RunnerChannel, RunnerHost } from '../machines/runner-host.ts';
import { Attachment, type Loss } from './attachment.ts';
import { answerLate, isDecision, CommandQueue, refuseFull, refuseMissing, type Answer } from './command-queue.ts';
import { Draft } from './draft.ts';
import type { Feed } from './feed.ts';
import { Inbox } from './inbox.ts';
import { Lease } from './lease.ts';
import { beginTurn, effectivePrompt, endTurn } from './turn.ts';

/*
 * A live agent in a conversation, on the gateway that holds the conversation's lease.
 *
 * One loop does everything in order (`#work`): it takes what has come (journal lines from the runner, commands from people,
 * what became of the attachment), makes one transaction of it, writes it, and only then shows it to watchers, answers, hands
 * commands to the runner and acknowledges the journal. While a transaction is under way the next one gathers.
 *
 * The runner is attached when there is something to hand over or a turn to watch, again whenever that breaks while a turn
 * runs, for ever, and is let go when nothing runs. A write that is refused means that somebody else owns the conversation
 * now: the session gives up at once and forgets; the store and the runner's journal have everything.
 */

export type SessionParts = {
  readonly store: ConversationStore;
  readonly host: RunnerHost;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly owner: string;
  readonly generation: number;
  readonly conversation: Conversation;
  readonly feed: Feed;
  readonly log: Logger;
  /** Called once, when the session has ended for whatever reason. */
  readonly onEnd: () => void;
};

type Arrival = { readonly command: Command; readonly answer: (answer: Answer) => void };

export class Session {
  readonly conversationId: ConversationId;
  readonly #parts: SessionParts;
  readonly #agent: string;
  readonly #ended = new AbortController();
  readonly #attachment: Attachment;
  readonly #commands: CommandQueue;
  readonly #lease: Lease;
  #state: SessionState;
  #lastSeq: number;
  /** Journal lines before it are written. */
  #runnerOffset: number;

  readonly #inbox: Inbox;
  #arrivals: Arrival[] = [];
  /** Those in the transaction that is being written. */
  #drafted: Arrival[] = [];
  #steps: ((draft: Draft) => void)[] = [];
  #isWorking = false;
  /** People know that the machine of their turn is not reached. */
  #isAway = false;
  #idleSince: number = Date.now();

  constructor(parts: SessionParts, open: readonly Command[]) {
    const { conversation } = parts;
    this.#parts = parts;
    this.conversationId = conversation.conversationId;
    this.#agent = conversation.agent;
    this.#lease = new Lease({ ...parts, conversationId: conversation.conversationId });
    this.#state = conversation.session;
    this.#lastSeq = conversation.lastSeq;
    this.#runnerOffset = conversation.runnerOffset;
    this.#commands = new CommandQueue(conversation.agent, conversation.title !== '');
    this.#inbox = new Inbox(
      () => this.#attachment.channel?.pause(),
      () => this.#attachment.channel?.resume(),
    );
    this.#attachment = new Attachment({
      host: parts.host,
      log: parts.log,
      signal: this.#ended.signal,
      request: () => this.#openRequest(),
      onLines: (offset, lines) => this.#receive(offset, lines),
      onAttached: (channel) => this.#attached(channel),
      onLost: (loss) => this.#lost(loss),
      onFailed: (error) => this.#failed(error),
      onStale: (current) => this.#raiseGeneration(current),
    });
    for (const command of open) this.#takeUp(command);
  }

  /** Epoch milliseconds since which there was nothing to do; undefined while there is. */
  get idleSince(): number | undefined {
    const isBusy = this.#wantsRunner || this.#arrivals.length > 0 || this.#isWorking || this.#attachment.isAttaching;
    return isBusy ? undefined : this.#idleSince;
  }

  /** Begins to work off what was found in the store. */
  start(): void {
    if (this.#wantsRunner) this.#attachment.ensure();
    this.#wake();
  }

  /** A person's command, or a message of the gateway's own. Resolves when it is stored and its effect on the log is too. */
  async submit(userId: UserId, message: CommandMessage): Promise<Answer> {
    const id = message.id ?? newId<MessageId>();
    if (message.type === 'prompt' && this.#commands.isFull && !this.#commands.hasSeen(id)) return refuseFull(id);
    const command = { id, userId, message: { ...message, id } };
    // The machine is reached for while the prompt is being stored.
    if (message.type === 'prompt') this.#attachment.ensure();
    // Claimed before the store is asked: the regular look into the store must not take it up a second time.
    const isFirst = this.#commands.claim(id, message);
    const added = await this.#parts.store.addCommand(this.conversationId, command).catch((error: unknown) => {
      if (isFirst) this.#commands.unclaim(id);
      throw error;
    });
    if (added.kind === 'missing') {
      this.#commands.unclaim(id);
      return refuseMissing(id);
    }
    if (added.kind === 'known') {
      // Another gateway stored it while we asked; because it was claimed here the look into the store passed it over.
      if (isFirst && added.command.state === 'new') {
        this.#arrivals.push({ command: added.command, answer: () => undefined });
        this.#wake();
      } else if (isFirst) this.#commands.wasDone(id);
      return this.#answerAgain(id, added.command.message);
    }
    if (this.#ended.signal.aborted) return { kind: 'accepted', id };
    return new Promise((answer) => {
      this.#arrivals.push({ command: { ...command, state: 'new' }, answer });
      this.#wake();
    });
  }

  /** Commands that another gateway stored. */
  takeUp(commands: readonly Command[]): void {
    for (const command of commands) if (!this.#commands.hasSeen(command.id)) this.#takeUp(command);
    this.#wake();
  }

  /** True when the store's log has messages that this session did not write: somebody else owns the conversation now. */
  isOvertaken(lastSeq: number): boolean {
    return !this.#isWorking && lastSeq > this.#lastSeq;
  }

  /** Lets go of runner and lease. What was not written is still in the journal. Twice is fine. */
  async end(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#attachment.close();
    // They are stored: whoever owns the conversation next carries them out.
    const unanswered = [...this.#drafted.splice(0), ...this.#arrivals.splice(0)];
    for (const { command, answer } of unanswered) answer({ kind: 'accepted', id: command.id });
    this.#parts.onEnd();
    await this.#lease.release();
  }

  /** The conversation was deleted: its turn has nobody to report to, so the runner is told to end it before it is let go. */
  async abandon(): Promise<void> {
    if (this.#state.turn !== null) this.#attachment.channel?.send({ type: 'abort', id: newId<MessageId>() });
    await this.end();
  }

  get #wantsRunner(): boolean {
    return this.#state.turn !== null || !this.#commands.isEmpty;
  }

  #takeUp(command: Command): void {
    if (command.state !== 'new') this.#commands.restore(command, this.#state);
    else if (this.#commands.claim(command.id, command.message))
      this.#arrivals.push({ command, answer: () => undefined });
  }

  #answerAgain(id: MessageId, message: CommandMessage): Answer {
    const late = isDecision(message) ? answerLate(id, message.toolId, this.#state, this.#agent) : undefined;
    return late?.kind === 'accepted' ? late : { kind: 'accepted', id, duplicate: true };
  }

  #wake(): void {
    if (this.#isWorking || this.#ended.signal.aborted) return;
    this.#isWorking = true;
    void this.#work();
  }

  async #work(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      const after: (() => void)[] = [];
      const draft = this.#draft(after);
      if (draft.isEmpty && after.length === 0) break;
      if (!draft.isEmpty && !(await this.#write(draft.toWrite(this, this.#lease.generation)))) break;
      for (const act of after) act();
      if (this.#commands.hasPrompt) this.#attachment.ensure();
    }
    // In the same step in which nothing was left: a wake that comes now must not be taken for one that is being worked off.
    this.#isWorking = false;
    this.#idleSince = Date.now();
  }

  /** Everything that has come, as one transaction; `after` collects what may happen only when it is stored. */
  #draft(after: (() => void)[]): Draft {
    const draft = new Draft({
      agent: this.#agent,
      state: this.#state,
      nextSeq: this.#lastSeq + 1,
      at: Date.now(),
      sizeHint: this.#inbox.bytes,
    });
    for (const step of this.#steps.splice(0)) step(draft);
    this.#draftLines(draft);
    this.#drafted = this.#arrivals.splice(0);
    for (const { command, answer } of this.#drafted) {
      const drafted = this.#commands.draft(draft, command);
      after.push(() => {
        answer(drafted.answer);
        if (drafted.isForRunner && command.message.type !== 'post') this.#deliver(command.id, command.message);
      });
    }
    this.#draftNextTurn(draft, after);
    this.#state = draft.state;
    return draft;
  }

  #draftLines(draft: Draft): void {
    const come = this.#inbox.take();
    if (come === undefined) return;
    if (come.offset > this.#runnerOffset) {
      // Never seen; but a hole must not get into the log, and the journal has everything.
      this.#parts.log.error({ offset: come.offset, expected: this.#runnerOffset }, 'journal lines missing');
      this.#attachment.close();
      this.#attachment.ensure();
      return;
    }
    const strange = draft.addJournal(come.offset, come.lines, this.#runnerOffset);
    for (const line of strange) this.#parts.log.warn({ line }, 'journal line not understood');
  }

  #draftNextTurn(draft: Draft, after: (() => void)[]): void {
    const { channel } = this.#attachment;
    if (draft.state.turn !== null || channel === null) return;
    const prompt = this.#commands.nextPrompt();
    if (prompt === undefined) return;
    draft.apply(beginTurn(draft.state, prompt, channel.opened.epoch, this.#agent));
    const message = effectivePrompt(prompt.message, draft.state);
    after.push(() => this.#deliver(prompt.id, message));
  }

  /** False: the session has ended, perhaps because somebody else has the conversation, or because it was deleted. */
  async #write(write: LogWrite): Promise<boolean> {
    const outcome = await this.#lease.write(write, this.#ended.signal);
    if (outcome === 'written') this.#written(write);
    if (outcome === 'lost' || outcome === 'deleted') {
      this.#parts.log.info({ generation: write.generation, outcome }, 'conversation taken over or deleted elsewhere');
      await (outcome === 'lost' ? this.end() : this.abandon());
    }
    return outcome === 'written';
  }

  #written({ runnerOffset, batch, commands, durable }: LogWrite): void {
    if (runnerOffset !== undefined) this.#runnerOffset = runnerOffset;
    if (batch !== undefined) {
      this.#lastSeq = batch.lastSeq;
      this.#parts.feed.publish(batch);
    }
    for (const { id, state } of commands ?? []) if (state !== 'logged') this.#commands.delivered(id);
    if (this.#state.turn === null) this.#finish(this.#commands.dropLate());
    if (durable && runnerOffset !== undefined) this.#attachment.channel?.acknowledge(runnerOffset);
  }

  #finish(ids: readonly MessageId[]): void {
    if (ids.length > 0) this.#steps.push((draft) => draft.mark(ids.map((id) => ({ id, state: 'done' as const }))));
  }

  /** Hands over what the runner has not taken yet; what it is given twice it takes once. */
  #deliver(id: MessageId, message: ClientMessage): void {
    this.#commands.deliver(id, message);
    const { channel } = this.#attachment;
    if (channel === null) this.#attachment.ensure();
    else channel.send(message);
  }

  #attached(channel: RunnerChannel): void {
    const { epoch } = channel.opened;
    this.#isAway = false;
    if (epoch !== this.#state.runnerEpoch) this.#beginJournal(epoch);
    for (const message of this.#commands.undelivered) channel.send(message);
    this.#wake();
  }

  /** Another journal than the one that was read: the turn that ran in the old one cannot be told about any more. */
  #beginJournal(epoch: string): void {
    const { turn } = this.#state;
    if (turn !== null && turn.runnerEpoch !== epoch) this.#commands.delivered(turn.promptId);
    this.#steps.push((draft) => {
      if (turn !== null && turn.runnerEpoch !== epoch) draft.apply(endTurn(draft.state, 'interrupted', this.#agent));
      draft.replaceState({ ...draft.state, runnerEpoch: epoch });
      draft.startJournal();
      this.#runnerOffset = 0;
    });
  }

  #lost(loss: Loss): boolean {
    // Lines that were not written come again, from the offset that was.
    this.#inbox.clear();
    if (loss.reason === 'failed') this.#failTurn(loss.code, loss.message);
    this.#wake();
    return this.#wantsRunner;
  }

  #failed(error: HoldfastError): boolean {
    if (this.#state.turn !== null) {
      // A turn that runs over there is not lost because we cannot see it: try for ever, and say so once.
      if (!this.#isAway) this.#tellAway(error);
      return true;
    }
    this.#steps.push((draft) => this.#commands.refuseAll(draft, error));
    this.#wake();
    return false;
  }

  #tellAway(error: HoldfastError): void {
    this.#isAway = true;
    const content = `${error.message.replace(/\.?$/, '.')} The turn may go on there, and is shown as soon as that is seen again.`;
    this.#steps.push((draft) => draft.add({ type: 'notice', agent: this.#agent, code: 'unreachable', content }));
    this.#wake();
  }

  /** The runner let go and says why; a prompt that it never took has come to nothing. */
  #failTurn(code: string | undefined, message: string | undefined): void {
    const { turn } = this.#state;
    if (turn === null || !this.#commands.isUndelivered(turn.promptId)) return;
    this.#steps.push((draft) => {
      const known = isErrorCode(code) ? code : 'unavailable';
      const error = message ?? 'The runner could not take the prompt.';
      draft.add({ type: 'error', agent: this.#agent, error, code: known, id: turn.promptId });
      draft.apply(endTurn(draft.state, 'error', this.#agent));
    });
  }

  async #raiseGeneration(seen: number): Promise<boolean> {
    const isRaised = await this.#lease.raise(seen);
    if (!isRaised) await this.end();
    return isRaised;
  }

  #openRequest(): OpenRequest {
    const epoch = this.#state.runnerEpoch;
    return {
      session: this.conversationId,
      agent: this.#agent,
      cwd: this.#parts.cwd,
      env: this.#parts.env,
      from: this.#runnerOffset,
      generation: this.#lease.generation,
      ...(epoch === null ? {} : { epoch }),
    };
  }

  #receive(offset: number, lines: Buffer): void {
    this.#inbox.push(offset, lines);
    this.#wake();
  }
}
