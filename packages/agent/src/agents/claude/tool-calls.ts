import type { Json } from '@holdfast/protocol';
import type { Decision, ToolCall, ToolOutcome, Turn } from '../provider.ts';

/**
 * Claude Code shows a call, and only then says whether it must be asked about. A call is held back so long, so that one that has
 * to wait is not shown as running first.
 */
const holdMs = 500;

type ToolCallsOptions = {
  readonly turn: Turn;
  /** False: nobody will be asked, calls are shown at once. */
  readonly mayAsk: boolean;
  /** Answers a request of the program. */
  readonly reply: (requestId: string, response: object) => void;
};

/** The calls of one turn: when each is shown, and how a decision gets back. */
export class ToolCalls {
  readonly #options: ToolCallsOptions;
  readonly #held = new Map<string, { readonly call: ToolCall; readonly timer: NodeJS.Timeout }>();
  readonly #asked = new Map<string, AbortController>();

  constructor(options: ToolCallsOptions) {
    this.#options = options;
  }

  /** A call was made. */
  begin(call: ToolCall): void {
    if (!this.#options.mayAsk) return this.#options.turn.running(call);
    const timer = setTimeout(() => this.#release(call.id), holdMs);
    this.#held.set(call.id, { call, timer });
  }

  /** A call waits for permission; the answer goes back when there is one. */
  async ask(requestId: string, call: ToolCall): Promise<void> {
    this.#drop(call.id);
    const withdrawn = new AbortController();
    this.#asked.set(requestId, withdrawn);
    const decision = await this.#options.turn.ask(call, { withdrawn: withdrawn.signal });
    this.#asked.delete(requestId);
    // After an interrupt nobody waits for the answer.
    if (decision.kind !== 'cancelled') this.#options.reply(requestId, answerTo(decision, call.input));
  }

  withdraw(requestId: string): void {
    this.#asked.get(requestId)?.abort();
  }

  finish(callId: string, outcome: ToolOutcome): void {
    this.#release(callId);
    this.#options.turn.finish(callId, outcome);
  }

  /** The turn is over. */
  close(): void {
    for (const id of this.#held.keys()) this.#drop(id);
  }

  #release(callId: string): void {
    const held = this.#held.get(callId);
    if (held === undefined) return;
    this.#drop(callId);
    this.#options.turn.running(held.call);
  }

  #drop(callId: string): void {
    clearTimeout(this.#held.get(callId)?.timer);
    this.#held.delete(callId);
  }
}

function answerTo(decision: Exclude<Decision, { kind: 'cancelled' }>, input: Json): object {
  if (decision.kind === 'approved') return { behavior: 'allow', updatedInput: input };
  const message = decision.reason ? `The user rejected this: ${decision.reason}` : 'The user rejected this.';
  return { behavior: 'deny', message };
}
