import type { SavedSession } from '../../lib/session-file.ts';
import type { Turn, TurnEnd } from '../provider.ts';
import type { ClaudeExit, ClaudeProcess } from './claude-process.ts';
import { failureOfExit, failureOfResult, isUnknownSession, type Failure } from './failure.ts';
import type { ClaudeMessage, ClaudeResult } from './message.ts';
import { ToolCalls } from './tool-calls.ts';
import { freshTurn, translate, type ClaudeEffect, type ClaudeTurn } from './translate.ts';
import { usageOfTurn } from './usage.ts';

/** How long an interrupt may take; then the program is ended, and the next prompt resumes its session in a new one. */
const interruptMs = 5000;

export type ClaudeTurnEnd = { readonly kind: 'ended'; readonly end: TurnEnd } | { readonly kind: 'unknownSession' };

type TurnUnderWayOptions = {
  readonly turn: Turn;
  readonly process: Pick<ClaudeProcess, 'send' | 'stop' | 'pauseUntil'>;
  /** False in a mode in which nothing is asked. */
  readonly mayAsk: boolean;
  /** What the session had cost before. */
  readonly costMicros: number;
  /** What is to be remembered of the vendor's session has changed. */
  readonly onSession: (change: Partial<SavedSession>) => void;
};

/** One prompt in a running `claude`: messages in, words of the turn out. */
export class TurnUnderWay {
  readonly ended: Promise<ClaudeTurnEnd>;
  readonly #options: TurnUnderWayOptions;
  readonly #calls: ToolCalls;
  readonly #blocks = new Map<string, string>();
  #state: ClaudeTurn = freshTurn;
  #hasSpoken = false;
  #killTimer: NodeJS.Timeout | undefined;
  #resolve: (end: ClaudeTurnEnd) => void = () => undefined;

  constructor(options: TurnUnderWayOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#calls = new ToolCalls({
      turn: options.turn,
      mayAsk: options.mayAsk,
      reply: (requestId, response) => {
        const answer = { subtype: 'success', request_id: requestId, response };
        options.process.send({ type: 'control_response', response: answer });
      },
    });
    options.turn.signal.addEventListener('abort', this.#interrupt, { once: true });
  }

  receive(message: ClaudeMessage): void {
    const step = translate(this.#state, message);
    this.#state = step.turn;
    for (const effect of step.effects) this.#carryOut(effect);
    const { turn, process } = this.#options;
    if (turn.isFull) process.pauseUntil(turn.drained());
  }

  /** The program has gone. */
  exit(exit: ClaudeExit): void {
    if (this.#options.turn.signal.aborted) this.#end('aborted', undefined, undefined);
    else this.#end('error', undefined, failureOfExit(exit, this.#hasSpoken));
  }

  #carryOut(effect: ClaudeEffect): void {
    const { turn } = this.#options;
    switch (effect.kind) {
      case 'delta':
        return turn.delta(effect.as, this.#block(effect.key), effect.content);
      case 'whole':
        return turn.whole(effect.as, this.#block(effect.key), effect.content);
      case 'supersede':
        turn.supersede(this.#block(effect.key));
        // Should the key come again, it is another block.
        return void this.#blocks.delete(effect.key);
      case 'notice':
        return turn.notice(effect.code, effect.content);
      case 'call':
        return this.#calls.begin(effect.call);
      case 'ask':
        return void this.#calls.ask(effect.requestId, effect.call);
      case 'withdraw':
        return this.#calls.withdraw(effect.requestId);
      case 'finish':
        // What an interrupt ends is said to be rejected, even when it ran: the end of the turn says better what became of it.
        if (turn.signal.aborted && effect.outcome.error !== undefined) return undefined;
        return this.#calls.finish(effect.toolId, effect.outcome);
      case 'session':
        this.#hasSpoken = true;
        return this.#options.onSession({ sessionId: effect.sessionId });
      case 'refused':
        if (!effect.requestId.startsWith('settings-')) return undefined;
        return turn.notice('settings_refused', `Claude Code did not take a setting: ${effect.why}`);
      case 'end':
        return this.#finish(effect.result);
    }
  }

  #block(key: string): string {
    const known = this.#blocks.get(key);
    if (known !== undefined) return known;
    const block = this.#options.turn.newBlock();
    this.#blocks.set(key, block);
    return block;
  }

  #finish(result: ClaudeResult): void {
    if (!this.#hasSpoken && isUnknownSession(result)) {
      this.#close();
      return this.#resolve({ kind: 'unknownSession' });
    }
    const wasAborted = result.isError && (result.wasAborted || this.#options.turn.signal.aborted);
    if (wasAborted) this.#end('aborted', result, undefined);
    else if (result.isError) this.#end('error', result, failureOfResult(result));
    else this.#end('completed', result, undefined);
  }

  #end(reason: TurnEnd['reason'], result: ClaudeResult | undefined, failure: Failure | undefined): void {
    const { turn, costMicros, onSession } = this.#options;
    this.#close();
    if (failure !== undefined) turn.error(failure.code, failure.sentence);
    const { usage, costAfterMicros } = usageOfTurn(this.#state.counts, result, costMicros);
    if (result !== undefined) onSession({ costMicros: costAfterMicros });
    const isUsed = result !== undefined || this.#state.counts.size > 0;
    this.#resolve({ kind: 'ended', end: isUsed ? { reason, usage } : { reason } });
  }

  #close(): void {
    clearTimeout(this.#killTimer);
    this.#options.turn.signal.removeEventListener('abort', this.#interrupt);
    this.#calls.close();
  }

  readonly #interrupt = (): void => {
    const { process } = this.#options;
    process.send({ type: 'control_request', request_id: 'interrupt', request: { subtype: 'interrupt' } });
    this.#killTimer = setTimeout(() => void process.stop(), interruptMs);
  };
}
