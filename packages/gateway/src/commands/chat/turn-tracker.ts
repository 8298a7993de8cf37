import type { ServerMessage } from '@holdfast/protocol';

/**
 * Whose turn runs: prompts are carried out in the order in which the log has them and each ends with one `done`, so the
 * first one without its end is the one that runs.
 */
export class TurnTracker {
  #open: string[] = [];

  /** The id of the prompt that is being carried out. */
  get running(): string | undefined {
    return this.#open[0];
  }

  read(message: ServerMessage): void {
    if (message.type === 'init' && message.mode === 'snapshot') this.#open = [];
    else if (message.type === 'user') this.#open.push(message.id);
    else if (message.type === 'done') this.#open.shift();
  }
}
