import {
  HoldfastError,
  type ApproveMessage,
  type ClientMessage,
  type DurableMessage,
  type MessageId,
  type PromptMessage,
  type RejectMessage,
} from '@holdfast/protocol';
import { titleOf, type Command, type CommandMessage, type SessionState } from '../conversations/conversation.ts';
import type { Draft } from './draft.ts';
import { changeSettings, decide, decisionMessage, effectivePrompt, refusePrompt, standingDecision } from './turn.ts';

/** What a person hears about a command. `decision`: the one that stands, for who came too late. */
export type Answer =
  | { readonly kind: 'accepted'; readonly id: MessageId; readonly duplicate?: true; readonly decision?: DurableMessage }
  | { readonly kind: 'refused'; readonly id: MessageId; readonly error: HoldfastError };

type Prompt = Command & { readonly message: PromptMessage };

/** Prompts that may wait behind the running one (docs/protocol.md 4.3). */
export const maxQueuedPrompts = 100;

/**
 * What people asked for in one conversation and how far it has come: prompts in the log whose turn has not begun, and
 * commands in the log that the runner has not taken yet. The store has all of it; this is the session's own view.
 */
export class CommandQueue {
  readonly #agent: string;
  /** Ids that were seen, so that a look into the store adds none twice. */
  readonly #seen = new Set<MessageId>();
  readonly #prompts: Prompt[] = [];
  /** Prompts that were let in and are on their way through the store; they have their place in the queue already. */
  readonly #coming = new Set<MessageId>();
  readonly #undelivered = new Map<MessageId, ClientMessage>();
  #hasTitle: boolean;

  constructor(agent: string, hasTitle: boolean) {
    this.#agent = agent;
    this.#hasTitle = hasTitle;
  }

  get isEmpty(): boolean {
    return this.#prompts.length === 0 && this.#undelivered.size === 0;
  }

  get hasPrompt(): boolean {
    return this.#prompts.length > 0;
  }

  get isFull(): boolean {
    return this.#prompts.length + this.#coming.size >= maxQueuedPrompts;
  }

  /** What is to be handed to the runner, oldest first. */
  get undelivered(): Iterable<ClientMessage> {
    return this.#undelivered.values();
  }

  isUndelivered(id: MessageId): boolean {
    return this.#undelivered.has(id);
  }

  hasSeen(id: MessageId): boolean {
    return this.#seen.has(id);
  }

