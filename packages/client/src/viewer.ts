import type {
  ConversationStatus,
  ErrorCode,
  MessageId,
  PermissionMode,
  PromptContext,
  ServerMessage,
  Settings,
} from '@holdfast/protocol';

import { systemClock } from './clock.ts';
import { errorCodeOf } from './close-code.ts';
import type { ConnectionState } from './connection-state.ts';
import { Connection, type ConnectionOptions, type Sent } from './connection.ts';
import { notify } from './notify.ts';
import type { NewMessage, OutboxMessage, Settlement } from './outbox.ts';
import { readTranscript } from './transcript.ts';
import { emptyTranscript, type Transcript } from './transcript-item.ts';

/** What to tell the user: a message was refused, or the connection stands still. */
export type ViewerError = {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryAfterMs?: number;
  /** The refused message of ours. */
  readonly id?: MessageId;
};

/** A prompt of ours that the gateway has not accepted yet. */
export type LocalPrompt = { readonly id: MessageId; readonly prompt: string };

/** One moment of a conversation; the same object until something changes. */
export type ViewerSnapshot = {
  readonly connection: ConnectionState;
  readonly isConnected: boolean;
  readonly conversationId: string | undefined;
  readonly status: ConversationStatus;
  /** Made of the log only, so the same for all viewers. */
  readonly transcript: Transcript;
  /** Prompts of this viewer that are not in the log yet. */
  readonly unsent: readonly LocalPrompt[];
  /** The conversation's settings, as this viewer knows them. */
  readonly settings: Settings;
  readonly error: ViewerError | undefined;
};

export type PromptOptions = { readonly settings?: Settings; readonly context?: PromptContext };

/** Snapshots are made at most this often: at 60 a second a stream of any speed looks smooth. */
const tickMs = 16;
/** So many messages are read at once even when no tick comes (a hidden page's timers stand still). */
const maxHeldMessages = 4_096;

export const emptySnapshot: ViewerSnapshot = {
  connection: { kind: 'idle' },
  isConnected: false,
  conversationId: undefined,
  status: 'completed',
  transcript: emptyTranscript,
  unsent: [],
  settings: {},
  error: undefined,
};

export type ViewerOptions = ConnectionOptions & {
  /** Every server message as it comes, before it is in a snapshot. */
  readonly onMessage?: (message: ServerMessage) => void;
};

/** A conversation as a value that changes: a connection, and the transcript of what came over it. */
export class Viewer {
  readonly #connection: Connection;
  readonly #clock: NonNullable<ConnectionOptions['clock']>;
  readonly #listeners = new Set<() => void>();
  #snapshot: ViewerSnapshot = emptySnapshot;
  #transcript: Transcript = emptyTranscript;
  #held: ServerMessage[] = [];
  #settings: Settings = {};
  #error: ViewerError | undefined;
  #timer: unknown;
  #isClosed = false;

  constructor(options: ViewerOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#connection = new Connection(options, {
      onState: (state) => this.#onState(state),
      onMessage: (message) => {
        this.#onMessage(message);
        options.onMessage?.(message);
      },
      onSettled: (message, settlement) => this.#onSettled(message, settlement),
    });
  }

  /** Calls `listener` after each change of the snapshot; the function returned stops that. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly getSnapshot = (): ViewerSnapshot => this.#snapshot;

  /** Connects; does nothing when it was called before. */
  open(): void {
    this.#connection.open();
    this.#publish();
  }

  /** Hands a prompt in; queued by the gateway while a turn runs. */
  send(prompt: string, options: PromptOptions = {}): Sent {
    return this.#send({ type: 'prompt', prompt, ...options });
  }

  approve(toolId: string): Sent {
    return this.#send({ type: 'approve', toolId });
  }

  reject(toolId: string, reason?: string): Sent {
    return this.#send({ type: 'reject', toolId, ...(reason === undefined ? {} : { reason }) });
  }

  /** Ends the turn that runs. */
  abort(): Sent {
    return this.#send({ type: 'abort' });
  }

  /** Holds from the next prompt on. */
  setSettings(settings: Settings & { readonly permissionMode?: PermissionMode }): Sent {
    return this.#send({ type: 'settings', settings });
  }

  /** Dials at once, whatever the state. */
  reconnect(): void {
    this.#error = undefined;
    this.#connection.reconnect();
  }

  /** Ends it for good: nothing changes and nobody is told anything any more. */
  close(): void {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#clock.clearTimeout(this.#timer);
    this.#connection.close();
  }

  #send(message: NewMessage): Sent {
    this.#error = undefined;
    const sent = this.#connection.send(message);
    this.#publish();
    return sent;
  }

  #onState(state: ConnectionState): void {
    if (state.kind === 'open') this.#error = undefined;
    if (state.kind === 'paused') this.#error = { code: 'unavailable', message: state.reason };
    if (state.kind === 'stopped') this.#error = { code: errorCodeOf(state.code), message: state.reason };
    this.#publish();
  }

  #onMessage(message: ServerMessage): void {
    if (message.type === 'heartbeat' || message.type === 'accepted') return;
    if (message.type === 'init') this.#settings = message.settings;
    if (message.type === 'notice' && message.settings !== undefined) this.#settings = message.settings;
    this.#held.push(message);
    if (this.#held.length >= maxHeldMessages) this.#readHeld();
    this.#timer ??= this.#clock.setTimeout(() => this.#publish(), tickMs);
  }

  #onSettled(message: OutboxMessage, settlement: Settlement): void {
    if (settlement.kind === 'refused') {
      const { code, error, retryAfterMs } = settlement;
      this.#error = { code, message: error, id: message.id, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    }
    this.#timer ??= this.#clock.setTimeout(() => this.#publish(), tickMs);
  }

  #readHeld(): void {
    this.#transcript = readTranscript(this.#transcript, this.#held);
    this.#held = [];
  }

  #publish(): void {
    if (this.#isClosed) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#readHeld();
    const { state, conversationId, outbox } = this.#connection;
    this.#snapshot = {
      connection: state,
      isConnected: state.kind === 'open',
      conversationId,
      status: this.#transcript.status,
      transcript: this.#transcript,
      unsent: outbox.flatMap(localPrompt),
      settings: this.#settings,
      error: this.#error,
    };
    for (const listener of this.#listeners) notify(listener);
  }
}

function localPrompt(message: OutboxMessage): LocalPrompt[] {
  return message.type === 'prompt' ? [{ id: message.id, prompt: message.prompt }] : [];
}
