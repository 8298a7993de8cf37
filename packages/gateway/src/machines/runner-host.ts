import type { ClientMessage, Gone, Opened, OpenRequest } from '@holdfast/protocol';

/** What a session hears from its runner, in this order: `attached` once, `lines` any number of times, `gone` at most once. */
export type RunnerEvents = {
  /** Called in the same step in which the runner's answer was read, so that no line comes before it. */
  attached(channel: RunnerChannel): void;
  /** Whole lines of the journal, each with its newline; `offset` is that of the first. The bytes are the receiver's to keep. */
  lines(offset: number, lines: Buffer): void;
  /** The attachment is over; nothing comes after it. `unreachable`: the connection to the machine broke, the runner goes on. */
  gone(gone: Gone | { readonly reason: 'unreachable' }): void;
};

/** A session's attachment to its runner. After `gone` or `detach` its verbs do nothing. */
export interface RunnerChannel {
  readonly opened: Opened;
  /** A command with an id; the runner takes each id once. */
  send(message: ClientMessage): void;
  /** Every line before `offset` is stored for good. */
  acknowledge(offset: number): void;
  /** Lets go of the runner, which goes on. */
  detach(): void;
  /** Stops reading from the machine until `resume`; for a store that is behind. */
  pause(): void;
  resume(): void;
}

/**
 * A project's machine, as a session needs it. `attach` starts the runner when there is none and resolves after `attached` was
 * called. It rejects, and calls nothing, with a HoldfastError:
 * `ssh_unreachable`, `host_key_mismatch`, `agent_unavailable`, `unavailable`; or `conflict` when the runner has seen a newer
 * generation (`StaleGeneration`).
 */
export interface RunnerHost {
  attach(request: OpenRequest, events: RunnerEvents, options: { signal: AbortSignal }): Promise<void>;
}

/** The runner has been attached to with a newer generation than the caller's. */
export class StaleGeneration extends Error {
  override readonly name = 'StaleGeneration';
  readonly current: number;

  constructor(current: number) {
    super(`the runner has seen generation ${current}`);
    this.current = current;
  }
}