  /** True when the id is new; it is seen from now on. */
  claim(id: MessageId, message: CommandMessage): boolean {
    if (this.#seen.has(id)) return false;
    this.#seen.add(id);
    if (message.type === 'prompt') this.#coming.add(id);
    return true;
  }

  /** The command did not get into the store. */
  unclaim(id: MessageId): void {
    this.#seen.delete(id);
    this.#coming.delete(id);
  }

  /** The command is one that the store knows, and has been carried out. */
  wasDone(id: MessageId): void {
    this.#coming.delete(id);
  }

  /** A command that is in the log already, as found in the store. */
  restore(command: Command, state: SessionState): void {
    this.#seen.add(command.id);
    if (isPrompt(command)) {
      if (command.id !== state.turn?.promptId) this.#prompts.push(command);
      else if (command.state === 'logged') this.deliver(command.id, effectivePrompt(command.message, state));
    } else if (command.state === 'logged') {
      this.deliver(command.id, command.message);
    }
  }

  deliver(id: MessageId, message: CommandMessage): void {
    // What the gateway has to say is for the log alone.
    if (message.type !== 'post') this.#undelivered.set(id, message);
  }

  delivered(id: MessageId): void {
    this.#undelivered.delete(id);
  }

  /** The turn is over: decisions and aborts that did not reach it have nothing left to do. Returns their ids. */
  dropLate(): MessageId[] {
    const late = [...this.#undelivered].filter(([, message]) => message.type !== 'prompt').map(([id]) => id);
    for (const id of late) this.#undelivered.delete(id);
    return late;
  }

  nextPrompt(): Prompt | undefined {
    return this.#prompts.shift();
  }

  /** Every prompt that waits comes to nothing, for this reason. */
  refuseAll(draft: Draft, error: HoldfastError): void {
    for (const prompt of this.#prompts.splice(0))
      this.#refuse(draft, prompt, { code: error.code, error: error.message });
  }

  /**
   * Drafts the effect of a new command. The answer, and whether the runner is to have it, hold once the draft is stored.
   */
  draft(draft: Draft, command: Command): { readonly answer: Answer; readonly isForRunner: boolean } {
    const { id, message } = command;
    const accepted: Answer = { kind: 'accepted', id };
    switch (message.type) {
      case 'prompt':
        this.#draftPrompt(draft, { ...command, message });
        return { answer: accepted, isForRunner: false };
      case 'post':
        draft.add({ ...message.post, agent: this.#agent });
        draft.mark([{ id, state: 'done' }]);
        return { answer: accepted, isForRunner: false };
      case 'settings':
        draft.apply(changeSettings(draft.state, message.settings, this.#agent));
        draft.mark([{ id, state: 'done' }]);
        return { answer: accepted, isForRunner: false };
      case 'abort': {
        const isForRunner = draft.state.turn !== null;
        draft.mark([{ id, state: isForRunner ? 'logged' : 'done' }]);
        if (!isForRunner) this.#abortFirst(draft);
        return { answer: accepted, isForRunner };
      }
      case 'approve':
      case 'reject': {
        const verdict = decide(draft.state, message, command.userId, this.#agent);
        if (verdict.kind === 'decided') draft.apply(verdict.step);
        const isForRunner = verdict.kind === 'decided';
        draft.mark([{ id, state: isForRunner ? 'logged' : 'done' }]);
        return {
          answer: isForRunner ? accepted : answerLate(id, message.toolId, draft.state, this.#agent),
          isForRunner,
        };
      }
    }
  }

  #draftPrompt(draft: Draft, command: Prompt): void {
    const { id, userId, message } = command;
    const { prompt, context, settings } = message;
    this.#coming.delete(id);
    if (settings !== undefined) draft.apply(changeSettings(draft.state, settings, this.#agent));
    draft.add({ type: 'user', agent: this.#agent, id, userId, prompt, ...(context === undefined ? {} : { context }) });
    draft.mark([{ id, state: 'logged' }]);
    if (!this.#hasTitle) draft.setTitle(titleOf(prompt));
    this.#hasTitle = true;
    this.#prompts.push({ ...command, state: 'logged' });
  }

  /** Nothing runs yet, but a prompt waits for its machine: it is the one that is meant. */
  #abortFirst(draft: Draft): void {
    const prompt = this.#prompts.shift();
    if (prompt !== undefined) this.#refuse(draft, prompt, 'aborted');
  }

  #refuse(draft: Draft, prompt: Prompt, fault: Parameters<typeof refusePrompt>[1]): void {
    for (const message of refusePrompt(prompt, fault, this.#agent)) draft.add(message);
    draft.mark([{ id: prompt.id, state: 'done' }]);
  }
}

/** The answer to a prompt for which there is no more room. */
export function refuseFull(id: MessageId): Answer {
  const error = new HoldfastError(
    'unavailable',
    'Too many prompts wait in this conversation; wait until some are done.',
  );
  return { kind: 'refused', id, error };
}

/** The conversation is not in the store any more. */
export function refuseMissing(id: MessageId): Answer {
  return { kind: 'refused', id, error: new HoldfastError('not_found', 'This conversation was deleted.') };
}

export function isDecision(message: CommandMessage): message is ApproveMessage | RejectMessage {
  return message.type === 'approve' || message.type === 'reject';
}

/** The answer to a decision on a call that does not wait (any more). */
export function answerLate(id: MessageId, toolId: string, state: SessionState, agent: string): Answer {
  const stands = standingDecision(state, toolId);
  if (stands !== undefined) return { kind: 'accepted', id, duplicate: true, decision: decisionMessage(stands, agent) };
  const error = new HoldfastError('not_found', `The tool call ${toolId} does not wait for a decision.`);
  return { kind: 'refused', id, error };
}

function isPrompt(command: Command): command is Prompt {
  return command.message.type === 'prompt';
}
