import {
  HoldfastError,
  newId,
  type ClientMessage,
  type ConversationId,
  type MessageId,
  type ProjectId,
  type UserId,
} from '@holdfast/protocol';
import type { CommandMessage, Conversation, Post } from '../conversations/conversation.ts';
import type { ConversationStore, LeaseResult } from '../conversations/store.ts';
import type { Logger } from '../lib/logger.ts';
import type { RunnerHost } from '../machines/runner-host.ts';
import { Feed, type Watcher } from './feed.ts';
import { isOwnerDead, newOwner } from './owner.ts';
import { answerLate, isDecision, maxQueuedPrompts, refuseFull, refuseMissing, type Answer } from './command-queue.ts';
import { leaseMs } from './lease.ts';
import { Session } from './session.ts';

/** Where a project's agents run, and with what. */
export type Workplace = {
  readonly host: RunnerHost;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
};

export type SessionsParts = {
  readonly store: ConversationStore;
  /** Undefined when the project is not configured (any more). */
  readonly workplaceOf: (project: ProjectId) => Workplace | undefined;
  readonly log: Logger;
  /** How long a session without work keeps its runner attached. */
  readonly idleMs?: number;
};

const renewEveryMs = leaseMs / 3;
const recoverEveryMs = 2_000;

/**
 * All live conversations of this gateway: who watches which log, and which sessions are ours. Sessions are opened by a command
 * or by the recovery, which looks for unfinished work without a living owner, at the start and for ever.
 */
export class Sessions {
  readonly #parts: SessionsParts;
  readonly #owner = newOwner();
  readonly #feeds = new Map<ConversationId, Feed>();
  readonly #sessions = new Map<ConversationId, Promise<Session | undefined>>();
  readonly #timers: NodeJS.Timeout[] = [];
  #isStopped = false;

  constructor(parts: SessionsParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#every(recoverEveryMs, () => this.#recover())();
    this.#every(renewEveryMs, () => this.#renew());
    const { pollEveryMs } = this.#parts.store;
    if (pollEveryMs !== null) this.#every(pollEveryMs, () => this.#look());
  }

  /** Turns go on in their runners; everything that was read from them is stored. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    const open = await Promise.allSettled(this.#sessions.values());
    const live = open.flatMap((result) => (result.status === 'fulfilled' && result.value ? [result.value] : []));
    await Promise.all(live.map((session) => session.end()));
  }

  /** The watcher is told of everything after `conversation.lastSeq`. Returns the feed that it watches. */
  watch(conversation: Conversation, watcher: Watcher): Feed {
    const feed = this.#feedOf(conversation);
    feed.watchers.add(watcher);
    feed.advance(conversation.lastSeq);
    return feed;
  }

  unwatch(feed: Feed, watcher: Watcher): void {
    feed.watchers.delete(watcher);
    this.#forget(feed.conversationId);
  }

  /** Deletes the conversation, ends its session and its viewers' connections here; other gateways find out by themselves. */
  async delete(id: ConversationId, options: { readonly force: boolean }): ReturnType<ConversationStore['delete']> {
    const outcome = await this.#parts.store.delete(id, options);
    if (outcome === 'deleted') await this.#drop(id);
    return outcome;
  }

  /** After conversations were deleted in numbers: ends what watches or drives one that is not there any more. */
  async dropDeleted(): Promise<void> {
    await this.#look();
  }

  /** Stores a person's command and sees to it that it is carried out. */
  submit(id: ConversationId, userId: UserId, message: ClientMessage): Promise<Answer> {
    return this.#submit(id, userId, message);
  }

