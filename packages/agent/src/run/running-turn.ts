import type { AgentLine, ErrorCode, Usage } from '@holdfast/protocol';
import type { Decision, ToolCall, ToolOutcome, Turn } from '../agents/provider.ts';
import { fitLine } from './fit-line.ts';
import type { LineWriter } from './line-writer.ts';
import {
  beginTurn,
  stepTurn,
  waitsFor,
  type TurnEvent,
  type TurnLimits,
  type TurnState,
  type TurnStep,
} from './turn.ts';

export type TurnClock = {
  now(): number;
  /** Calls back once after so many milliseconds; returns how to prevent it. */
  after(ms: number, callback: () => void): () => void;
};

type RunningTurnOptions = {
  readonly limits: TurnLimits;
  readonly writer: LineWriter;
  readonly clock: TurnClock;
  readonly newBlock: () => string;
  /** The agent did not stop in time; `done` is written. */
  readonly onStuck: () => void;
};

/** Longer content may not fit into one line and takes the careful way. */
const shortCharacters = 64 * 1024;

/** One turn under way: what the provider says becomes lines, and what happens becomes effects of the pure machine. */
export class RunningTurn implements Turn {
  readonly #options: RunningTurnOptions;
  readonly #abort = new AbortController();
  readonly #answers = new Map<string, (decision: Decision) => void>();
  #state: TurnState;
  #cancelTimer: (() => void) | undefined;
  #block = '';
  #head = '';

  constructor(options: RunningTurnOptions) {
    this.#options = options;
    const begun = beginTurn(options.limits, options.clock.now());
    this.#state = begun.state;
    this.#carryOut(begun);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isFull(): boolean {
    return this.#options.writer.isFull;
  }

  /** A person's word, or the end of the turn from outside. False when nothing waits for it. */
  decide(toolId: string, decision: Decision): boolean {
    if (!waitsFor(this.#state, toolId)) return false;
    this.#step({ kind: 'decided', toolId, decision });
    return true;
  }

  abort(): void {
    this.#step({ kind: 'abort' });
  }

  end(reason: 'completed' | 'aborted' | 'error', usage?: Usage): void {
    this.#step({ kind: 'ended', reason, ...(usage === undefined ? {} : { usage }) });
  }

  newBlock(): string {
    return this.#options.newBlock();
  }

  delta(kind: 'text' | 'thinking', block: string, content: string): void {
    if (this.#state.kind === 'over') return;
    if (content.length > shortCharacters) return this.#text(kind, block, content, true);
    // The hot path: only the content is new from one delta to the next.
    if (block !== this.#block) {
      this.#block = block;
      this.#head = `","agent":${JSON.stringify(this.#options.limits.agent)},"streaming":true,"block":${JSON.stringify(block)},"content":`;
    }
    this.#options.writer.write(`{"type":"${kind}${this.#head}${JSON.stringify(content)}}`);
  }

  whole(kind: 'text' | 'thinking', block: string, content: string): void {
    this.#text(kind, block, content, false);
  }

  supersede(block: string): void {
    this.#write({ type: 'superseded', agent: this.#options.limits.agent, block });
  }

  notice(code: string, content: string): void {
    this.#write({ type: 'notice', agent: this.#options.limits.agent, code, content });
  }

  error(code: ErrorCode, sentence: string): void {
    this.#write({ type: 'error', agent: this.#options.limits.agent, error: sentence, code });
  }

  running(call: ToolCall): void {
    this.#step({ kind: 'running', call });
  }

  ask(call: ToolCall, options: { readonly withdrawn?: AbortSignal } = {}): Promise<Decision> {
    if (this.#state.kind === 'over') return Promise.resolve({ kind: 'cancelled' });
    return new Promise((resolve) => {
      this.#answers.set(call.id, resolve);
      this.#step({ kind: 'asked', call });
      options.withdrawn?.addEventListener('abort', () => this.decide(call.id, { kind: 'cancelled' }), { once: true });
    });
  }

  finish(callId: string, outcome: ToolOutcome): void {
    this.#step({ kind: 'finished', toolId: callId, outcome });
  }

  drained(): Promise<void> {
    return this.#options.writer.drained();
  }

  #text(type: 'text' | 'thinking', block: string, content: string, streaming: boolean): void {
    this.#write({ type, agent: this.#options.limits.agent, content, streaming, block });
  }

  #write(line: AgentLine): void {
    if (this.#state.kind === 'over') return;
    this.#put(line);
  }

  #put(line: AgentLine): void {
    for (const json of fitLine(line)) this.#options.writer.write(json);
  }

  #step(event: TurnEvent): void {
    const step = stepTurn(this.#state, event, this.#options.limits, this.#options.clock.now());
    this.#state = step.state;
    this.#carryOut(step);
  }

  #carryOut({ effects }: TurnStep): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'write':
          this.#put(effect.line);
          break;
        case 'answer':
          this.#answers.get(effect.toolId)?.(effect.decision);
          this.#answers.delete(effect.toolId);
          break;
        case 'stop':
          this.#abort.abort();
          break;
        case 'timer':
          this.#setTimer(effect.afterMs);
          break;
        case 'leave':
          this.#options.onStuck();
          break;
      }
    }
  }

  #setTimer(afterMs: number | undefined): void {
    this.#cancelTimer?.();
    this.#cancelTimer =
      afterMs === undefined ? undefined : this.#options.clock.after(afterMs, () => this.#step({ kind: 'timer' }));
  }
}
