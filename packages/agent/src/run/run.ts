import { HoldfastError, parseClientMessage, type ClientMessage, type PromptMessage } from '@holdfast/protocol';
import type { AgentProvider, ProviderOptions } from '../agents/provider.ts';
import { fitLine } from './fit-line.ts';
import type { LineWriter } from './line-writer.ts';
import { RunningTurn, type TurnClock } from './running-turn.ts';

/** The gateway lets 100 wait (docs/protocol.md 4.3); more means that nobody upstream counts. */
const maxQueued = 1000;
/** The runner kills after 10 s (docs/protocol.md 7.7); a second before that the end of the turn is ours to tell. */
const graceMs = 9000;

export type RunOptions = {
  readonly agent: string;
  readonly provider: AgentProvider;
  readonly writer: LineWriter;
  readonly clock: TurnClock;
  readonly timeoutMs: number;
  readonly log: ProviderOptions['log'];
  readonly newBlock: () => string;
  /** The agent hangs: everything is written, the process must go. */
  readonly onStuck: () => void;
};

/** The loop of `holdfast-agent run` (docs/protocol.md section 6): commands in, turns one after the other. */
export class Run {
  readonly #options: RunOptions;
  readonly #queue: PromptMessage[] = [];
  #turn: RunningTurn | undefined;
  #turnEnded: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
  }

  /** Takes one line of input. */
  receive(text: string): void {
    if (this.#closed !== undefined) return;
    const parsed = parseClientMessage(text);
    if (parsed.ok) this.#carryOut(parsed.message);
    else this.#refuse('bad_message', parsed.error, parsed.id);
  }

  /** Something that is no message at all came in. */
  refuseInput(sentence: string): void {
    this.#refuse('bad_message', sentence);
  }

  /** End of input: stops the turn that runs, writes its `done` and one for each prompt that waits, ends the agent. Twice is fine. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const notBegun = this.#queue.splice(0);
    this.#turn?.abort();
    await this.#turnEnded;
    for (let left = notBegun.length; left > 0; left -= 1) {
      this.#options.writer.write(JSON.stringify({ type: 'done', agent: this.#options.agent, reason: 'aborted' }));
    }
    await this.#options.provider.close();
  }

  #carryOut(message: ClientMessage): void {
    switch (message.type) {
      case 'prompt':
        return this.#enqueue(message);
      case 'approve':
        return this.#decide(message.toolId, { kind: 'approved' });
      case 'reject':
        return this.#decide(message.toolId, {
          kind: 'rejected',
          ...(message.reason === undefined ? {} : { reason: message.reason }),
        });
      case 'abort':
        return this.#turn?.abort();
      case 'settings':
        return this.#options.provider.applySettings(message.settings);
    }
  }

  #enqueue(prompt: PromptMessage): void {
    if (this.#queue.length >= maxQueued) {
      return this.#refuse('unavailable', `${maxQueued} prompts wait already; send it again later.`, prompt.id);
    }
    this.#queue.push(prompt);
    if (this.#turn === undefined) this.#next();
  }

  #decide(toolId: string, decision: Parameters<RunningTurn['decide']>[1]): void {
    const taken = this.#turn?.decide(toolId, decision) ?? false;
    if (!taken) this.#options.log('info', 'a decision about a call that does not wait was ignored', { toolId });
  }

  #next(): void {
    const prompt = this.#queue.shift();
    if (prompt === undefined) return;
    const { agent, timeoutMs, writer, clock, newBlock, onStuck } = this.#options;
    const turn = new RunningTurn({ limits: { agent, timeoutMs, graceMs }, writer, clock, newBlock, onStuck });
    this.#turn = turn;
    this.#turnEnded = this.#carryOutPrompt(prompt, turn).then(() => {
      this.#turn = undefined;
      this.#next();
    });
  }

  /** Never rejects: a defect of ours ends the turn, not the process. */
  async #carryOutPrompt(prompt: PromptMessage, turn: RunningTurn): Promise<void> {
    try {
      if (prompt.settings !== undefined) this.#options.provider.applySettings(prompt.settings);
      const context = prompt.context === undefined ? {} : { context: prompt.context };
      const end = await this.#options.provider.prompt({ text: prompt.prompt, ...context }, turn);
      turn.end(end.reason, end.usage);
    } catch (thrown) {
      const error = HoldfastError.from(thrown);
      this.#options.log('error', 'the turn failed', { cause: String(thrown instanceof Error ? thrown.stack : thrown) });
      turn.error(error.code, error.message);
      turn.end('error');
    }
  }

  #refuse(code: 'bad_message' | 'unavailable', error: string, id?: PromptMessage['id']): void {
    const own = id === undefined ? {} : { id };
    for (const line of fitLine({ type: 'error', agent: this.#options.agent, error, code, ...own })) {
      this.#options.writer.write(line);
    }
  }
}