  /**
   * Puts a message of the gateway's own into the log, exactly once for each id: now, or when whoever owns the conversation looks
   * into the store. False: there is no such conversation, or not its project (any more).
   */
  async post(conversationId: ConversationId, userId: UserId, id: MessageId, post: Post): Promise<boolean> {
    try {
      const answer = await this.#submit(conversationId, userId, { type: 'post', id, post });
      if (answer.kind === 'refused') throw answer.error;
      return true;
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'not_found') return false;
      throw error;
    }
  }

  async #submit(id: ConversationId, userId: UserId, message: CommandMessage): Promise<Answer> {
    const session = await this.#open(id);
    if (session !== undefined) return session.submit(userId, message);
    return this.#submitElsewhere(id, userId, { ...message, id: message.id ?? newId<MessageId>() });
  }

  /** Another gateway has the conversation: it finds the command in the store. What it would refuse is refused here. */
  async #submitElsewhere(
    id: ConversationId,
    userId: UserId,
    message: CommandMessage & { id: MessageId },
  ): Promise<Answer> {
    const { store } = this.#parts;
    const conversation = await store.get(id);
    if (conversation === undefined) return refuseMissing(message.id);
    const { session, agent } = conversation;
    if (isDecision(message) && !session.pending.some((tool) => tool.id === message.toolId)) {
      return answerLate(message.id, message.toolId, session, agent);
    }
    if (message.type === 'prompt') {
      const open = (await store.openCommands(id)).filter((command) => command.message.type === 'prompt');
      if (open.length > maxQueuedPrompts && !open.some((command) => command.id === message.id))
        return refuseFull(message.id);
    }
    const added = await store.addCommand(id, { id: message.id, userId, message });
    if (added.kind === 'missing') return refuseMissing(message.id);
    return { kind: 'accepted', id: message.id, ...(added.kind === 'known' ? { duplicate: true } : {}) };
  }

  /** The session, if this gateway has the conversation or can have it. */
  #open(id: ConversationId): Promise<Session | undefined> {
    const there = this.#sessions.get(id);
    if (there !== undefined) return there;
    const opening = this.#take(id);
    this.#sessions.set(id, opening);
    const forget = (): void => {
      if (this.#sessions.get(id) === opening) this.#sessions.delete(id);
    };
    opening.then((session) => session === undefined && forget(), forget);
    return opening;
  }

  async #take(id: ConversationId): Promise<Session | undefined> {
    if (this.#isStopped) return undefined;
    const { store, workplaceOf, log } = this.#parts;
    const lease = await this.#acquire(id);
    if (lease.kind !== 'acquired') return undefined;
    const { conversation, generation } = lease;
    const workplace = workplaceOf(conversation.projectId);
    if (workplace === undefined) {
      await store.release(id, this.#owner, generation);
      throw new HoldfastError('not_found', `The project ${conversation.projectId} is not configured any more.`);
    }
    const open = await store.openCommands(id);
    const feed = this.#feedOf(conversation);
    feed.advance(conversation.lastSeq);
    const session = new Session(
      {
        ...workplace,
        store,
        owner: this.#owner,
        generation,
        conversation,
        feed,
        log: log.child({ conversationId: id, projectId: conversation.projectId, agent: conversation.agent }),
        onEnd: () => {
          this.#sessions.delete(id);
          this.#forget(id);
        },
      },
      open,
    );
    session.start();
    return session;
  }

  async #acquire(id: ConversationId): Promise<LeaseResult> {
    const now = Date.now();
    const request = { owner: this.#owner, now, until: now + leaseMs };
    const lease = await this.#parts.store.acquire(id, request);
    if (lease.kind !== 'held' || !isOwnerDead(lease.owner)) return lease;
    return this.#parts.store.acquire(id, { ...request, takeFrom: lease.owner });
  }

  async #recover(): Promise<void> {
    const now = Date.now();
    for (const { id, owner, until } of await this.#parts.store.unfinished(1_000)) {
      if (this.#sessions.has(id)) continue;
      if (owner !== null && owner !== this.#owner && until > now && !isOwnerDead(owner)) continue;
      await this.#open(id).catch((error: unknown) => {
        this.#parts.log.warn({ err: error, conversationId: id }, 'conversation not recovered');
      });
    }
  }

  async #renew(): Promise<void> {
    await this.#parts.store.renew(this.#owner, Date.now() + leaseMs);
    const idleMs = this.#parts.idleMs ?? 60_000;
    for (const opening of this.#sessions.values()) {
      const session = await opening.catch(() => undefined);
      const since = session?.idleSince;
      if (since !== undefined && since + idleMs < Date.now()) await session?.end();
    }
  }

  /** What other processes did with the same store: logs that have grown, commands for our sessions, deletions. */
  async #look(): Promise<void> {
    const { store } = this.#parts;
    const ids = new Set([...this.#feeds.keys(), ...this.#sessions.keys()]);
    if (ids.size === 0) return;
    const heads = await store.heads([...ids]);
    for (const id of ids) {
      // Asked a second time, because nobody may be sent away who only was overlooked.
      if (!heads.has(id) && (await store.get(id)) === undefined) await this.#drop(id);
    }
    for (const [id, { lastSeq, hasNewCommands }] of heads) {
      const opening = this.#sessions.get(id);
      const session = await opening?.catch(() => undefined);
      if (opening === undefined) this.#feeds.get(id)?.advance(lastSeq);
      else if (session?.isOvertaken(lastSeq) === true) await session.end();
      else if (hasNewCommands) session?.takeUp(await store.openCommands(id));
    }
  }

  /** The conversation was deleted. */
  async #drop(id: ConversationId): Promise<void> {
    const feed = this.#feeds.get(id);
    const session = await this.#sessions.get(id)?.catch(() => undefined);
    await session?.abandon();
    feed?.end();
    if (feed !== undefined) this.#feeds.delete(id);
  }

  #feedOf({ conversationId, lastSeq }: Conversation): Feed {
    let feed = this.#feeds.get(conversationId);
    if (feed === undefined) this.#feeds.set(conversationId, (feed = new Feed(conversationId, lastSeq)));
    return feed;
  }

  #forget(id: ConversationId): void {
    if (this.#feeds.get(id)?.watchers.size === 0 && !this.#sessions.has(id)) this.#feeds.delete(id);
  }

  /** Returns what does it out of turn. A fault is logged; the next time may be better. */
  #every(intervalMs: number, act: () => Promise<void>): () => void {
    let isRunning = false;
    const actAlone = (): void => {
      if (isRunning) return;
      isRunning = true;
      act()
        .catch((error: unknown) => this.#parts.log.error({ err: error }, 'regular work failed'))
        .finally(() => (isRunning = false));
    };
    this.#timers.push(setInterval(actAlone, intervalMs));
    return actAlone;
  }
}
